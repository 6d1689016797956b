// Offsets of partitions by time, and deletion of records below an offset.
import { deleteRecordsApi, errorCode, listOffsetsApi } from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import { errorOf } from '../errors.ts'
import { type LedPartition, type PartitionOutcome, sendToLeaders } from '../leaders.ts'
import { groupByTopic, partitionKey, type TopicPartition } from '../topic-partition.ts'
import { requestTimed } from './timed-request.ts'

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
    return outcomesOf(partitions, answer.topics, partition => partition)
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
    const topics = bodyTopics(partitions, ({ request }) => ({
      partitionIndex: request.partition,
      offset: request.offset,
    }))
    const answer = await requestTimed(cluster, leaderId, deleteRecordsApi, timeoutMs => {
      return { topics, timeoutMs }
    })
    return outcomesOf(partitions, answer.topics, partition => partition.lowWatermark)
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

interface AnsweredPartition {
  readonly partitionIndex: number
  readonly errorCode: number
}

interface AnsweredTopic<A> {
  readonly name: string
  readonly partitions: readonly A[]
}

function outcomesOf<P extends TopicPartition, A extends AnsweredPartition, R>(
  partitions: readonly LedPartition<P>[],
  topics: readonly AnsweredTopic<A>[],
  read: (partition: A) => R,
): PartitionOutcome<P, R>[] {
  const found = new Map<string, A>()
  for (const { name, partitions: answered } of topics) {
    for (const partition of answered) {
      found.set(partitionKey({ topic: name, partition: partition.partitionIndex }), partition)
    }
  }
  return partitions.map(({ request }) => {
    const partition = found.get(partitionKey(request))
    const code = partition?.errorCode ?? errorCode('UNKNOWN_SERVER_ERROR')
    const error = errorOf(code, `partition ${request.partition} of topic '${request.topic}'`)
    const value = partition === undefined || error !== null ? null : read(partition)
    return { request, value, error }
  })
}
