// Partitions by `orders` or `orders:0,3-5` on a command line.
import type { Cluster, TopicPartition } from '@weir/client'
import { CommandError, UsageError } from './errors.ts'
import { findTopics } from './names.ts'
import { parseTopicSelection, type TopicSelection } from './values/key-values.ts'

/** The selections of a command that takes topics or --all; null is all. Throws UsageError. */
export function topicsOrAll(args: {
  readonly all: boolean
  readonly topics: readonly string[]
}): TopicSelection[] | null {
  if (args.all === args.topics.length > 0) throw new UsageError('say which topics, or --all')
  return args.all ? null : args.topics.map(parseTopicSelection)
}

/** Throws CommandError for what does not exist. */
export async function selectedPartitions(
  cluster: Cluster,
  selections: readonly TopicSelection[],
): Promise<TopicPartition[]> {
  const topics = await findTopics(
    cluster,
    selections.map(selection => selection.topic),
  )
  return topics.flatMap((topic, index) => {
    const all = topic.partitions.map(partition => partition.partitionIndex)
    const chosen = selections[index]?.partitions ?? all
    const unknown = chosen.find(partition => !all.includes(partition))
    if (unknown !== undefined) {
      throw new CommandError(
        `topic '${topic.name}' has ${all.length} partitions, and none is number ${unknown}`,
      )
    }
    return chosen.map(partition => ({ topic: topic.name, partition }))
  })
}
