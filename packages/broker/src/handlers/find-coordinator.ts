// FindCoordinator, versions 0-6.
// v1 key types; v4 several keys in one request; v6 share groups.
// Difference from Kafka: keys of transactions and of share groups get INVALID_REQUEST, until these are served.

import {
  type ErrorName,
  errorCode,
  errorCodes,
  type FindCoordinatorRequest,
  type FindCoordinatorResponseInit,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'

const GROUP_KEY = 0
const BATCHED_VERSION = 4

type Coordinator = NonNullable<FindCoordinatorResponseInit['coordinators']>[number]

export async function handleFindCoordinator(
  services: Services,
  context: RequestContext,
  request: FindCoordinatorRequest,
): Promise<FindCoordinatorResponseInit> {
  const isBatched = context.apiVersion >= BATCHED_VERSION
  const keys = isBatched ? request.coordinatorKeys : [request.key]
  // At the same time: each may wait for a shard that loads.
  const coordinators = await Promise.all(
    keys.map(key => findOne(services, context, request.keyType, key)),
  )
  if (isBatched) return { throttleTimeMs: 0, coordinators }
  const [only] = coordinators
  return { throttleTimeMs: 0, ...(only ?? failed(request.key, 'INVALID_REQUEST')) }
}

async function findOne(
  services: Services,
  context: RequestContext,
  keyType: number,
  key: string,
): Promise<Coordinator> {
  if (keyType !== GROUP_KEY) return failed(key, 'INVALID_REQUEST')
  const found = await services.groupCoordinator.find(key)
  if (found.kind === 'failed') return failed(key, found.error)
  const broker = services.liveBrokers(context).find(each => each.brokerId === found.nodeId)
  if (broker === undefined) return failed(key, 'COORDINATOR_NOT_AVAILABLE')
  const { brokerId: nodeId, host, port } = broker
  return { key, nodeId, host, port, errorCode: 0, errorMessage: '' }
}

function failed(key: string, error: ErrorName): Coordinator {
  return {
    key,
    nodeId: -1,
    host: '',
    port: -1,
    errorCode: errorCode(error),
    errorMessage: errorCodes[error].message,
  }
}
