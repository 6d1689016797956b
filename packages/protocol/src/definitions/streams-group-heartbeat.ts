// StreamsGroupHeartbeat (88): streams groups: join, report, leave, receive tasks.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int8,
  int16,
  int32,
  int64,
  string,
  struct,
  uint16,
} from '../schema.ts'

const keyValue = {
  key: string(),
  value: string(),
}

const topicInfo = {
  name: string(),
  partitions: int32(),
  replicationFactor: int16(),
  topicConfigs: array(keyValue),
}

const taskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

const endpoint = {
  host: string(),
  port: uint16(),
}

const taskOffset = {
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
}

const status = {
  statusCode: int8(),
  statusDetail: string(),
}

const topicPartition = {
  topic: string(),
  partitions: array(int32()),
}

export const streamsGroupHeartbeatApi = api({
  key: 88,
  name: 'StreamsGroupHeartbeat',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    endpointInformationEpoch: int32(),
    instanceId: string({ nullable: true, default: null }),
    rackId: string({ nullable: true, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    topology: struct(
      { nullable: true, default: null },
      {
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
    ),
    activeTasks: array({ nullable: true, default: null }, taskIds),
    standbyTasks: array({ nullable: true, default: null }, taskIds),
    warmupTasks: array({ nullable: true, default: null }, taskIds),
    processId: string({ nullable: true, default: null }),
    userEndpoint: struct({ nullable: true, default: null }, endpoint),
    clientTags: array({ nullable: true, default: null }, keyValue),
    taskOffsets: array({ nullable: true, default: null }, taskOffset),
    taskEndOffsets: array({ nullable: true, default: null }, taskOffset),
    shutdownApplication: bool({ default: false }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    memberId: string(),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    acceptableRecoveryLag: int32(),
    taskOffsetIntervalMs: int32(),
    status: array({ nullable: true }, status),
    activeTasks: array({ nullable: true, default: null }, taskIds),
    standbyTasks: array({ nullable: true, default: null }, taskIds),
    warmupTasks: array({ nullable: true, default: null }, taskIds),
    endpointInformationEpoch: int32(),
    partitionsByUserEndpoint: array(
      { nullable: true, default: null },
      {
        userEndpoint: struct(endpoint),
        activePartitions: array(topicPartition),
        standbyPartitions: array(topicPartition),
      },
    ),
  },
})

export type StreamsGroupHeartbeatRequest = Decoded<typeof streamsGroupHeartbeatApi.request>
export type StreamsGroupHeartbeatRequestInit = Init<typeof streamsGroupHeartbeatApi.request>
export type StreamsGroupHeartbeatResponse = Decoded<typeof streamsGroupHeartbeatApi.response>
export type StreamsGroupHeartbeatResponseInit = Init<typeof streamsGroupHeartbeatApi.response>
