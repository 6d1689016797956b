// AlterPartition, versions 2-3: the leader of a partition changes its ISR.
// v3 names the broker epoch of each member (KIP-903).
// Difference from Kafka: none known.

import {
  type AlterPartitionRequest,
  type AlterPartitionResponseInit,
  errorCode,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

type Partition = AlterPartitionResponseInit['topics'][number]['partitions'][number]

const EPOCHS_VERSION = 3
const ANY_EPOCH = -1

export async function handleAlterPartition(
  { controller }: ControlServices,
  { apiVersion }: RequestContext,
  request: AlterPartitionRequest,
): Promise<AlterPartitionResponseInit> {
  const wanted = {
    brokerId: request.brokerId,
    brokerEpoch: request.brokerEpoch,
    topics: request.topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ newIsr, newIsrWithEpochs, ...partition }) => ({
        ...partition,
        newIsr:
          apiVersion >= EPOCHS_VERSION
            ? newIsrWithEpochs
            : newIsr.map(brokerId => ({ brokerId, brokerEpoch: ANY_EPOCH })),
      })),
    })),
  }
  const { error, topics } = await controller.submit(active => active.isr.alterPartition(wanted))
  return {
    errorCode: errorCode(error),
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex, error: ofPartition, partition }): Partition => {
        const code = errorCode(ofPartition)
        return {
          partitionIndex,
          errorCode: code,
          leaderId: partition?.leader ?? -1,
          leaderEpoch: partition?.leaderEpoch ?? -1,
          isr: [...(partition?.isr ?? [])],
          leaderRecoveryState: partition?.leaderRecoveryState ?? 0,
          partitionEpoch: partition?.partitionEpoch ?? -1,
        }
      }),
    })),
  }
}

export function failAlterPartition(
  _request: AlterPartitionRequest,
  { errorCode }: KafkaFailure,
): AlterPartitionResponseInit {
  return { errorCode, topics: [] }
}
