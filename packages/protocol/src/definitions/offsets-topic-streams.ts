// Records of __consumer_offsets for streams groups (KIP-1071).
// The tagged fields that may be null are not null by default: a writer says so itself.

import {
  array,
  bigint64,
  type Decoded,
  type Init,
  int8,
  int16,
  int32,
  message,
  string,
  struct,
  timestamp,
  uint16,
} from '../schema.ts'

export const streamsGroupMetadataKey = message({
  name: 'StreamsGroupMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
  },
})

export type StreamsGroupMetadataKey = Decoded<typeof streamsGroupMetadataKey>
export type StreamsGroupMetadataKeyInit = Init<typeof streamsGroupMetadataKey>

const lastAssignmentConfig = {
  key: string(),
  value: string(),
}

export const streamsGroupMetadataValue = message({
  name: 'StreamsGroupMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    epoch: int32(),
    metadataHash: bigint64(),
    validatedTopologyEpoch: int32({ tag: 0, default: -1 }),
    lastAssignmentConfigs: array({ nullable: true, tag: 1 }, lastAssignmentConfig),
  },
})

export type StreamsGroupMetadataValue = Decoded<typeof streamsGroupMetadataValue>
export type StreamsGroupMetadataValueInit = Init<typeof streamsGroupMetadataValue>

export const streamsGroupMemberMetadataKey = message({
  name: 'StreamsGroupMemberMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

export type StreamsGroupMemberMetadataKey = Decoded<typeof streamsGroupMemberMetadataKey>
export type StreamsGroupMemberMetadataKeyInit = Init<typeof streamsGroupMemberMetadataKey>

const endpoint = {
  host: string(),
  port: uint16(),
}

const keyValue = {
  key: string(),
  value: string(),
}

export const streamsGroupMemberMetadataValue = message({
  name: 'StreamsGroupMemberMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    instanceId: string({ nullable: true }),
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: struct({ nullable: true, default: null }, endpoint),
    clientTags: array(keyValue),
  },
})

export type StreamsGroupMemberMetadataValue = Decoded<typeof streamsGroupMemberMetadataValue>
export type StreamsGroupMemberMetadataValueInit = Init<typeof streamsGroupMemberMetadataValue>

export const streamsGroupTargetAssignmentMetadataKey = message({
  name: 'StreamsGroupTargetAssignmentMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
  },
})

export type StreamsGroupTargetAssignmentMetadataKey = Decoded<
  typeof streamsGroupTargetAssignmentMetadataKey
>
export type StreamsGroupTargetAssignmentMetadataKeyInit = Init<
  typeof streamsGroupTargetAssignmentMetadataKey
>

export const streamsGroupTargetAssignmentMetadataValue = message({
  name: 'StreamsGroupTargetAssignmentMetadataValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    assignmentEpoch: int32(),
    assignmentTimestamp: timestamp({ tag: 0, default: 0, ignorable: true }),
  },
})

export type StreamsGroupTargetAssignmentMetadataValue = Decoded<
  typeof streamsGroupTargetAssignmentMetadataValue
>
export type StreamsGroupTargetAssignmentMetadataValueInit = Init<
  typeof streamsGroupTargetAssignmentMetadataValue
>

export const streamsGroupTargetAssignmentMemberKey = message({
  name: 'StreamsGroupTargetAssignmentMemberKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

export type StreamsGroupTargetAssignmentMemberKey = Decoded<
  typeof streamsGroupTargetAssignmentMemberKey
>
export type StreamsGroupTargetAssignmentMemberKeyInit = Init<
  typeof streamsGroupTargetAssignmentMemberKey
>

const taskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

export const streamsGroupTargetAssignmentMemberValue = message({
  name: 'StreamsGroupTargetAssignmentMemberValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
  },
})

export type StreamsGroupTargetAssignmentMemberValue = Decoded<
  typeof streamsGroupTargetAssignmentMemberValue
>
export type StreamsGroupTargetAssignmentMemberValueInit = Init<
  typeof streamsGroupTargetAssignmentMemberValue
>

export const streamsGroupCurrentMemberAssignmentKey = message({
  name: 'StreamsGroupCurrentMemberAssignmentKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    memberId: string(),
  },
})

export type StreamsGroupCurrentMemberAssignmentKey = Decoded<
  typeof streamsGroupCurrentMemberAssignmentKey
>
export type StreamsGroupCurrentMemberAssignmentKeyInit = Init<
  typeof streamsGroupCurrentMemberAssignmentKey
>

const streamsGroupCurrentMemberAssignmentTaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
  assignmentEpochs: array({ nullable: true, tag: 0 }, int32()),
}

export const streamsGroupCurrentMemberAssignmentValue = message({
  name: 'StreamsGroupCurrentMemberAssignmentValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: array(streamsGroupCurrentMemberAssignmentTaskIds),
    standbyTasks: array(streamsGroupCurrentMemberAssignmentTaskIds),
    warmupTasks: array(streamsGroupCurrentMemberAssignmentTaskIds),
    activeTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentTaskIds),
    standbyTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentTaskIds),
    warmupTasksPendingRevocation: array(streamsGroupCurrentMemberAssignmentTaskIds),
  },
})

export type StreamsGroupCurrentMemberAssignmentValue = Decoded<
  typeof streamsGroupCurrentMemberAssignmentValue
>
export type StreamsGroupCurrentMemberAssignmentValueInit = Init<
  typeof streamsGroupCurrentMemberAssignmentValue
>

export const streamsGroupTopologyKey = message({
  name: 'StreamsGroupTopologyKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
  },
})

export type StreamsGroupTopologyKey = Decoded<typeof streamsGroupTopologyKey>
export type StreamsGroupTopologyKeyInit = Init<typeof streamsGroupTopologyKey>

const topicConfig = {
  key: string(),
  value: string(),
}

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(topicConfig),
}

export const streamsGroupTopologyValue = message({
  name: 'StreamsGroupTopologyValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    epoch: int32(),
    subtopologies: array({
      subtopologyId: string(),
      sourceTopics: array(string()),
      sourceTopicRegex: array(string()),
      stateChangelogTopics: array(topicInfo),
      repartitionSinkTopics: array(string()),
      repartitionSourceTopics: array(topicInfo),
      copartitionGroups: array({
        sourceTopics: array(int16()),
        sourceTopicRegex: array(int16()),
        repartitionSourceTopics: array(int16()),
      }),
    }),
  },
})

export type StreamsGroupTopologyValue = Decoded<typeof streamsGroupTopologyValue>
export type StreamsGroupTopologyValueInit = Init<typeof streamsGroupTopologyValue>
