// BrokerHeartbeat, versions 0-2: a broker lives, and how far its metadata is.
// v1 data directories that failed; v2 directories that take no new replicas.
// Difference from Kafka: directories are not cordoned. A heartbeat that changes nothing is answered at
// once: load on the metadata log does not fence healthy brokers.

import {
  type BrokerHeartbeatRequest,
  type BrokerHeartbeatResponseInit,
  errorCode,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import { NO_CONNECTION } from '../server/local-call.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

export async function handleBrokerHeartbeat(
  services: ControlServices,
  { connection }: RequestContext,
  request: BrokerHeartbeatRequest,
): Promise<BrokerHeartbeatResponseInit> {
  const { controller, env } = services
  const refusal = { isCaughtUp: false, isFenced: true, shouldShutDown: false }
  if (!controller.isActive) return { errorCode: errorCode('NOT_CONTROLLER'), ...refusal }
  if (connection.id !== NO_CONNECTION) {
    services.brokerConnections.note(connection.id, request.brokerId)
  }
  const { error, isCaughtUp, isFenced, shouldShutDown } = await controller.submitSoft(
    (active, nextIndex) => active.brokers.heartbeat(request, env.clock.monotonicMs(), nextIndex),
  )
  return { errorCode: errorCode(error), isCaughtUp, isFenced, shouldShutDown }
}

export function failBrokerHeartbeat(
  _request: BrokerHeartbeatRequest,
  { errorCode }: KafkaFailure,
): BrokerHeartbeatResponseInit {
  return { errorCode, shouldShutDown: false }
}
