// OffsetFetch, versions 1-10.
// v2 null topics are all of the group; v5 leader epochs; v7 stable offsets only; v8 several groups; v9 KIP-848
// members; v10 topic ids.
// Difference from Kafka: none known.

import { ZERO_UUID } from '@weir/core'
import type { FetchedGroup, FetchedTopic, OffsetFetchTopic } from '@weir/groups'
import { errorCode, type OffsetFetchRequest, type OffsetFetchResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { askedOnce } from './asked-partitions.ts'
import { orFailure } from './group-requests.ts'

const TOP_LEVEL_ERROR_VERSION = 2
const GROUPS_VERSION = 8
const TOPIC_ID_VERSION = 10

interface AskedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

/** One group of the request, whatever its version. */
interface Asked {
  readonly groupId: string
  readonly topics: readonly AskedTopic[] | null
  readonly memberId: string | null
  readonly memberEpoch: number
}

export async function handleOffsetFetch(
  services: Services,
  context: RequestContext,
  request: OffsetFetchRequest,
): Promise<OffsetFetchResponseInit> {
  const { apiVersion } = context
  const { requireStable } = request
  if (apiVersion >= GROUPS_VERSION) {
    const fetches = groupsOf(request).map(async group => {
      const fetched = await fetchGroup(services, apiVersion, group, requireStable)
      return { groupId: group.groupId, ...fetched }
    })
    return { groups: await Promise.all(fetches) }
  }
  const topics = request.topics?.map(each => ({ ...each, topicId: ZERO_UUID })) ?? null
  const group = { groupId: request.groupId, topics, memberId: null, memberEpoch: -1 }
  const fetched = await fetchGroup(services, apiVersion, group, requireStable)
  if (fetched.errorCode === 0 || apiVersion >= TOP_LEVEL_ERROR_VERSION) return fetched
  return { topics: absentTopics(topics ?? [], fetched.errorCode) }
}

/** Each group once. */
function groupsOf(request: OffsetFetchRequest): Asked[] {
  const groups = new Map<string, Asked & { topics: AskedTopic[] | null }>()
  for (const { topics, ...group } of request.groups) {
    const known = groups.get(group.groupId)
    if (known === undefined) {
      groups.set(group.groupId, { ...group, topics: topics === null ? null : [...topics] })
    } else if (topics === null) known.topics = null
    else for (const topic of topics) known.topics?.push(topic)
  }
  return [...groups.values()]
}

async function fetchGroup(
  services: Services,
  apiVersion: number,
  group: Asked,
  requireStable: boolean,
): Promise<FetchedGroup> {
  const { groupId, memberId, memberEpoch } = group
  const hasIds = apiVersion >= TOPIC_ID_VERSION
  const { known, unknown } = resolve(services, hasIds, group.topics)
  const fetch = { groupId, topics: known, requireStable, memberId, memberEpoch }
  const answer = services.groupCoordinator.submit<FetchedGroup>(groupId, (requestId, shard) =>
    shard.offsetFetch(requestId, fetch),
  )
  const fetched = await orFailure(answer, error => ({ errorCode: errorCode(error), topics: [] }))
  if (fetched.errorCode !== 0) return fetched
  // Offsets of topics that are gone have no id to be told by.
  const topics = hasIds
    ? fetched.topics.filter(topic => topic.topicId !== ZERO_UUID)
    : fetched.topics
  return { errorCode: 0, topics: [...topics, ...unknown] }
}

/** By id the topic has to exist; by name also a topic that is gone may have offsets. */
function resolve(
  services: Services,
  hasIds: boolean,
  topics: Asked['topics'],
): { known: OffsetFetchTopic[] | null; unknown: FetchedTopic[] } {
  if (topics === null) return { known: null, unknown: [] }
  const { metadata } = services
  const known: OffsetFetchTopic[] = []
  const unknown: FetchedTopic[] = []
  for (const topic of onceEach(hasIds, topics)) {
    const { partitionIndexes } = topic
    const image = hasIds ? metadata.topicById(topic.topicId) : metadata.topic(topic.name)
    if (image !== undefined) {
      known.push({ name: image.name, topicId: image.topicId, partitionIndexes })
    } else if (hasIds) {
      unknown.push(...absentTopics([topic], errorCode('UNKNOWN_TOPIC_ID')))
    } else {
      known.push({ name: topic.name, topicId: ZERO_UUID, partitionIndexes })
    }
  }
  return { known, unknown }
}

function onceEach(hasIds: boolean, topics: readonly AskedTopic[]): AskedTopic[] {
  const asked = askedOnce(
    topics.map(({ name, topicId, partitionIndexes }) => [
      hasIds ? topicId : name,
      partitionIndexes,
    ]),
  )
  return [...asked].map(([key, indexes]) => ({
    name: hasIds ? '' : key,
    topicId: hasIds ? key : ZERO_UUID,
    partitionIndexes: [...indexes],
  }))
}

function absentTopics(topics: NonNullable<Asked['topics']>, code: number): FetchedTopic[] {
  return topics.map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map(partitionIndex => ({
      partitionIndex,
      committedOffset: -1,
      committedLeaderEpoch: -1,
      metadata: '',
      errorCode: code,
    })),
  }))
}
