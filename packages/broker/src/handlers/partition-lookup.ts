// What to answer for a partition that this broker does not host, and where its leader is (KIP-951).

import type { ErrorName } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'

/** A topic as a request names it: by name, or (with an empty name) by id. */
export interface AskedTopic {
  readonly name: string
  /** Empty in requests that know no ids. */
  readonly topicId: string
}

/** UNKNOWN_... if there is no such partition anywhere, else NOT_LEADER_OR_FOLLOWER. */
export function missingPartitionError(
  services: Services,
  topic: AskedTopic,
  partitionIndex: number,
): ErrorName {
  const isById = topic.name === '' && topic.topicId !== ''
  const image = isById
    ? services.metadata.topicById(topic.topicId)
    : services.metadata.topic(topic.name)
  if (image === undefined && isById) return 'UNKNOWN_TOPIC_ID'
  if (image?.partitions[partitionIndex] === undefined) return 'UNKNOWN_TOPIC_OR_PARTITION'
  return 'NOT_LEADER_OR_FOLLOWER'
}

export interface LeaderHint {
  readonly leaderId: number
  readonly leaderEpoch: number
}

/** Errors whose answers name the leader. */
export function wantsLeaderHint(error: ErrorName): boolean {
  return error === 'NOT_LEADER_OR_FOLLOWER' || error === 'FENCED_LEADER_EPOCH'
}

export function leaderHint(
  services: Services,
  topic: AskedTopic,
  partitionIndex: number,
): LeaderHint {
  const { metadata } = services
  const image = topic.name === '' ? metadata.topicById(topic.topicId) : metadata.topic(topic.name)
  const partition = image?.partitions[partitionIndex]
  return { leaderId: partition?.leader ?? -1, leaderEpoch: partition?.leaderEpoch ?? -1 }
}

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** Where the named leaders are reached on the listener of this request. */
export function leaderEndpoints(
  services: Services,
  context: RequestContext,
  leaderIds: ReadonlySet<number>,
): NodeEndpoint[] {
  return services
    .allBrokers(context)
    .filter(({ brokerId }) => leaderIds.has(brokerId))
    .map(({ brokerId, host, port, rack }) => ({ nodeId: brokerId, host, port, rack }))
}
