// Metadata, versions 0-13.
// v1 null = all topics; v4 the client may forbid creation; v8 authorized operations; v10 topic ids;
// v12 topics by id; v13 a top-level error, which nothing sets yet.
// A topic that the request brings into being is UNKNOWN_TOPIC_OR_PARTITION in this answer and created
// behind it, as in Kafka: clients ask again, and one that has just deleted the topic sees it gone.
// Difference from Kafka: topics are sorted by name.

import { isInternalTopic, type TopicImage } from '@weir/controller'
import { ZERO_UUID } from '@weir/core'
import {
  type ErrorName,
  errorCode,
  KafkaError,
  type MetadataRequest,
  type MetadataResponseInit,
} from '@weir/protocol'
import type { HandlerResult, RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import {
  CLUSTER_OPERATIONS,
  OPERATIONS_NOT_ASKED,
  TOPIC_OPERATIONS,
} from './authorized-operations.ts'
import { fromFreshMetadata } from './fresh-metadata.ts'
import { describePartition, missingTopicError } from './topic-description.ts'

type TopicEntry = MetadataResponseInit['topics'][number]

/** First version in which topics may be asked for by id. */
const BY_ID_VERSION = 12

export function handleMetadata(
  services: Services,
  context: RequestContext,
  request: MetadataRequest,
): HandlerResult<MetadataResponseInit> {
  const answer = () => describeTopics(services, context, request)
  return isCovered(services, context, request) ? answer() : fromFreshMetadata(services, answer)
}

function isForAll({ apiVersion }: RequestContext, { topics }: MetadataRequest): boolean {
  return topics === null || (apiVersion === 0 && topics.length === 0)
}

/** Named topics that this node knows: what else may have changed clients learn by their next requests. */
function isCovered(
  { metadata }: Services,
  context: RequestContext,
  request: MetadataRequest,
): boolean {
  if (isForAll(context, request)) return false
  return (request.topics ?? []).every(
    ({ name, topicId }) =>
      (name !== null && metadata.topic(name) !== undefined) ||
      metadata.topicById(topicId) !== undefined,
  )
}

function describeTopics(
  services: Services,
  context: RequestContext,
  request: MetadataRequest,
): MetadataResponseInit {
  const { metadata } = services
  if (isForAll(context, request)) {
    const topics = [...metadata.topics].map(topic => describeTopic(services, request, topic))
    return respond(services, context, request, topics)
  }
  // Each once, however often it is named: a topic may have thousands of partitions.
  const names = new Set<string>()
  const ids = new Set<string>()
  const entries: TopicEntry[] = []
  for (const { name, topicId } of request.topics ?? []) {
    if (topicId !== ZERO_UUID && context.apiVersion >= BY_ID_VERSION) {
      if (ids.has(topicId)) continue
      ids.add(topicId)
      const topic = metadata.topicById(topicId)
      if (topic !== undefined) entries.push(describeTopic(services, request, topic))
      else entries.push(missing(null, topicId, 'UNKNOWN_TOPIC_ID'))
    } else if (name === null) {
      throw new KafkaError('INVALID_REQUEST', 'topic without a name and without an id')
    } else {
      names.add(name)
    }
  }
  const unknown: string[] = []
  for (const name of names) {
    const topic = metadata.topic(name)
    if (topic !== undefined) entries.push(describeTopic(services, request, topic))
    else unknown.push(name)
  }
  const mayCreate =
    request.allowAutoTopicCreation && services.settings.get('auto.create.topics.enable')
  for (const name of unknown) entries.push(missing(name, ZERO_UUID, missingTopicError(name)))
  if (unknown.length > 0 && mayCreate) createBehind(services, unknown)
  return respond(services, context, request, entries)
}

/** A creation that fails is asked for again by the client's next request. */
function createBehind(services: Services, names: readonly string[]): void {
  services.autoTopics.create(names).then(
    failed => {
      for (const [topic, error] of failed) {
        services.env.log.debug('a topic was not created on demand', { topic, error })
      }
    },
    (error: unknown) => services.env.log.warn('no topic was created on demand', { names, error }),
  )
}

/** The answer to a request that failed as a whole. */
export function failMetadata(
  request: MetadataRequest,
  error: { readonly errorCode: number },
): MetadataResponseInit {
  const topics = (request.topics ?? []).map(({ name, topicId }) => ({
    errorCode: error.errorCode,
    name: name ?? '',
    topicId,
    partitions: [],
  }))
  return { brokers: [], topics, errorCode: error.errorCode }
}

function respond(
  services: Services,
  context: RequestContext,
  request: MetadataRequest,
  topics: TopicEntry[],
): MetadataResponseInit {
  topics.sort(byName)
  return {
    brokers: services.liveBrokers(context).map(({ brokerId, host, port, rack }) => ({
      nodeId: brokerId,
      host,
      port,
      rack,
    })),
    clusterId: services.clusterId,
    controllerId: services.controllerId(context),
    topics,
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? CLUSTER_OPERATIONS
      : OPERATIONS_NOT_ASKED,
    errorCode: 0,
  }
}

function byName(a: TopicEntry, b: TopicEntry): number {
  const left = a.name ?? ''
  const right = b.name ?? ''
  return left < right ? -1 : left > right ? 1 : 0
}

function describeTopic(
  services: Services,
  request: MetadataRequest,
  topic: TopicImage,
): TopicEntry {
  return {
    errorCode: 0,
    name: topic.name,
    topicId: topic.topicId,
    isInternal: isInternalTopic(topic.name),
    partitions: topic.partitions.map(partition => describePartition(services, partition)),
    topicAuthorizedOperations: request.includeTopicAuthorizedOperations
      ? TOPIC_OPERATIONS
      : OPERATIONS_NOT_ASKED,
  }
}

function missing(name: string | null, topicId: string, error: ErrorName): TopicEntry {
  return {
    errorCode: errorCode(error),
    name,
    topicId,
    isInternal: name !== null && isInternalTopic(name),
    partitions: [],
  }
}
