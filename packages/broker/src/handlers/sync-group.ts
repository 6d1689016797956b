// SyncGroup, versions 0-5.
// v3 static members; v5 the protocol is named. The answer waits for the leader's assignment.
// Difference from Kafka: none known.

import { errorCode, type SyncGroupRequest, type SyncGroupResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { groupContext, orFailure } from './group-requests.ts'

export function handleSyncGroup(
  services: Services,
  context: RequestContext,
  request: SyncGroupRequest,
): Promise<SyncGroupResponseInit> {
  const answer = services.groupCoordinator.submit<SyncGroupResponseInit>(
    request.groupId,
    (requestId, shard, nowMs) => shard.syncGroup(requestId, request, groupContext(context, nowMs)),
  )
  return orFailure(answer, error => ({
    errorCode: errorCode(error),
    assignment: Buffer.alloc(0),
  }))
}
