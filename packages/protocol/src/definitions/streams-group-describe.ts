// StreamsGroupDescribe (89): state and members of streams groups.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
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

const endpoint = {
  host: string(),
  port: uint16(),
}

const taskOffset = {
  subtopologyId: string(),
  partition: int32(),
  offset: int64(),
}

const taskIds = {
  subtopologyId: string(),
  partitions: array(int32()),
}

const assignment = {
  activeTasks: array(taskIds),
  standbyTasks: array(taskIds),
  warmupTasks: array(taskIds),
}

export const streamsGroupDescribeApi = api({
  key: 89,
  name: 'StreamsGroupDescribe',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupIds: array(string()),
    includeAuthorizedOperations: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true, default: null }),
      groupId: string(),
      groupState: string(),
      groupEpoch: int32(),
      assignmentEpoch: int32(),
      topology: struct(
        { nullable: true, default: null },
        {
          epoch: int32(),
          subtopologies: array(
            { nullable: true, default: null },
            {
              subtopologyId: string(),
              sourceTopics: array(string()),
              repartitionSinkTopics: array(string()),
              stateChangelogTopics: array(topicInfo),
              repartitionSourceTopics: array(topicInfo),
            },
          ),
        },
      ),
      members: array({
        memberId: string(),
        memberEpoch: int32(),
        instanceId: string({ nullable: true, default: null }),
        rackId: string({ nullable: true, default: null }),
        clientId: string(),
        clientHost: string(),
        topologyEpoch: int32(),
        processId: string(),
        userEndpoint: struct({ nullable: true, default: null }, endpoint),
        clientTags: array(keyValue),
        taskOffsets: array(taskOffset),
        taskEndOffsets: array(taskOffset),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        isClassic: bool(),
      }),
      authorizedOperations: int32({ default: -2_147_483_648 }),
    }),
  },
})

export type StreamsGroupDescribeRequest = Decoded<typeof streamsGroupDescribeApi.request>
export type StreamsGroupDescribeRequestInit = Init<typeof streamsGroupDescribeApi.request>
export type StreamsGroupDescribeResponse = Decoded<typeof streamsGroupDescribeApi.response>
export type StreamsGroupDescribeResponseInit = Init<typeof streamsGroupDescribeApi.response>
