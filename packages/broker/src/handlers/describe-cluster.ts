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
import type { Services } from '../services.ts'
import { CLUSTER_OPERATIONS, OPERATIONS_NOT_ASKED } from './authorized-operations.ts'

const BROKERS = 1
const CONTROLLERS = 2

export function handleDescribeCluster(
  services: Services,
  context: RequestContext,
  request: DescribeClusterRequest,
): DescribeClusterResponseInit {
  const { endpointType } = request
  if (endpointType === CONTROLLERS) {
    throw new KafkaError(
      'MISMATCHED_ENDPOINT_TYPE',
      'The request was sent to an endpoint of type BROKER, but we wanted an endpoint of type ' +
        'CONTROLLER',
    )
  }
  if (endpointType !== BROKERS) {
    throw new KafkaError('UNSUPPORTED_ENDPOINT_TYPE', `Unsupported endpoint type ${endpointType}`)
  }
  const brokers = request.includeFencedBrokers
    ? services.allBrokers(context)
    : services.liveBrokers(context)
  return {
    errorCode: 0,
    endpointType,
    clusterId: services.clusterId,
    controllerId: services.controllerId(context),
    brokers: brokers.map(({ brokerId, host, port, rack, isFenced }) => ({
      brokerId,
      host,
      port,
      rack,
      isFenced,
    })),
    clusterAuthorizedOperations: request.includeClusterAuthorizedOperations
      ? CLUSTER_OPERATIONS
      : OPERATIONS_NOT_ASKED,
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
