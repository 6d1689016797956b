// ConsumerGroupHeartbeat (KIP-848), versions 0-1.
// v1: the client makes its member id, and may subscribe by a pattern in RE2 syntax.
// Differences from Kafka: patterns are matched at once, and whenever topics change.

import {
  type ConsumerGroupHeartbeatRequest,
  type ConsumerGroupHeartbeatResponseInit,
  errorCode,
  errorCodes,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { groupContext, orFailure } from './group-requests.ts'

export function handleConsumerGroupHeartbeat(
  services: Services,
  context: RequestContext,
  request: ConsumerGroupHeartbeatRequest,
): Promise<ConsumerGroupHeartbeatResponseInit> {
  const answer = services.groupCoordinator.submit<ConsumerGroupHeartbeatResponseInit>(
    request.groupId,
    (requestId, shard, nowMs) =>
      shard.consumerGroupHeartbeat(requestId, request, groupContext(context, nowMs)),
  )
  return orFailure(answer, error => ({
    errorCode: errorCode(error),
    errorMessage: errorCodes[error].message,
    memberId: null,
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
    assignment: null,
  }))
}
