// Topics: list, create, delete, add partitions.
import { ZERO_UUID } from '@weir/core'
import {
  createPartitionsApi,
  createTopicsApi,
  type Decoded,
  deleteTopicsApi,
  describeTopicPartitionsApi,
  type KafkaError,
} from '@weir/protocol'
import type { Cluster, TopicInfo } from '../cluster.ts'
import { errorOf } from '../errors.ts'
import { requestTimed } from './timed-request.ts'

/** All topics that the cluster shows, sorted by name. */
export async function listTopics(cluster: Cluster): Promise<TopicInfo[]> {
  return await cluster.retry(async () => {
    const answer = await cluster.refreshMetadata(null)
    const topics: TopicInfo[] = []
    for (const { name } of answer.topics) {
      const topic = name === null ? undefined : cluster.cachedTopic(name)
      if (topic !== undefined) topics.push(topic)
    }
    return topics.sort((a, b) => (a.name < b.name ? -1 : 1))
  })
}

export interface NewTopic {
  readonly name: string
  /** -1 is the broker's default; both must be -1 with `assignments`. */
  readonly partitionCount: number
  readonly replicationFactor: number
  /** Broker ids for each partition. */
  readonly assignments?: readonly (readonly number[])[]
  readonly configs?: ReadonlyMap<string, string>
}

export interface TopicOutcome {
  readonly name: string
  readonly error: KafkaError | null
}

export interface CreatedTopic extends TopicOutcome {
  readonly topicId: string
  /** -1 when the broker does not say. */
  readonly partitionCount: number
  readonly replicationFactor: number
}

export async function createTopics(
  cluster: Cluster,
  topics: readonly NewTopic[],
  options: { readonly validateOnly?: boolean } = {},
): Promise<CreatedTopic[]> {
  const answer = await cluster.retry(() =>
    requestTimed(cluster, 'controller', createTopicsApi, timeoutMs => ({
      topics: topics.map(topic => ({
        name: topic.name,
        numPartitions: topic.assignments === undefined ? topic.partitionCount : -1,
        replicationFactor: topic.assignments === undefined ? topic.replicationFactor : -1,
        assignments: (topic.assignments ?? []).map((brokerIds, partitionIndex) => ({
          partitionIndex,
          brokerIds,
        })),
        configs: [...(topic.configs ?? [])].map(([name, value]) => ({ name, value })),
      })),
      timeoutMs,
      validateOnly: options.validateOnly ?? false,
    })),
  )
  return answer.topics.map(topic => {
    cluster.forgetTopic(topic.name)
    return {
      name: topic.name,
      topicId: topic.topicId,
      partitionCount: topic.numPartitions,
      replicationFactor: topic.replicationFactor,
      error: errorOf(topic.errorCode, `topic '${topic.name}'`, topic.errorMessage),
    }
  })
}

export async function deleteTopics(
  cluster: Cluster,
  names: readonly string[],
): Promise<TopicOutcome[]> {
  const answer = await cluster.retry(() =>
    requestTimed(cluster, 'controller', deleteTopicsApi, (timeoutMs, version) => ({
      ...(version >= 6
        ? { topics: names.map(name => ({ name, topicId: ZERO_UUID })) }
        : { topicNames: names }),
      timeoutMs,
    })),
  )
  return answer.responses.map(topic => {
    const name = topic.name ?? ''
    cluster.forgetTopic(name)
    return { name, error: errorOf(topic.errorCode, `topic '${name}'`, topic.errorMessage) }
  })
}

export interface PartitionGrowth {
  readonly name: string
  /** The new total. */
  readonly partitionCount: number
  /** Broker ids for each partition that is added. */
  readonly assignments?: readonly (readonly number[])[]
}

export async function createPartitions(
  cluster: Cluster,
  topics: readonly PartitionGrowth[],
): Promise<TopicOutcome[]> {
  const answer = await cluster.retry(() =>
    requestTimed(cluster, 'controller', createPartitionsApi, timeoutMs => ({
      topics: topics.map(({ name, partitionCount, assignments }) => ({
        name,
        count: partitionCount,
        assignments: assignments?.map(brokerIds => ({ brokerIds })) ?? null,
      })),
      timeoutMs,
      validateOnly: false,
    })),
  )
  return answer.results.map(({ name, errorCode, errorMessage }) => {
    cluster.forgetTopic(name)
    return { name, error: errorOf(errorCode, `topic '${name}'`, errorMessage) }
  })
}

/** What only DescribeTopicPartitions tells about a partition. */
export interface PartitionEligibility {
  /** Null if the broker does not keep track. */
  readonly eligibleLeaderReplicas: readonly number[] | null
  readonly lastKnownElr: readonly number[] | null
}

const PARTITIONS_PER_ANSWER = 2_000

type TopicPartitionsAnswer = Decoded<typeof describeTopicPartitionsApi.response>

/** By topic and partition; null from brokers without the API. Topics that do not exist are left out. */
export async function describeTopicPartitions(
  cluster: Cluster,
  names: readonly string[],
): Promise<Map<string, Map<number, PartitionEligibility>> | null> {
  const connection = await cluster.retry(() => cluster.connectionTo('any'))
  if (!connection.hasApi(describeTopicPartitionsApi)) return null
  const topics = new Map<string, Map<number, PartitionEligibility>>()
  let cursor: { topicName: string; partitionIndex: number } | null = null
  do {
    const position: { topicName: string; partitionIndex: number } | null = cursor
    const answer: TopicPartitionsAnswer = await cluster.retry(() =>
      cluster.request('any', describeTopicPartitionsApi, {
        topics: names.map(name => ({ name })),
        responsePartitionLimit: PARTITIONS_PER_ANSWER,
        cursor: position,
      }),
    )
    for (const topic of answer.topics) {
      const partitions = topics.get(topic.name ?? '') ?? new Map<number, PartitionEligibility>()
      topics.set(topic.name ?? '', partitions)
      for (const partition of topic.partitions) partitions.set(partition.partitionIndex, partition)
    }
    cursor = answer.nextCursor
  } while (cursor !== null)
  return topics
}
