// Records of __consumer_offsets for share groups (KIP-932).

import { array, bigint64, int8, int32, string, timestamp, uuid } from '../schema.ts'
import { topicRecord } from './topic-record.ts'

export const shareGroupMemberMetadata = topicRecord({
  recordType: 10,
  name: 'ShareGroupMemberMetadata',
  key: { groupId: string(), memberId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
  },
})

export const shareGroupMetadata = topicRecord({
  recordType: 11,
  name: 'ShareGroupMetadata',
  key: { groupId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    epoch: int32(),
    metadataHash: bigint64(),
  },
})

export const shareGroupTargetAssignmentMetadata = topicRecord({
  recordType: 12,
  name: 'ShareGroupTargetAssignmentMetadata',
  key: { groupId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    assignmentEpoch: int32(),
    assignmentTimestamp: timestamp({ tag: 0, default: 0, ignorable: true }),
  },
})

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
}

export const shareGroupTargetAssignmentMember = topicRecord({
  recordType: 13,
  name: 'ShareGroupTargetAssignmentMember',
  key: { groupId: string(), memberId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    topicPartitions: array(topicPartitions),
  },
})

export const shareGroupCurrentMemberAssignment = topicRecord({
  recordType: 14,
  name: 'ShareGroupCurrentMemberAssignment',
  key: { groupId: string(), memberId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(topicPartitions),
  },
})

const namedTopicPartitions = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
}

export const shareGroupStatePartitionMetadata = topicRecord({
  recordType: 15,
  name: 'ShareGroupStatePartitionMetadata',
  key: { groupId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    initializingTopics: array(namedTopicPartitions),
    initializedTopics: array(namedTopicPartitions),
    deletingTopics: array({
      topicId: uuid(),
      topicName: string(),
    }),
  },
})
