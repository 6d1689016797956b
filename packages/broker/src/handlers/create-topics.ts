// CreateTopics, versions 2-7.
// v5 tells the partitions, replicas and settings of the new topic; v6 knows throttling errors; v7 tells
// the topic id.
// Difference from Kafka: none known. Many partitions are decided topic after topic, so that the controller
// does other work in between; as in Kafka, a client whose controller is lost meanwhile finds some of them
// when it asks again.

import type { CreatedTopic } from '@weir/controller'
import { ZERO_UUID } from '@weir/core'
import {
  type CreateTopicsRequest,
  type CreateTopicsResponseInit,
  errorCode,
  errorText,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'
import { sourceCode, topicEntries } from './config-description.ts'

type Result = CreateTopicsResponseInit['topics'][number]
type RequestTopic = CreateTopicsRequest['topics'][number]

/** Partitions that are created by one decision, unless they are of one topic: some 5 ms on every node. */
const PARTITIONS_A_DECISION = 500
/** More than a request may create is refused as a whole, by the controller. */
const MAX_PARTITIONS = 10_000
/** First version whose answer describes the topic. */
const DESCRIBES_VERSION = 5

export async function handleCreateTopics(
  services: ControlServices,
  context: RequestContext,
  request: CreateTopicsRequest,
): Promise<CreateTopicsResponseInit> {
  const results: CreatedTopic[] = []
  for (const part of inParts(request.topics)) {
    const topics = part.map(topic => ({
      name: topic.name,
      partitionCount: topic.numPartitions,
      replicationFactor: topic.replicationFactor,
      assignments: topic.assignments,
      configs: topic.configs,
    }))
    const created = await services.controller.submit(active =>
      active.topics.createTopics(topics, request.validateOnly),
    )
    results.push(...created)
  }
  const wanted = new Map(request.topics.map(topic => [topic.name, topic]))
  const topics = results.map(({ name, error, message, ...created }): Result => {
    if (error !== 'NONE') {
      const errorMessage = message ?? errorText(error)
      return { name, topicId: ZERO_UUID, errorCode: errorCode(error), errorMessage, configs: null }
    }
    const topic = wanted.get(name)
    const isDescribed = context.apiVersion >= DESCRIBES_VERSION && topic !== undefined
    return {
      name,
      topicId: created.topicId,
      errorCode: 0,
      errorMessage: null,
      numPartitions: created.partitionCount,
      replicationFactor: created.replicationFactor,
      configs: isDescribed ? describe(services, topic) : [],
    }
  })
  return { topics }
}

/** All at once what is small, or what the controller has to see as a whole to refuse it. */
function inParts(topics: readonly RequestTopic[]): (readonly RequestTopic[])[] {
  const total = topics.reduce((sum, topic) => sum + partitionsOf(topic), 0)
  const hasTwins = new Set(topics.map(topic => topic.name)).size < topics.length
  if (total <= PARTITIONS_A_DECISION || total > MAX_PARTITIONS || hasTwins) return [topics]
  const parts: RequestTopic[][] = []
  let room = 0
  for (const topic of topics) {
    const last = parts[parts.length - 1]
    const count = partitionsOf(topic)
    if (last === undefined || count > room) {
      parts.push([topic])
      room = PARTITIONS_A_DECISION - count
    } else {
      last.push(topic)
      room -= count
    }
  }
  return parts
}

function partitionsOf(topic: RequestTopic): number {
  return Math.max(1, topic.numPartitions, topic.assignments.length)
}

export function failCreateTopics(
  request: CreateTopicsRequest,
  error: KafkaFailure,
): CreateTopicsResponseInit {
  return {
    topics: request.topics.map(({ name }) => ({
      name,
      errorCode: error.errorCode,
      errorMessage: error.message,
      configs: null,
    })),
  }
}

function describe(services: ControlServices, topic: RequestTopic): NonNullable<Result['configs']> {
  const overrides = new Map<string, string>()
  for (const { name, value } of topic.configs) if (value !== null) overrides.set(name, value)
  return topicEntries(services, topic.name, overrides).map(entry => ({
    name: entry.name,
    value: entry.value,
    readOnly: entry.isReadOnly,
    configSource: sourceCode(entry.source),
    isSensitive: entry.isSensitive,
  }))
}
