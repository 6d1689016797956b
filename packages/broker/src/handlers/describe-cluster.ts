// DescribeCluster, versions 0-2.
// v1 asks brokers or controllers, v2 fenced brokers as well.
// Difference from Kafka: none known.

import {
  type DescribeClusterRequest,
  type DescribeClusterResponseInit,
  KafkaError,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices, Services } from '../services.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts'

const BROKERS = 1
const CONTROLLERS = 2

export function handleDescribeCluster(
  services: ControlServices,
  context: RequestContext,
  request: DescribeClusterRequest,
): DescribeClusterResponseInit {
  const { endpointType, includeClusterAuthorizedOperations } = request
  if (endpointType !== BROKERS && endpointType !== CONTROLLERS) {
    throw new KafkaError('UNSUPPORTED_ENDPOINT_TYPE', `Unsupported endpoint type ${endpointType}`)
  }
  const isController = context.listener.kind === 'controller'
  if (isController !== (endpointType === CONTROLLERS)) {
    const [here, wanted] = isController ? ['CONTROLLER', 'BROKER'] : ['BROKER', 'CONTROLLER']
    throw new KafkaError(
      'MISMATCHED_ENDPOINT_TYPE',
      `The request was sent to an endpoint of type ${here}, but we wanted an endpoint of type ` +
        `${wanted}`,
    )
  }
  const nodes = isController
    ? controllers(services)
    : // On a listener for clients the services are a broker's.
      brokers(services as Services, context, request)
  return {
    errorCode: 0,
    endpointType,
    clusterId: services.clusterId,
    ...nodes,
    clusterAuthorizedOperations: includeClusterAuthorizedOperations
      ? CLUSTER_OPERATIONS
      : OPERATIONS_NOT_ASKED,
  }
}

type Nodes = Pick<DescribeClusterResponseInit, 'controllerId' | 'brokers'>

function brokers(
  services: Services,
  context: RequestContext,
  { includeFencedBrokers }: DescribeClusterRequest,
): Nodes {
  const shown = includeFencedBrokers ? services.allBrokers(context) : services.liveBrokers(context)
  return {
    controllerId: services.controllerId(context),
    brokers: shown.map(({ brokerId, host, port, rack, isFenced }) => ({
      brokerId,
      host,
      port,
      rack,
      isFenced,
    })),
  }
}

function controllers({ quorum }: ControlServices): Nodes {
  const { membership, leaderId } = quorum().status()
  return {
    controllerId: leaderId ?? -1,
    brokers: membership.voters.flatMap(brokerId => {
      const address = quorum().addressOf(brokerId)
      return address === null ? [] : { brokerId, ...address }
    }),
  }
}

export function failDescribeCluster(
  request: DescribeClusterRequest,
  error: KafkaFailure,
): DescribeClusterResponseInit {
  return {
    errorCode: error.errorCode,
    errorMessage: error.message,
    endpointType: request.endpointType,
    clusterId: '',
    brokers: [],
  }
}
