// OffsetCommit, versions 2-10.
// v2-4 with a retention of its own; v6 leader epochs; v7 static members; v9 KIP-848 members; v10 topic ids.
// Difference from Kafka: none known.

import { errorCode, type OffsetCommitRequest, type OffsetCommitResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { groupContext, orFailure } from './group-requests.ts'

const TOPIC_ID_VERSION = 10

type Topic = OffsetCommitRequest['topics'][number]
type Answer = OffsetCommitResponseInit['topics'][number]
type Merged = Answer & { readonly partitions: Answer['partitions'][number][] }

export async function handleOffsetCommit(
  services: Services,
  context: RequestContext,
  request: OffsetCommitRequest,
): Promise<OffsetCommitResponseInit> {
  const known: Topic[] = []
  const refused: Answer[] = []
  for (const topic of request.topics)
    sortTopic(services, context.apiVersion, topic, { known, refused })
  if (known.length === 0) return { topics: merge([], refused) }
  const answer = services.groupCoordinator.submit<OffsetCommitResponseInit>(
    request.groupId,
    (requestId, shard, nowMs) =>
      shard.offsetCommit(requestId, { ...request, topics: known }, groupContext(context, nowMs)),
  )
  const response = await orFailure(answer, error => ({
    topics: known.map(topic => ({ ...topic, partitions: refuse(topic, errorCode(error)) })),
  }))
  return { topics: merge(response.topics, refused) }
}

/** Partitions that do not exist are answered here, the others go to the group. */
function sortTopic(
  services: Services,
  apiVersion: number,
  topic: Topic,
  into: { readonly known: Topic[]; readonly refused: Answer[] },
): void {
  const { metadata } = services
  const hasIds = apiVersion >= TOPIC_ID_VERSION
  const image = hasIds ? metadata.topicById(topic.topicId) : metadata.topic(topic.name)
  if (image === undefined) {
    const code = errorCode(hasIds ? 'UNKNOWN_TOPIC_ID' : 'UNKNOWN_TOPIC_OR_PARTITION')
    into.refused.push({ ...topic, partitions: refuse(topic, code) })
    return
  }
  const { name, topicId } = image
  const isThere = (each: Topic['partitions'][number]) =>
    image.partitions[each.partitionIndex] !== undefined
  const partitions = topic.partitions.filter(isThere)
  const missing = topic.partitions.filter(each => !isThere(each))
  if (partitions.length > 0) into.known.push({ name, topicId, partitions })
  if (missing.length > 0) {
    const code = errorCode('UNKNOWN_TOPIC_OR_PARTITION')
    const answers = refuse({ ...topic, partitions: missing }, code)
    into.refused.push({ name, topicId, partitions: answers })
  }
}

function refuse(topic: Topic, code: number): { partitionIndex: number; errorCode: number }[] {
  return topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code }))
}

/** One entry a topic, as clients expect it. */
function merge(answers: readonly Answer[], refused: readonly Answer[]): Answer[] {
  const topics = new Map<string, Merged>()
  for (const { name, topicId, partitions } of [...answers, ...refused]) {
    const key = `${topicId} ${name}`
    const known = topics.get(key)
    if (known === undefined) topics.set(key, { name, topicId, partitions: [...partitions] })
    else for (const each of partitions) known.partitions.push(each)
  }
  return [...topics.values()]
}
