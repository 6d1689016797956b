// LeaveGroup, versions 0-5.
// v3 several members, also by their group instance id; v5 reasons.
// Difference from Kafka: none known.

import { errorCode, type LeaveGroupRequest, type LeaveGroupResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { groupContext, orFailure } from './group-requests.ts'

const MEMBERS_VERSION = 3

export async function handleLeaveGroup(
  services: Services,
  context: RequestContext,
  request: LeaveGroupRequest,
): Promise<LeaveGroupResponseInit> {
  const hasMembers = context.apiVersion >= MEMBERS_VERSION
  const only = { memberId: request.memberId, groupInstanceId: null, reason: null }
  const members = hasMembers ? request.members : [only]
  const answer = services.groupCoordinator.submit<LeaveGroupResponseInit>(
    request.groupId,
    (requestId, shard, nowMs) =>
      shard.leaveGroup(requestId, { ...request, members }, groupContext(context, nowMs)),
  )
  const response = await orFailure(answer, error => ({
    errorCode: errorCode(error),
    members: [],
  }))
  if (hasMembers) return response
  const code = response.members?.[0]?.errorCode ?? 0
  return { errorCode: response.errorCode === 0 ? code : response.errorCode }
}
