// Records of __consumer_offsets for groups of the consumer protocol (KIP-848).
// The tagged fields that may be null are not null by default: a writer says so itself.

import {
  array,
  bigint64,
  bytes,
  type Decoded,
  type Init,
  int8,
  int32,
  int64,
  message,
  string,
  struct,
  timestamp,
  uuid,
} from '../schema.ts'

export const consumerGroupMetadataKey = message({
  name: 'ConsumerGroupMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
  },
})

export type ConsumerGroupMetadataKey = Decoded<typeof consumerGroupMetadataKey>
export type ConsumerGroupMetadataKeyInit = Init<typeof consumerGroupMetadataKey>

export const consumerGroupMetadataValue = message({
  name: 'ConsumerGroupMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    epoch: int32(),
    metadataHash: bigint64({ tag: 0 }),
  },
})

export type ConsumerGroupMetadataValue = Decoded<typeof consumerGroupMetadataValue>
export type ConsumerGroupMetadataValueInit = Init<typeof consumerGroupMetadataValue>

export const consumerGroupPartitionMetadataKey = message({
  name: 'ConsumerGroupPartitionMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
  },
})

export type ConsumerGroupPartitionMetadataKey = Decoded<typeof consumerGroupPartitionMetadataKey>
export type ConsumerGroupPartitionMetadataKeyInit = Init<typeof consumerGroupPartitionMetadataKey>

export const consumerGroupPartitionMetadataValue = message({
  name: 'ConsumerGroupPartitionMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
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

export type ConsumerGroupPartitionMetadataValue = Decoded<
  typeof consumerGroupPartitionMetadataValue
>
export type ConsumerGroupPartitionMetadataValueInit = Init<
  typeof consumerGroupPartitionMetadataValue
>

export const consumerGroupMemberMetadataKey = message({
  name: 'ConsumerGroupMemberMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

export type ConsumerGroupMemberMetadataKey = Decoded<typeof consumerGroupMemberMetadataKey>
export type ConsumerGroupMemberMetadataKeyInit = Init<typeof consumerGroupMemberMetadataKey>

export const consumerGroupMemberMetadataValue = message({
  name: 'ConsumerGroupMemberMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
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

export type ConsumerGroupMemberMetadataValue = Decoded<typeof consumerGroupMemberMetadataValue>
export type ConsumerGroupMemberMetadataValueInit = Init<typeof consumerGroupMemberMetadataValue>

export const consumerGroupTargetAssignmentMetadataKey = message({
  name: 'ConsumerGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
  },
})

export type ConsumerGroupTargetAssignmentMetadataKey = Decoded<
  typeof consumerGroupTargetAssignmentMetadataKey
>
export type ConsumerGroupTargetAssignmentMetadataKeyInit = Init<
  typeof consumerGroupTargetAssignmentMetadataKey
>

export const consumerGroupTargetAssignmentMetadataValue = message({
  name: 'ConsumerGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: timestamp({ tag: 0, default: 0, ignorable: true }),
  },
})

export type ConsumerGroupTargetAssignmentMetadataValue = Decoded<
  typeof consumerGroupTargetAssignmentMetadataValue
>
export type ConsumerGroupTargetAssignmentMetadataValueInit = Init<
  typeof consumerGroupTargetAssignmentMetadataValue
>

export const consumerGroupTargetAssignmentMemberKey = message({
  name: 'ConsumerGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

export type ConsumerGroupTargetAssignmentMemberKey = Decoded<
  typeof consumerGroupTargetAssignmentMemberKey
>
export type ConsumerGroupTargetAssignmentMemberKeyInit = Init<
  typeof consumerGroupTargetAssignmentMemberKey
>

export const consumerGroupTargetAssignmentMemberValue = message({
  name: 'ConsumerGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    topicPartitions: array({
      topicId: uuid(),
      partitions: array(int32()),
    }),
  },
})

export type ConsumerGroupTargetAssignmentMemberValue = Decoded<
  typeof consumerGroupTargetAssignmentMemberValue
>
export type ConsumerGroupTargetAssignmentMemberValueInit = Init<
  typeof consumerGroupTargetAssignmentMemberValue
>

export const consumerGroupCurrentMemberAssignmentKey = message({
  name: 'ConsumerGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

export type ConsumerGroupCurrentMemberAssignmentKey = Decoded<
  typeof consumerGroupCurrentMemberAssignmentKey
>
export type ConsumerGroupCurrentMemberAssignmentKeyInit = Init<
  typeof consumerGroupCurrentMemberAssignmentKey
>

const topicPartitions = {
  topicId: uuid(),
  partitions: array(int32()),
  assignmentEpochs: array({ nullable: true, tag: 0 }, int32()),
}

export const consumerGroupCurrentMemberAssignmentValue = message({
  name: 'ConsumerGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    assignedPartitions: array(topicPartitions),
    partitionsPendingRevocation: array(topicPartitions),
  },
})

export type ConsumerGroupCurrentMemberAssignmentValue = Decoded<
  typeof consumerGroupCurrentMemberAssignmentValue
>
export type ConsumerGroupCurrentMemberAssignmentValueInit = Init<
  typeof consumerGroupCurrentMemberAssignmentValue
>

export const consumerGroupRegularExpressionKey = message({
  name: 'ConsumerGroupRegularExpressionKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    regularExpression: string(),
  },
})

export type ConsumerGroupRegularExpressionKey = Decoded<typeof consumerGroupRegularExpressionKey>
export type ConsumerGroupRegularExpressionKeyInit = Init<typeof consumerGroupRegularExpressionKey>

export const consumerGroupRegularExpressionValue = message({
  name: 'ConsumerGroupRegularExpressionValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    topics: array(string()),
    version: int64(),
    timestamp: timestamp(),
  },
})

export type ConsumerGroupRegularExpressionValue = Decoded<
  typeof consumerGroupRegularExpressionValue
>
export type ConsumerGroupRegularExpressionValueInit = Init<
  typeof consumerGroupRegularExpressionValue
>
