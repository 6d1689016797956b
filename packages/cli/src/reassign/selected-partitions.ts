// Partitions by `orders` or `orders:0,3-5` on a command line.
import type { Cluster, TopicPartition } from '@weir/client'
import { CommandError } from '../errors.ts'
import { findTopics } from '../names.ts'
import { parseTopicSelection } from '../values/key-values.ts'

/** Throws UsageError, and CommandError for what does not exist. */
export async function selectedPartitions(
  cluster: Cluster,
  texts: readonly string[],
): Promise<TopicPartition[]> {
  const selections = texts.map(parseTopicSelection)
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
