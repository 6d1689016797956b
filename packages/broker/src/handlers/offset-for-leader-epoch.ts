// OffsetForLeaderEpoch, versions 2-4: where the largest epoch up to the asked one ends (KIP-101/279).
// Difference from Kafka: none known.

import {
  errorCode,
  type OffsetForLeaderEpochRequest,
  type OffsetForLeaderEpochResponseInit,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { missingPartitionError } from './partition-lookup.ts'

export function handleOffsetForLeaderEpoch(
  services: Services,
  _context: RequestContext,
  request: OffsetForLeaderEpochRequest,
): OffsetForLeaderEpochResponseInit {
  return {
    topics: request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(asked => answer(services, topic, asked)),
    })),
  }
}

type RequestPartition = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number]

function answer(services: Services, topic: string, asked: RequestPartition) {
  const index = asked.partition
  const partition = services.replicaManager.getPartition(topic, index)
  const error =
    partition === undefined
      ? missingPartitionError(services, { name: topic, topicId: '' }, index)
      : partition.checkLeader(asked.currentLeaderEpoch)
  if (partition === undefined || error !== null) {
    return {
      errorCode: errorCode(error ?? 'NONE'),
      partition: index,
      leaderEpoch: -1,
      endOffset: -1,
    }
  }
  const { leaderEpoch, endOffset } = partition.log.endOffsetForEpoch(asked.leaderEpoch)
  return { errorCode: 0, partition: index, leaderEpoch, endOffset }
}
