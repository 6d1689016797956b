// Replicas of partitions that move to other brokers.
import {
  alterPartitionReassignmentsApi,
  type KafkaError,
  listPartitionReassignmentsApi,
} from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import { checkCode, errorOf } from '../errors.ts'
import { groupByTopic, type TopicPartition } from '../topic-partition.ts'
import { requestTimed } from './timed-request.ts'

export interface PartitionTarget extends TopicPartition {
  /** Where the replicas shall be, the preferred leader first; null takes a move back. */
  readonly replicas: readonly number[] | null
}

export interface ReassignmentOutcome extends TopicPartition {
  readonly error: KafkaError | null
}

export interface OngoingReassignment extends TopicPartition {
  /** All replicas while it lasts: old and new. */
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

/** Starts moves, or takes them back. Throws KafkaError if the request as a whole is refused. */
export async function alterReassignments(
  cluster: Cluster,
  targets: readonly PartitionTarget[],
): Promise<ReassignmentOutcome[]> {
  const topics = [...groupByTopic(targets)].map(([topic, items]) => ({
    name: topic,
    partitions: items.map(({ partition, replicas }) => ({
      partitionIndex: partition,
      replicas: replicas === null ? null : [...replicas],
    })),
  }))
  const answer = await cluster.retry(async () => {
    const given = await requestTimed(
      cluster,
      'controller',
      alterPartitionReassignmentsApi,
      timeoutMs => {
        return { timeoutMs, topics }
      },
    )
    checkCode(given.errorCode, 'the reassignment', given.errorMessage)
    return given
  })
  return answer.responses.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, errorCode, errorMessage }) => ({
      topic: name,
      partition: partitionIndex,
      error: errorOf(errorCode, `${name}-${partitionIndex}`, errorMessage),
    })),
  )
}

/** Those under way, of these partitions or (null) of all. */
export async function listReassignments(
  cluster: Cluster,
  partitions: readonly TopicPartition[] | null = null,
): Promise<OngoingReassignment[]> {
  const topics =
    partitions === null
      ? null
      : [...groupByTopic(partitions)].map(([topic, items]) => ({
          name: topic,
          partitionIndexes: items.map(item => item.partition),
        }))
  const answer = await cluster.retry(async () => {
    const given = await requestTimed(
      cluster,
      'controller',
      listPartitionReassignmentsApi,
      timeoutMs => {
        return { timeoutMs, topics }
      },
    )
    checkCode(given.errorCode, 'the list of reassignments', given.errorMessage)
    return given
  })
  return answer.topics.flatMap(({ name, partitions: moving }) =>
    moving.map(({ partitionIndex, replicas, addingReplicas, removingReplicas }) => ({
      topic: name,
      partition: partitionIndex,
      replicas,
      addingReplicas,
      removingReplicas,
    })),
  )
}
