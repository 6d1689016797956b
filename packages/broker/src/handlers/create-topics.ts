// CreateTopics, versions 2-7.
// v5 tells the partitions, replicas and settings of the new topic; v6 knows throttling errors; v7 tells
// the topic id.
// Difference from Kafka: none known.

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

const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'
/** First version whose answer describes the topic. */
const DESCRIBES_VERSION = 5

export async function handleCreateTopics(
  services: ControlServices,
  context: RequestContext,
  request: CreateTopicsRequest,
): Promise<CreateTopicsResponseInit> {
  const results = await services.controller.createTopics(
    request.topics.map(topic => ({
      name: topic.name,
      partitionCount: topic.numPartitions,
      replicationFactor: topic.replicationFactor,
      assignments: topic.assignments,
      configs: topic.configs,
    })),
    request.validateOnly,
  )
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
