// Elections of partition leaders on request.
import { electLeadersApi, type KafkaError } from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import { checkCode, errorOf } from '../errors.ts'
import { groupByTopic, type TopicPartition } from '../topic-partition.ts'
import { requestTimed } from './timed-request.ts'

/** Unclean: a replica that is not in sync may lead where no other is left, and records are lost. */
export type ElectionType = 'preferred' | 'unclean'

const ELECTION_TYPES: Readonly<Record<ElectionType, number>> = { preferred: 0, unclean: 1 }

export interface ElectionOutcome extends TopicPartition {
  /** ELECTION_NOT_NEEDED where the right one leads already. */
  readonly error: KafkaError | null
}

/** Null: all partitions; only those that needed an election, or could not have it, are answered then. */
export async function electLeaders(
  cluster: Cluster,
  type: ElectionType,
  partitions: readonly TopicPartition[] | null,
): Promise<ElectionOutcome[]> {
  const topicPartitions =
    partitions === null
      ? null
      : [...groupByTopic(partitions)].map(([topic, items]) => ({
          topic,
          partitions: items.map(item => item.partition),
        }))
  const answer = await cluster.retry(async () => {
    const given = await requestTimed(
      cluster,
      'controller',
      electLeadersApi,
      (timeoutMs, version) => ({
        ...(version >= 1 ? { electionType: ELECTION_TYPES[type] } : {}),
        topicPartitions,
        timeoutMs,
      }),
    )
    checkCode(given.errorCode, 'the election')
    return given
  })
  return answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map(({ partitionId, errorCode, errorMessage }) => ({
      topic,
      partition: partitionId,
      error: errorOf(errorCode, `${topic}-${partitionId}`, errorMessage),
    })),
  )
}
