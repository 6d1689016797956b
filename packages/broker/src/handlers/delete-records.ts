// DeleteRecords, versions 0-2: moves the start of the log up; -1 is the high watermark. Answered when all
// live replicas have moved theirs, or with REQUEST_TIMED_OUT: it is done here then, and followers follow.
// Difference from Kafka: none known.

import { isInternalTopic } from '@weir/controller'
import {
  type DeleteRecordsRequest,
  type DeleteRecordsResponseInit,
  type ErrorName,
  errorCode,
} from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { missingPartitionError } from './partition-lookup.ts'

/** As an offset: all that is committed. */
const HIGH_WATERMARK = -1

interface Answer {
  readonly partitionIndex: number
  readonly lowWatermark: number
  readonly errorCode: number
}

export async function handleDeleteRecords(
  services: Services,
  _context: RequestContext,
  request: DeleteRecordsRequest,
): Promise<DeleteRecordsResponseInit> {
  const topics = [...offsetsOf(request)].map(async ([name, partitions]) => ({
    name,
    partitions: await Promise.all(
      [...partitions].map(async ([partitionIndex, offset]): Promise<Answer> => {
        const partition = services.replicaManager.getPartition(name, partitionIndex)
        if (partition === undefined) {
          const topic = { name, topicId: '' }
          return refused(partitionIndex, missingPartitionError(services, topic, partitionIndex))
        }
        return await deleteRecords(services, partition, { offset, timeoutMs: request.timeoutMs })
      }),
    ),
  }))
  return { topics: await Promise.all(topics) }
}

/** By topic and partition. Of one that is named again the last offset counts, as in Kafka. */
function offsetsOf(request: DeleteRecordsRequest): Map<string, Map<number, number>> {
  const offsets = new Map<string, Map<number, number>>()
  for (const { name, partitions } of request.topics) {
    const ofTopic = offsets.get(name) ?? new Map<number, number>()
    offsets.set(name, ofTopic)
    for (const { partitionIndex, offset } of partitions) ofTopic.set(partitionIndex, offset)
  }
  return offsets
}

async function deleteRecords(
  services: Services,
  partition: Partition,
  asked: { readonly offset: number; readonly timeoutMs: number },
): Promise<Answer> {
  const { partitionIndex, log } = partition
  if (isInternalTopic(partition.topic)) return refused(partitionIndex, 'INVALID_TOPIC_EXCEPTION')
  const refusal = partition.checkLeader(-1)
  if (refusal !== null) return refused(partitionIndex, refusal)
  if (!log.config.cleanupDelete) return refused(partitionIndex, 'POLICY_VIOLATION')
  const offset = asked.offset === HIGH_WATERMARK ? partition.highWatermark : asked.offset
  if (offset < 0 || offset > partition.highWatermark) {
    return refused(partitionIndex, 'OFFSET_OUT_OF_RANGE')
  }
  try {
    if (offset > log.logStartOffset) {
      await log.advanceLogStartOffset(offset)
      partition.onLogStartOffset()
    }
  } catch (error) {
    const fields = { topic: partition.topic, partitionIndex, error }
    services.env.log.error('records could not be deleted', fields)
    return refused(partitionIndex, 'KAFKA_STORAGE_ERROR')
  }
  const error = await partition.lowWatermark.wait(offset, asked.timeoutMs)
  if (error !== null) return refused(partitionIndex, error)
  return { partitionIndex, lowWatermark: partition.lowWatermark.offset, errorCode: 0 }
}

function refused(partitionIndex: number, error: ErrorName): Answer {
  return { partitionIndex, lowWatermark: -1, errorCode: errorCode(error) }
}
