// Records of __consumer_offsets for groups of the consumer protocol (KIP-848).
// The tagged fields that may be null are not null by default: a writer says so itself.

import {
  array,
  bigint64,
  bytes,
  int8,
  int32,
  int64,
  string,
  struct,
  timestamp,
  uuid,
} from '../schema.ts'
import { topicRecord } from './topic-record.ts'

export const consumerGroupMetadata = topicRecord({
  recordType: 3,
  name: 'ConsumerGroupMetadata',
  key: { groupId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    epoch: int32(),
    metadataHash: bigint64({ tag: 0 }),
  },
})

export const consumerGroupPartitionMetadata = topicRecord({
  recordType: 4,
  name: 'ConsumerGroupPartitionMetadata',
  key: { groupId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    topics: array({
      topicId: uuid(),
      topicName: string(),
      numPartitions: int32(),
      partitionMetadata: array({
        partition: int32(),
        racks: array(string()),
      }),
    }),
  },
})

export const consumerGroupMemberMetadata = topicRecord({
  recordType: 5,
  name: 'ConsumerGroupMemberMetadata',
  key: { groupId: string(), memberId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    instanceId: string({ nullable: true }),
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
    subscribedTopicRegex: string({ nullable: true }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    serverAssignor: string({ nullable: true }),
    classicMemberMetadata: struct(
      { nullable: true, tag: 0 },
      {
        sessionTimeoutMs: int32(),
        supportedProtocols: array({
          name: string(),
          metadata: bytes(),
        }),
      },
    ),
  },
})

export const consumerGroupTargetAssignmentMetadata = topicRecord({
  recordType: 6,
  name: 'ConsumerGroupTargetAssignmentMetadata',
  key: { groupId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    assignmentEpoch: int32(),
    assignmentTimestamp: timestamp({ tag: 0, default: 0, ignorable: true }),
  },
})

export const consumerGroupTargetAssignmentMember = topicRecord({
  recordType: 7,
  name: 'ConsumerGroupTargetAssignmentMember',
  key: { groupId: string(), memberId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
})

const ownedPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
  assignmentEpochs: array({ nullable: true, tag: 0 }, int32()),
}

export const consumerGroupCurrentMemberAssignment = topicRecord({
  recordType: 8,
  name: 'ConsumerGroupCurrentMemberAssignment',
  key: { groupId: string(), memberId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(ownedPartitions),
    partitionsPendingRevocation: array(ownedPartitions),
  },
})

export const consumerGroupRegularExpression = topicRecord({
  recordType: 16,
  name: 'ConsumerGroupRegularExpression',
  key: { groupId: string(), regularExpression: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    topics: array(string()),
    version: int64(),
    timestamp: timestamp(),
  },
})
