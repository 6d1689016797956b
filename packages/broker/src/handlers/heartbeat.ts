// Heartbeat, versions 0-4.
// v3 static members. Answered at once: it does not depend on what is being written.
// Difference from Kafka: none known.

import { errorCode, type HeartbeatRequest, type HeartbeatResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { groupContext, orFailure } from './group-requests.ts'

export function handleHeartbeat(
  services: Services,
  context: RequestContext,
  request: HeartbeatRequest,
): Promise<HeartbeatResponseInit> {
  const answer = services.groupCoordinator.submit<HeartbeatResponseInit>(
    request.groupId,
    (requestId, shard, nowMs) => shard.heartbeat(requestId, request, groupContext(context, nowMs)),
    { isImmediate: true },
  )
  return orFailure(answer, error => ({
    // While the coordinator loads the member is alive as far as anybody knows.
    errorCode: error === 'COORDINATOR_LOAD_IN_PROGRESS' ? 0 : errorCode(error),
  }))
}
