// DescribeQuorum, versions 0-2, answered by the active controller.
// v1 times of the last fetch; v2 directory ids, messages and the addresses of the voters.
// Difference from Kafka: nodes push their log to others, so a "fetch" is an answer of the follower.

import { CLUSTER_METADATA_TOPIC } from '@weir/controller'
import { ZERO_UUID } from '@weir/core'
import {
  type DescribeQuorumRequest,
  type DescribeQuorumResponseInit,
  errorCode,
  errorText,
  KafkaError,
} from '@weir/protocol'
import type { QuorumStatus, ReplicaStatus } from '@weir/quorum'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

type Partition = DescribeQuorumResponseInit['topics'][number]['partitions'][number]
type Nodes = NonNullable<DescribeQuorumResponseInit['nodes']>

export function handleDescribeQuorum(
  services: ControlServices,
  _context: RequestContext,
  request: DescribeQuorumRequest,
): DescribeQuorumResponseInit {
  if (!services.controller.isActive) {
    throw new KafkaError('NOT_CONTROLLER', 'another node leads the quorum')
  }
  const [topic] = request.topics
  const [partition] = topic?.partitions ?? []
  const isMetadata =
    request.topics.length === 1 &&
    topic?.topicName === CLUSTER_METADATA_TOPIC &&
    topic.partitions.length === 1 &&
    partition?.partitionIndex === 0
  if (!isMetadata) return unknownPartitions(request)
  const status = services.quorum().status()
  return {
    errorCode: 0,
    errorMessage: null,
    topics: [{ topicName: CLUSTER_METADATA_TOPIC, partitions: [describe(services, status)] }],
    nodes: nodesOf(services, status),
  }
}

export function failDescribeQuorum(
  _request: DescribeQuorumRequest,
  { errorCode, message }: KafkaFailure,
): DescribeQuorumResponseInit {
  return { errorCode, errorMessage: message, topics: [], nodes: [] }
}

function describe({ metadata }: ControlServices, status: QuorumStatus): Partition {
  // The voters' directories are part of the membership; an observer has told its own as a broker.
  const replicaOf = (replica: ReplicaStatus): ReturnType<typeof stateOf> => {
    const registered = metadata.brokers.get(replica.nodeId)?.directoryIds[0]
    return stateOf(replica, replica.directoryId || registered || ZERO_UUID)
  }
  const isVoter = ({ nodeId }: ReplicaStatus) => status.membership.voters.includes(nodeId)
  return {
    partitionIndex: 0,
    errorCode: 0,
    errorMessage: null,
    leaderId: status.leaderId ?? -1,
    leaderEpoch: status.leaderEpoch,
    highWatermark: status.highWatermark,
    currentVoters: status.replicas.filter(isVoter).map(replicaOf),
    observers: status.replicas.filter(replica => !isVoter(replica)).map(replicaOf),
  }
}

function stateOf(
  replica: ReplicaStatus,
  replicaDirectoryId: string,
): Partition['currentVoters'][number] {
  return {
    replicaId: replica.nodeId,
    replicaDirectoryId,
    logEndOffset: replica.logEndOffset,
    lastFetchTimestamp: replica.lastFetchMs,
    lastCaughtUpTimestamp: replica.lastCaughtUpMs,
  }
}

function nodesOf({ quorum, settings }: ControlServices, status: QuorumStatus): Nodes {
  const [name = 'CONTROLLER'] = settings.get('controller.listener.names')
  const nodes: Nodes[number][] = []
  for (const nodeId of status.membership.voters) {
    const address = quorum().addressOf(nodeId)
    if (address !== null) nodes.push({ nodeId, listeners: [{ name, ...address }] })
  }
  return nodes
}

function unknownPartitions(request: DescribeQuorumRequest): DescribeQuorumResponseInit {
  const topics = request.topics.map(({ topicName, partitions }) => ({
    topicName,
    partitions: partitions.map(({ partitionIndex }) => ({
      partitionIndex,
      errorCode: errorCode('UNKNOWN_TOPIC_OR_PARTITION'),
      errorMessage: errorText('UNKNOWN_TOPIC_OR_PARTITION'),
      leaderId: -1,
      leaderEpoch: -1,
      highWatermark: -1,
      currentVoters: [],
      observers: [],
    })),
  }))
  return { errorCode: 0, errorMessage: null, topics, nodes: [] }
}
