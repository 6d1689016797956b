// UnregisterBroker, version 0: takes a broker that will not come back out of the cluster.
// Difference from Kafka: none known.

import {
  errorCode,
  errorText,
  type UnregisterBrokerRequest,
  type UnregisterBrokerResponseInit,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

export async function handleUnregisterBroker(
  { controller }: ControlServices,
  _context: RequestContext,
  { brokerId }: UnregisterBrokerRequest,
): Promise<UnregisterBrokerResponseInit> {
  const { error, message } = await controller.submit(active => active.brokers.unregister(brokerId))
  const errorMessage = error === 'NONE' ? null : (message ?? errorText(error))
  return { errorCode: errorCode(error), errorMessage }
}

export function failUnregisterBroker(
  _request: UnregisterBrokerRequest,
  { errorCode, message }: KafkaFailure,
): UnregisterBrokerResponseInit {
  return { errorCode, errorMessage: message }
}
