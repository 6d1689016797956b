// DescribeQuorum, versions 0-2, of a quorum of one.
// v1 times of the last fetch; v2 directory ids, messages and the addresses of the voters.
// Difference from Kafka: none known.

import {
  type DescribeQuorumRequest,
  type DescribeQuorumResponseInit,
  errorCode,
  errorText,
} from '@weir/protocol'
import { METADATA_TOPIC } from '../metadata/metadata-log.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'

type Partition = DescribeQuorumResponseInit['topics'][number]['partitions'][number]

export function handleDescribeQuorum(
  services: Services,
  context: RequestContext,
  request: DescribeQuorumRequest,
): DescribeQuorumResponseInit {
  const [topic] = request.topics
  const [partition] = topic?.partitions ?? []
  const isMetadata =
    request.topics.length === 1 &&
    topic?.topicName === METADATA_TOPIC &&
    topic.partitions.length === 1 &&
    partition?.partitionIndex === 0
  if (!isMetadata) return unknownPartitions(request)
  const nodes = services.allBrokers(context).map(({ brokerId, host, port }) => ({
    nodeId: brokerId,
    listeners: [{ name: context.listener.name, host, port }],
  }))
  return {
    errorCode: 0,
    errorMessage: null,
    topics: [{ topicName: METADATA_TOPIC, partitions: [describe(services)] }],
    nodes,
  }
}

function describe(services: Services): Partition {
  const quorum = services.controller.describeQuorum()
  const nowMs = services.env.clock.nowMs()
  return {
    partitionIndex: 0,
    errorCode: 0,
    errorMessage: null,
    leaderId: quorum.leaderId,
    leaderEpoch: quorum.leaderEpoch,
    highWatermark: quorum.highWatermark,
    currentVoters: quorum.voters.map(({ nodeId, directoryId, logEndOffset }) => ({
      replicaId: nodeId,
      replicaDirectoryId: directoryId,
      logEndOffset,
      lastFetchTimestamp: nowMs,
      lastCaughtUpTimestamp: nowMs,
    })),
    observers: [],
  }
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
