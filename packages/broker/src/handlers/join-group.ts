// JoinGroup, versions 0-9.
// v4 the member id is required (KIP-394); v5 static members; v7 protocol type; v8 a reason; v9 skipAssignment.
// The answer waits for the other members of the group.
// Differences from Kafka: a second JoinGroup of a member ends the first one with REBALANCE_IN_PROGRESS; the
// initial rebalance delay is 120 ms at least.

import { errorCode, type JoinGroupRequest, type JoinGroupResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { groupContext, orFailure } from './group-requests.ts'

export function handleJoinGroup(
  services: Services,
  context: RequestContext,
  request: JoinGroupRequest,
): Promise<JoinGroupResponseInit> {
  const answer = services.groupCoordinator.submit<JoinGroupResponseInit>(
    request.groupId,
    (requestId, shard, nowMs) => shard.joinGroup(requestId, request, groupContext(context, nowMs)),
  )
  return orFailure(answer, error => ({
    errorCode: errorCode(error),
    protocolName: context.apiVersion >= 7 ? null : '',
    leader: '',
    memberId: request.memberId,
    members: [],
  }))
}
