// Records of __consumer_offsets for streams groups (KIP-1071).
// The tagged fields that may be null are not null by default: a writer says so itself.

import {
  array,
  bigint64,
  int8,
  int16,
  int32,
  string,
  struct,
  timestamp,
  uint16,
} from '../schema.ts'
import { topicRecord } from './topic-record.ts'

const keyValue = {
  key: string(),
  value: string(),
}

export const streamsGroupMetadata = topicRecord({
  recordType: 17,
  name: 'StreamsGroupMetadata',
  key: { groupId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    epoch: int32(),
    metadataHash: bigint64(),
    validatedTopologyEpoch: int32({ tag: 0, default: -1 }),
    lastAssignmentConfigs: array({ nullable: true, tag: 1 }, keyValue),
  },
})

export const streamsGroupMemberMetadata = topicRecord({
  recordType: 19,
  name: 'StreamsGroupMemberMetadata',
  key: { groupId: string(), memberId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    instanceId: string({ nullable: true }),
    rackId: string({ nullable: true }),
    clientId: string(),
    clientHost: string(),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topologyEpoch: int32(),
    processId: string(),
    userEndpoint: struct(
      { nullable: true, default: null },
      {
        host: string(),
        port: uint16(),
      },
    ),
    clientTags: array(keyValue),
  },
})

export const streamsGroupTargetAssignmentMetadata = topicRecord({
  recordType: 20,
  name: 'StreamsGroupTargetAssignmentMetadata',
  key: { groupId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    assignmentEpoch: int32(),
    assignmentTimestamp: timestamp({ tag: 0, default: 0, ignorable: true }),
  },
})

const taskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

export const streamsGroupTargetAssignmentMember = topicRecord({
  recordType: 21,
  name: 'StreamsGroupTargetAssignmentMember',
  key: { groupId: string(), memberId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    activeTasks: array(taskIds),
    standbyTasks: array(taskIds),
    warmupTasks: array(taskIds),
  },
})

const ownedTaskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
  assignmentEpochs: array({ nullable: true, tag: 0 }, int32()),
}

export const streamsGroupCurrentMemberAssignment = topicRecord({
  recordType: 22,
  name: 'StreamsGroupCurrentMemberAssignment',
  key: { groupId: string(), memberId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
    memberEpoch: int32(),
    previousMemberEpoch: int32(),
    state: int8(),
    activeTasks: array(ownedTaskIds),
    standbyTasks: array(ownedTaskIds),
    warmupTasks: array(ownedTaskIds),
    activeTasksPendingRevocation: array(ownedTaskIds),
    standbyTasksPendingRevocation: array(ownedTaskIds),
    warmupTasksPendingRevocation: array(ownedTaskIds),
  },
})

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(keyValue),
}

export const streamsGroupTopology = topicRecord({
  recordType: 23,
  name: 'StreamsGroupTopology',
  key: { groupId: string() },
  versions: [0, 0],
  flexible: 0,
  value: {
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
