// BrokerRegistration, versions 0-4: a starting broker makes itself known to the active controller.
// v2 ids of its data directories; v3 the epoch of its last clean stop; v4 features that begin at 0.
// Difference from Kafka: brokers that come from ZooKeeper are unknown.

import { SUPPORTED_FEATURES } from '@weir/controller'
import {
  type BrokerRegistrationRequest,
  type BrokerRegistrationResponseInit,
  type ErrorName,
  errorCode,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import { NO_CONNECTION } from '../server/local-call.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

/** For the operator of the controller; the broker's own is told when it gives up. */
const SENTENCES: Partial<Record<ErrorName, string>> = {
  DUPLICATE_BROKER_REGISTRATION:
    'a broker may not register yet: one with its id is alive, or was until a moment ago',
}

export async function handleBrokerRegistration(
  services: ControlServices,
  { connection }: RequestContext,
  request: BrokerRegistrationRequest,
): Promise<BrokerRegistrationResponseInit> {
  const { controller, env, metadata } = services
  // The first decision of all is not committed yet: the cluster has no id.
  if (!controller.isActive || metadata.clusterId === null) return refused('NOT_CONTROLLER')
  if (request.isMigratingZkBroker) return refused('INVALID_REQUEST')
  if (request.clusterId !== services.clusterId) return refused('INCONSISTENT_CLUSTER_ID')
  if (!supportsFinalised(metadata.features, request.features)) return refused('UNSUPPORTED_VERSION')
  const { error, brokerEpoch } = await controller.submit((active, nextIndex) =>
    active.brokers.register(
      {
        brokerId: request.brokerId,
        incarnationId: request.incarnationId,
        endpoints: request.listeners,
        rack: request.rack,
        directoryIds: request.logDirs,
        previousBrokerEpoch: request.previousBrokerEpoch,
        isSameProcess: connection.id === NO_CONNECTION,
      },
      nextIndex,
      env.clock.monotonicMs(),
    ),
  )
  if (error !== 'NONE') {
    const { brokerId, incarnationId } = request
    if (services.refusedRegistrations.isNew(brokerId, incarnationId, error)) {
      env.log.warn(SENTENCES[error] ?? 'a broker may not register', { brokerId, error })
    }
    return refused(error)
  }
  if (connection.id !== NO_CONNECTION) {
    services.brokerConnections.note(connection.id, request.brokerId)
  }
  env.log.info('a broker has registered', { brokerId: request.brokerId, brokerEpoch })
  return { errorCode: 0, brokerEpoch }
}

function refused(error: ErrorName): BrokerRegistrationResponseInit {
  return { errorCode: errorCode(error), brokerEpoch: -1 }
}

/** The broker understands what the cluster has switched on. */
function supportsFinalised(
  finalised: ReadonlyMap<string, number>,
  features: BrokerRegistrationRequest['features'],
): boolean {
  for (const [name, level] of finalised) {
    const offered = features.find(feature => feature.name === name)
    if (offered === undefined || level > offered.maxSupportedVersion) return false
    if (level < offered.minSupportedVersion) return false
  }
  return true
}

/** What this node tells of itself. */
export const OFFERED_FEATURES = SUPPORTED_FEATURES.map(({ name, minLevel, maxLevel }) => ({
  name,
  minSupportedVersion: minLevel,
  maxSupportedVersion: maxLevel,
}))

export function failBrokerRegistration(
  _request: BrokerRegistrationRequest,
  { errorCode }: KafkaFailure,
): BrokerRegistrationResponseInit {
  return { errorCode }
}
