// What a ConsumerGroupHeartbeat must bring, and what it is answered.

import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponse,
  type ErrorName,
  errorCode,
} from '@weir/protocol'
import {
  type CurrentAssignment,
  JOIN_EPOCH,
  LEAVE_EPOCH,
  STATIC_LEAVE_EPOCH,
} from './consumer-member.ts'
import type { OwnedPartitions, PartitionSet } from './partitions.ts'

/** The client makes its member id from this version on. */
const CLIENT_MEMBER_ID_VERSION = 1

export interface Problem {
  readonly error: ErrorName
  readonly message: string
}

/** Null if the request is complete and makes sense by itself. */
export function requestProblem(
  request: ConsumerGroupHeartbeatRequest,
  apiVersion: number,
  assignors: readonly string[],
): Problem | null {
  const { memberId, memberEpoch, instanceId, rackId, serverAssignor } = request
  if (request.groupId === '') return invalid("GroupId can't be empty.")
  if (instanceId === '') return invalid("InstanceId can't be empty.")
  if (rackId === '') return invalid("RackId can't be empty.")
  const mayOmitId = apiVersion < CLIENT_MEMBER_ID_VERSION && memberEpoch === JOIN_EPOCH
  if (memberId === '' && !mayOmitId) return invalid("MemberId can't be empty.")
  if (memberEpoch < STATIC_LEAVE_EPOCH) return invalid('MemberEpoch is invalid.')
  if (memberEpoch === STATIC_LEAVE_EPOCH && instanceId === null) {
    return invalid("InstanceId can't be null.")
  }
  if (memberEpoch === JOIN_EPOCH) {
    const problem = joinProblem(request)
    if (problem !== null) return problem
  }
  if (memberEpoch > LEAVE_EPOCH && serverAssignor !== null && !assignors.includes(serverAssignor)) {
    const message = `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${assignors.join(', ')}.`
    return { error: 'UNSUPPORTED_ASSIGNOR', message }
  }
  return null
}

function joinProblem(request: ConsumerGroupHeartbeatRequest): Problem | null {
  if (request.rebalanceTimeoutMs < 0) {
    return invalid('RebalanceTimeoutMs must be provided in first request.')
  }
  if (request.topicPartitions === null || request.topicPartitions.length > 0) {
    return invalid('TopicPartitions must be empty when (re-)joining.')
  }
  if (request.subscribedTopicNames === null && request.subscribedTopicRegex === null) {
    return invalid(
      'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.',
    )
  }
  return null
}

function invalid(message: string): Problem {
  return { error: 'INVALID_REQUEST', message }
}

export function heartbeatFailed({ error, message }: Problem): ConsumerGroupHeartbeatResponse {
  return {
    throttleTimeMs: 0,
    errorCode: errorCode(error),
    errorMessage: message,
    memberId: null,
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    assignment: null,
  }
}

export function heartbeatAccepted(
  memberId: string,
  current: Pick<CurrentAssignment, 'memberEpoch' | 'assigned'>,
  options: { readonly heartbeatIntervalMs: number; readonly withAssignment: boolean },
): ConsumerGroupHeartbeatResponse {
  const { heartbeatIntervalMs, withAssignment } = options
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    errorMessage: null,
    memberId,
    memberEpoch: current.memberEpoch,
    heartbeatIntervalMs,
    assignment: withAssignment ? { topicPartitions: wirePartitions(current.assigned) } : null,
  }
}

function wirePartitions(
  owned: OwnedPartitions | PartitionSet,
): { topicId: string; partitions: number[] }[] {
  return [...owned].map(([topicId, partitions]) => ({
    topicId,
    partitions: [...partitions.keys()].sort((a, b) => a - b),
  }))
}

/** What the client has now; null if it did not say. */
export function reportedPartitions(request: ConsumerGroupHeartbeatRequest): PartitionSet | null {
  if (request.topicPartitions === null) return null
  return new Map(
    request.topicPartitions.map(({ topicId, partitions }) => [topicId, new Set(partitions)]),
  )
}

/** The client told everything that it knows: it wants to be told everything, too. */
export function isFullRequest(request: ConsumerGroupHeartbeatRequest): boolean {
  if (request.memberEpoch === JOIN_EPOCH) return true
  const hasSubscription =
    request.subscribedTopicNames !== null || request.subscribedTopicRegex !== null
  return request.rebalanceTimeoutMs >= 0 && hasSubscription && request.topicPartitions !== null
}
