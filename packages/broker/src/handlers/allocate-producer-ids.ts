// AllocateProducerIds, version 0: a broker takes a block of ids for its producers.
// Difference from Kafka: none known.

import {
  type AllocateProducerIdsRequest,
  type AllocateProducerIdsResponseInit,
  type ErrorName,
  errorCode,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

export async function handleAllocateProducerIds(
  { controller }: ControlServices,
  _context: RequestContext,
  request: AllocateProducerIdsRequest,
): Promise<AllocateProducerIdsResponseInit> {
  const { active } = controller
  if (active === null) return refused('NOT_CONTROLLER')
  const broker = active.image.brokers.get(request.brokerId)
  if (broker === undefined) return refused('BROKER_ID_NOT_REGISTERED')
  if (broker.brokerEpoch !== request.brokerEpoch) return refused('STALE_BROKER_EPOCH')
  const { firstProducerId, count } = await controller.submit(decider =>
    decider.producerIds.allocate(),
  )
  return { errorCode: 0, producerIdStart: firstProducerId, producerIdLen: count }
}

function refused(error: ErrorName): AllocateProducerIdsResponseInit {
  return { errorCode: errorCode(error), producerIdStart: -1, producerIdLen: 0 }
}

export function failAllocateProducerIds(
  _request: AllocateProducerIdsRequest,
  { errorCode }: KafkaFailure,
): AllocateProducerIdsResponseInit {
  return { errorCode, producerIdStart: -1, producerIdLen: 0 }
}
