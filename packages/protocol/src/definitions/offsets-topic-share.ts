// Records of __consumer_offsets for share groups (KIP-932).

import {
  array,
  bigint64,
  type Decoded,
  type Init,
  int8,
  int32,
  message,
  string,
  timestamp,
  uuid,
} from '../schema.ts'

export const shareGroupMemberMetadataKey = message({
  name: 'ShareGroupMemberMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

export type ShareGroupMemberMetadataKey = Decoded<typeof shareGroupMemberMetadataKey>
export type ShareGroupMemberMetadataKeyInit = Init<typeof shareGroupMemberMetadataKey>

export const shareGroupMemberMetadataValue = message({
  name: 'ShareGroupMemberMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    subscribedTopicNames: array(string()),
  },
})

export type ShareGroupMemberMetadataValue = Decoded<typeof shareGroupMemberMetadataValue>
export type ShareGroupMemberMetadataValueInit = Init<typeof shareGroupMemberMetadataValue>

export const shareGroupMetadataKey = message({
  name: 'ShareGroupMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
  },
})

export type ShareGroupMetadataKey = Decoded<typeof shareGroupMetadataKey>
export type ShareGroupMetadataKeyInit = Init<typeof shareGroupMetadataKey>

export const shareGroupMetadataValue = message({
  name: 'ShareGroupMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    epoch: int32(),
    metadataHash: bigint64(),
  },
})

export type ShareGroupMetadataValue = Decoded<typeof shareGroupMetadataValue>
export type ShareGroupMetadataValueInit = Init<typeof shareGroupMetadataValue>

export const shareGroupTargetAssignmentMetadataKey = message({
  name: 'ShareGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
  },
})

export type ShareGroupTargetAssignmentMetadataKey = Decoded<
  typeof shareGroupTargetAssignmentMetadataKey
>
export type ShareGroupTargetAssignmentMetadataKeyInit = Init<
  typeof shareGroupTargetAssignmentMetadataKey
>

export const shareGroupTargetAssignmentMetadataValue = message({
  name: 'ShareGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: timestamp({ tag: 0, default: 0, ignorable: true }),
  },
})

export type ShareGroupTargetAssignmentMetadataValue = Decoded<
  typeof shareGroupTargetAssignmentMetadataValue
>
export type ShareGroupTargetAssignmentMetadataValueInit = Init<
  typeof shareGroupTargetAssignmentMetadataValue
>

export const shareGroupTargetAssignmentMemberKey = message({
  name: 'ShareGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

export type ShareGroupTargetAssignmentMemberKey = Decoded<
  typeof shareGroupTargetAssignmentMemberKey
>
export type ShareGroupTargetAssignmentMemberKeyInit = Init<
  typeof shareGroupTargetAssignmentMemberKey
>

export const shareGroupTargetAssignmentMemberValue = message({
  name: 'ShareGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
})

export type ShareGroupTargetAssignmentMemberValue = Decoded<
  typeof shareGroupTargetAssignmentMemberValue
>
export type ShareGroupTargetAssignmentMemberValueInit = Init<
  typeof shareGroupTargetAssignmentMemberValue
>

export const shareGroupCurrentMemberAssignmentKey = message({
  name: 'ShareGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

export type ShareGroupCurrentMemberAssignmentKey = Decoded<
  typeof shareGroupCurrentMemberAssignmentKey
>
export type ShareGroupCurrentMemberAssignmentKeyInit = Init<
  typeof shareGroupCurrentMemberAssignmentKey
>

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
}

export const shareGroupCurrentMemberAssignmentValue = message({
  name: 'ShareGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(topicPartitions),
  },
})

export type ShareGroupCurrentMemberAssignmentValue = Decoded<
  typeof shareGroupCurrentMemberAssignmentValue
>
export type ShareGroupCurrentMemberAssignmentValueInit = Init<
  typeof shareGroupCurrentMemberAssignmentValue
>

export const shareGroupStatePartitionMetadataKey = message({
  name: 'ShareGroupStatePartitionMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
  },
})

export type ShareGroupStatePartitionMetadataKey = Decoded<
  typeof shareGroupStatePartitionMetadataKey
>
export type ShareGroupStatePartitionMetadataKeyInit = Init<
  typeof shareGroupStatePartitionMetadataKey
>

const topicPartitionsInfo = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
}

const topicInfo = {
  topicId: uuid(),
  topicName: string(),
}

export const shareGroupStatePartitionMetadataValue = message({
  name: 'ShareGroupStatePartitionMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    initializingTopics: array(topicPartitionsInfo),
    initializedTopics: array(topicPartitionsInfo),
    deletingTopics: array(topicInfo),
  },
})

export type ShareGroupStatePartitionMetadataValue = Decoded<
  typeof shareGroupStatePartitionMetadataValue
>
export type ShareGroupStatePartitionMetadataValueInit = Init<
  typeof shareGroupStatePartitionMetadataValue
>
