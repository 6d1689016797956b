// DescribeTopicPartitions, version 0.
// Topics in order of their names, page by page: at most a limit of partitions, then a cursor.
// Difference from Kafka: none known.

import { isInternalTopic, type TopicImage } from '@weir/controller'
import { ZERO_UUID } from '@weir/core'
import {
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponseInit,
  errorCode,
  KafkaError,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { HandlerResult, RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { TOPIC_OPERATIONS } from './authorized-operations.ts'
import { fromFreshMetadata } from './fresh-metadata.ts'
import { describePartition, missingTopicError } from './topic-description.ts'

type TopicEntry = DescribeTopicPartitionsResponseInit['topics'][number]
type Cursor = DescribeTopicPartitionsRequest['cursor']

export function handleDescribeTopicPartitions(
  services: Services,
  _context: RequestContext,
  request: DescribeTopicPartitionsRequest,
): HandlerResult<DescribeTopicPartitionsResponseInit> {
  const { topics } = request
  const isCovered =
    topics.length > 0 && topics.every(({ name }) => services.metadata.topic(name) !== undefined)
  const answer = () => describePage(services, request)
  return isCovered ? answer() : fromFreshMetadata(services, answer)
}

function describePage(
  services: Services,
  request: DescribeTopicPartitionsRequest,
): DescribeTopicPartitionsResponseInit {
  const { cursor } = request
  if (cursor !== null && cursor.partitionIndex < 0) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `DescribeTopicPartitionsRequest cursor partition must be valid: ${cursor.partitionIndex}`,
    )
  }
  const isAll = request.topics.length === 0
  const names = namesFrom(services, request)
  const serverLimit = services.settings.get('max.request.partition.size.limit')
  let left = Math.max(1, Math.min(request.responsePartitionLimit, serverLimit))
  const topics: TopicEntry[] = []
  for (const name of names) {
    const topic = services.metadata.topic(name)
    if (topic === undefined) {
      if (!isAll) topics.push(missing(name))
      continue
    }
    const start = cursor?.topicName === name ? cursor.partitionIndex : 0
    if (left === 0) return { topics, nextCursor: { topicName: name, partitionIndex: start } }
    const end = Math.min(topic.partitions.length, start + left)
    topics.push(describe(services, topic, start, end))
    left -= Math.max(0, end - start)
    if (end < topic.partitions.length) {
      return { topics, nextCursor: { topicName: name, partitionIndex: end } }
    }
  }
  return { topics, nextCursor: null }
}

export function failDescribeTopicPartitions(
  request: DescribeTopicPartitionsRequest,
  error: KafkaFailure,
): DescribeTopicPartitionsResponseInit {
  const topics = request.topics.map(({ name }) => ({
    errorCode: error.errorCode,
    name,
    topicId: ZERO_UUID,
    partitions: [],
  }))
  return { topics }
}

/** Sorted, from the cursor's topic on. */
function namesFrom(services: Services, request: DescribeTopicPartitionsRequest): string[] {
  const { cursor } = request
  const asked = new Set(request.topics.map(topic => topic.name))
  const isAll = asked.size === 0
  if (cursor !== null && !isAll && !asked.has(cursor.topicName)) {
    throw new KafkaError(
      'INVALID_REQUEST',
      `DescribeTopicPartitionsRequest topic list should contain the cursor topic: ${cursor.topicName}`,
    )
  }
  const all = isAll ? [...services.metadata.topics].map(topic => topic.name) : [...asked]
  return all.filter(name => isAtOrAfter(name, cursor)).sort()
}

function isAtOrAfter(name: string, cursor: Cursor): boolean {
  return cursor === null || name >= cursor.topicName
}

function describe(services: Services, topic: TopicImage, start: number, end: number): TopicEntry {
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.slice(start, end).map(partition => ({
      ...describePartition(services, partition),
      eligibleLeaderReplicas: partition.elr,
      lastKnownElr: partition.lastKnownElr,
    })),
    topicAuthorizedOperations: TOPIC_OPERATIONS,
  }
}

function missing(name: string): TopicEntry {
  return {
    errorCode: errorCode(missingTopicError(name)),
    name,
    topicId: ZERO_UUID,
    isInternal: isInternalTopic(name),
    partitions: [],
  }
}
