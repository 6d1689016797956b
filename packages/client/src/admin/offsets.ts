// Offsets of partitions by time, and deletion of records below an offset.
import { deleteRecordsApi, errorCode, listOffsetsApi } from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import { errorOf } from '../errors.ts'
import {
  groupByTopic,
  type LedPartition,
  type PartitionOutcome,
  sendToLeaders,
  type TopicPartition,
} from '../leaders.ts'

/** What to ask for instead of a time in milliseconds. */
export const OFFSET_LATEST = -1
export const OFFSET_EARLIEST = -2
export const OFFSET_MAX_TIMESTAMP = -3

export interface OffsetQuery extends TopicPartition {
  /** Milliseconds since 1970: the first record at or after it; or one of the constants above. */
  readonly timestamp: number
}

export interface OffsetAnswer {
  /** -1 if there is no such record. */
  readonly offset: number
  readonly timestamp: number
  readonly leaderEpoch: number
}

export type IsolationLevel = 'read_uncommitted' | 'read_committed'

export function isolationCode(level: IsolationLevel | undefined): number {
  return level === 'read_committed' ? 1 : 0
}

/** Outcomes in the order of the queries. */
export async function listOffsets(
  cluster: Cluster,
  queries: readonly OffsetQuery[],
  options: { readonly isolationLevel?: IsolationLevel } = {},
): Promise<PartitionOutcome<OffsetQuery, OffsetAnswer>[]> {
  const isolationLevel = isolationCode(options.isolationLevel)
  // Version 7 knows the largest timestamp; before it the question would be misunderstood.
  const needsV7 = queries.some(query => query.timestamp === OFFSET_MAX_TIMESTAMP)
  return await sendToLeaders(cluster, queries, async (leaderId, partitions) => {
    const body = {
      replicaId: -1,
      isolationLevel,
      timeoutMs: cluster.requestTimeoutMs,
      topics: bodyTopics(partitions, ({ request, info }) => ({
        partitionIndex: request.partition,
        currentLeaderEpoch: info.leaderEpoch,
        timestamp: request.timestamp,
      })),
    }
    const answer = await cluster.request(leaderId, listOffsetsApi, body, {
      minVersion: needsV7 ? 7 : 1,
    })
    const found = new Map<string, OffsetAnswer & { errorCode: number }>()
    for (const topic of answer.topics) {
      for (const partition of topic.partitions) {
        found.set(keyOf(topic.name, partition.partitionIndex), partition)
      }
    }
    return partitions.map(({ request }) => {
      const partition = found.get(keyOf(request.topic, request.partition))
      return outcomeOf(request, partition, partition ?? null)
    })
  })
}

export interface RecordDeletion extends TopicPartition {
  /** The first offset that stays; -1 deletes all below the high watermark. */
  readonly offset: number
}

/** Values are the new low watermarks. */
export async function deleteRecords(
  cluster: Cluster,
  deletions: readonly RecordDeletion[],
): Promise<PartitionOutcome<RecordDeletion, number>[]> {
  return await sendToLeaders(cluster, deletions, async (leaderId, partitions) => {
    const answer = await cluster.request(leaderId, deleteRecordsApi, {
      topics: bodyTopics(partitions, ({ request }) => ({
        partitionIndex: request.partition,
        offset: request.offset,
      })),
      timeoutMs: cluster.requestTimeoutMs,
    })
    const found = new Map<string, { lowWatermark: number; errorCode: number }>()
    for (const topic of answer.topics) {
      for (const partition of topic.partitions) {
        found.set(keyOf(topic.name, partition.partitionIndex), partition)
      }
    }
    return partitions.map(({ request }) => {
      const partition = found.get(keyOf(request.topic, request.partition))
      return outcomeOf(request, partition, partition?.lowWatermark ?? null)
    })
  })
}

function bodyTopics<P extends TopicPartition, B>(
  partitions: readonly LedPartition<P>[],
  body: (partition: LedPartition<P>) => B,
): { name: string; partitions: B[] }[] {
  const items = partitions.map(partition => ({
    topic: partition.request.topic,
    partition: partition.request.partition,
    led: partition,
  }))
  return [...groupByTopic(items)].map(([name, list]) => ({
    name,
    partitions: list.map(item => body(item.led)),
  }))
}

function outcomeOf<P extends TopicPartition, R>(
  request: P,
  answer: { readonly errorCode: number } | undefined,
  value: R | null,
): PartitionOutcome<P, R> {
  const code = answer?.errorCode ?? errorCode('UNKNOWN_SERVER_ERROR')
  const error = errorOf(code, `partition ${request.partition} of topic '${request.topic}'`)
  return { request, value: error === null ? value : null, error }
}

function keyOf(topic: string, partition: number): string {
  return `${partition}/${topic}`
}
