// BrokerHeartbeat, versions 0-2: a broker lives, and how far its metadata is.
// v1 data directories that failed; v2 directories that take no new replicas.
// Difference from Kafka: directories are not cordoned. A heartbeat that changes nothing is answered at
// once: load on the metadata log does not fence healthy brokers. The answer tells how far that log was.

import type { PartitionKey } from '@weir/controller'
import { type Decoded, errorCode, type Init } from '@weir/protocol'
import type { nodeHeartbeatApi } from '../metadata/node-apis.ts'
import type { KafkaFailure } from '../server/api-row.ts'
import { NO_CONNECTION } from '../server/local-call.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

type Request = Decoded<typeof nodeHeartbeatApi.request>
type Response = Init<typeof nodeHeartbeatApi.response>

export async function handleBrokerHeartbeat(
  services: ControlServices,
  { connection }: RequestContext,
  request: Request,
): Promise<Response> {
  const { controller, env } = services
  const refusal = { isCaughtUp: false, isFenced: true, shouldShutDown: false }
  if (!controller.isActive) return { errorCode: errorCode('NOT_CONTROLLER'), ...refusal }
  if (connection.id !== NO_CONNECTION) {
    services.brokerConnections.note(connection.id, request.brokerId)
  }
  const heartbeat = {
    ...request,
    offlinePartitions: keysOf(request.offlinePartitions),
    fullPartitions: keysOf(request.fullPartitions),
  }
  const { error, isCaughtUp, isFenced, shouldShutDown } = await controller.submitSoft(
    (active, nextIndex) => active.brokers.heartbeat(heartbeat, env.clock.monotonicMs(), nextIndex),
  )
  // Who is told to be alive serves: a controller that was deposed must not say so (R16).
  if (!isFenced && !(await services.quorum().confirmLeadership())) {
    return { errorCode: errorCode('NOT_CONTROLLER'), ...refusal }
  }
  const { appliedIndex: metadataIndex } = controller
  return { errorCode: errorCode(error), isCaughtUp, isFenced, shouldShutDown, metadataIndex }
}

function keysOf(topics: Request['offlinePartitions']): PartitionKey[] {
  return topics.flatMap(({ topicId, indexes }) =>
    indexes.map(partitionIndex => ({ topicId, partitionIndex })),
  )
}

export function failBrokerHeartbeat(_request: Request, { errorCode }: KafkaFailure): Response {
  return { errorCode, shouldShutDown: false }
}
