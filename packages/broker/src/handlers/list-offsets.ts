// ListOffsets, versions 1-11: latest, earliest, largest timestamp (v7), earliest local (v8), latest
// tiered (v9) and earliest pending upload (v11), of which the last two are -1 without tiered storage.
// Difference from Kafka: a replica id in the request is not believed, it asks as a consumer does:
// followers of Weir never need the end of the log that way.

import { DiskError } from '@weir/core'
import {
  type ErrorName,
  errorCode,
  type ListOffsetsRequest,
  type ListOffsetsResponseInit,
} from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { ReadView } from '../partition/partition-types.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { missingPartitionError } from './partition-lookup.ts'

const LATEST = -1
const EARLIEST = -2
const MAX_TIMESTAMP = -3
const EARLIEST_LOCAL = -4
const LATEST_TIERED = -5
const EARLIEST_PENDING_UPLOAD = -6

/** The special timestamps with the first version that knows each. */
const SPECIAL_MIN_VERSIONS = new Map([
  [LATEST, 1],
  [EARLIEST, 1],
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [LATEST_TIERED, 9],
  [EARLIEST_PENDING_UPLOAD, 11],
])

const LEADER_EPOCH_MIN_VERSION = 4
/** Before it a client does not know OFFSET_NOT_AVAILABLE. */
const OFFSET_NOT_AVAILABLE_MIN_VERSION = 5

type RequestPartition = ListOffsetsRequest['topics'][number]['partitions'][number]

interface Answer {
  readonly partitionIndex: number
  readonly errorCode: number
  readonly timestamp: number
  readonly offset: number
  readonly leaderEpoch: number
}

export async function handleListOffsets(
  services: Services,
  context: RequestContext,
  request: ListOffsetsRequest,
): Promise<ListOffsetsResponseInit> {
  const view: ReadView = request.isolationLevel === 1 ? 'committed' : 'uncommitted'
  const topics: { name: string; partitions: Answer[] }[] = []
  for (const { name, partitions } of request.topics) {
    const seen = new Set<number>()
    const answers: Answer[] = []
    for (const asked of partitions) {
      const index = asked.partitionIndex
      if (seen.has(index)) {
        answers.push(refused(index, 'INVALID_REQUEST'))
        continue
      }
      seen.add(index)
      const partition = services.replicaManager.getPartition(name, index)
      if (partition === undefined) {
        const error = missingPartitionError(services, { name, topicId: '' }, index)
        answers.push(refused(index, error))
      } else {
        const found = await lookUp(services, partition, asked, {
          view,
          version: context.apiVersion,
        })
        // Older versions have no place for the epoch.
        answers.push(
          context.apiVersion < LEADER_EPOCH_MIN_VERSION ? { ...found, leaderEpoch: -1 } : found,
        )
      }
    }
    topics.push({ name, partitions: answers })
  }
  return { topics }
}

interface Lookup {
  readonly view: ReadView
  readonly version: number
}

/** What the disk does not tell is told of that partition only. */
async function lookUp(
  { env }: Services,
  partition: Partition,
  asked: RequestPartition,
  lookup: Lookup,
): Promise<Answer> {
  try {
    return await answer(partition, asked, lookup)
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    const { topic, partitionIndex } = partition
    env.log.error('an offset could not be looked up', { topic, partitionIndex, error })
    return refused(partitionIndex, 'KAFKA_STORAGE_ERROR')
  }
}

async function answer(
  partition: Partition,
  asked: RequestPartition,
  { view, version }: Lookup,
): Promise<Answer> {
  const index = asked.partitionIndex
  const { timestamp } = asked
  if (timestamp < 0 && version < (SPECIAL_MIN_VERSIONS.get(timestamp) ?? Infinity)) {
    return refused(index, 'UNSUPPORTED_VERSION')
  }
  const refusal = partition.checkLeader(asked.currentLeaderEpoch)
  if (refusal !== null) return refused(index, refusal)
  if (!partition.knowsEndOffset && timestamp !== EARLIEST && timestamp !== EARLIEST_LOCAL) {
    const isKnown = version >= OFFSET_NOT_AVAILABLE_MIN_VERSION
    return refused(index, isKnown ? 'OFFSET_NOT_AVAILABLE' : 'LEADER_NOT_AVAILABLE')
  }
  const { log } = partition
  switch (timestamp) {
    case LATEST:
      return found(index, partition.endOffsetOf(view), -1, log.latestEpoch)
    case EARLIEST:
    case EARLIEST_LOCAL:
      return found(index, log.logStartOffset, -1, log.epochForOffset(log.logStartOffset))
    case LATEST_TIERED:
    case EARLIEST_PENDING_UPLOAD:
      return found(index, -1, -1, -1)
    default: {
      const hit =
        timestamp === MAX_TIMESTAMP
          ? await log.offsetOfMaxTimestamp()
          : await log.offsetForTimestamp(timestamp)
      if (hit === null || hit.offset >= partition.endOffsetOf(view)) return found(index, -1, -1, -1)
      return found(index, hit.offset, hit.timestamp, hit.leaderEpoch)
    }
  }
}

function found(
  partitionIndex: number,
  offset: number,
  timestamp: number,
  leaderEpoch: number,
): Answer {
  return { partitionIndex, errorCode: 0, offset, timestamp, leaderEpoch }
}

function refused(partitionIndex: number, error: ErrorName): Answer {
  return { ...found(partitionIndex, -1, -1, -1), errorCode: errorCode(error) }
}
