// DescribeProducers, version 0: who has written to a partition lately.
// Difference from Kafka: none known.

import {
  type DescribeProducersRequest,
  type DescribeProducersResponseInit,
  errorCode,
  errorText,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { askedOnce } from './asked-partitions.ts'
import { missingPartitionError } from './partition-lookup.ts'

export function handleDescribeProducers(
  services: Services,
  _context: RequestContext,
  request: DescribeProducersRequest,
): DescribeProducersResponseInit {
  const asked = askedOnce(
    request.topics.map(({ name, partitionIndexes }) => [name, partitionIndexes]),
  )
  return {
    topics: [...asked].map(([name, indexes]) => ({
      name,
      partitions: [...indexes].map(index => answer(services, name, index)),
    })),
  }
}

function answer(services: Services, name: string, partitionIndex: number) {
  const partition = services.replicaManager.getPartition(name, partitionIndex)
  const error =
    partition === undefined
      ? missingPartitionError(services, { name, topicId: '' }, partitionIndex)
      : partition.checkLeader(-1)
  if (partition === undefined || error !== null) {
    const named = error ?? 'NONE'
    return {
      partitionIndex,
      errorCode: errorCode(named),
      errorMessage: errorText(named),
      activeProducers: [],
    }
  }
  const activeProducers = partition.log.activeProducers().map(producer => ({
    producerId: producer.producerId,
    producerEpoch: producer.producerEpoch,
    lastSequence: producer.lastSequence,
    lastTimestamp: producer.lastTimestamp,
    coordinatorEpoch: producer.coordinatorEpoch,
    currentTxnStartOffset: producer.currentTransactionStartOffset,
  }))
  return { partitionIndex, errorCode: 0, errorMessage: null, activeProducers }
}
