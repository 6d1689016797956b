// What Metadata and DescribeTopicPartitions say of a partition: both tell the same of the image.

import { type PartitionImage, topicNameProblem } from '@weir/controller'
import { type ErrorName, errorCode } from '@weir/protocol'
import type { Services } from '../services.ts'

export interface PartitionDescription {
  errorCode: number
  partitionIndex: number
  leaderId: number
  leaderEpoch: number
  replicaNodes: readonly number[]
  isrNodes: readonly number[]
  offlineReplicas: readonly number[]
}

const NO_REPLICAS: readonly number[] = Object.freeze([])

export function describePartition(
  { metadata }: Services,
  partition: PartitionImage,
): PartitionDescription {
  const isOffline = (id: number) => metadata.brokers.get(id)?.fenced !== false
  const offline = partition.replicas.some(isOffline)
    ? partition.replicas.filter(isOffline)
    : NO_REPLICAS
  const hasLeader = partition.leader !== -1 && !isOffline(partition.leader)
  return {
    errorCode: hasLeader ? 0 : errorCode('LEADER_NOT_AVAILABLE'),
    partitionIndex: partition.partitionIndex,
    leaderId: hasLeader ? partition.leader : -1,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: partition.replicas,
    isrNodes: partition.isr,
    offlineReplicas: offline,
  }
}

/** The error for a topic that is not there: an illegal name never will be. */
export function missingTopicError(name: string): ErrorName {
  return topicNameProblem(name) === null ? 'UNKNOWN_TOPIC_OR_PARTITION' : 'INVALID_TOPIC_EXCEPTION'
}
