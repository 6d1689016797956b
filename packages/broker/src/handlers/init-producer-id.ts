// InitProducerId, versions 0-5: ids for idempotent producers.
// Difference from Kafka: a transactional id gets INVALID_REQUEST until transactions are served.

import {
  errorCode,
  type InitProducerIdRequest,
  type InitProducerIdResponseInit,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'

export async function handleInitProducerId(
  services: Services,
  _context: RequestContext,
  request: InitProducerIdRequest,
): Promise<InitProducerIdResponseInit> {
  if (request.transactionalId !== null) {
    return { errorCode: errorCode('INVALID_REQUEST'), producerId: -1, producerEpoch: -1 }
  }
  try {
    return { errorCode: 0, producerId: await services.producerIds.next(), producerEpoch: 0 }
  } catch (error) {
    services.env.log.warn('no block of producer ids', { error })
    return {
      errorCode: errorCode('COORDINATOR_LOAD_IN_PROGRESS'),
      producerId: -1,
      producerEpoch: -1,
    }
  }
}
