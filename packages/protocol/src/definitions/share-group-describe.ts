// ShareGroupDescribe (77): state and members of share groups.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int16,
  int32,
  string,
  struct,
  uuid,
} from '../schema.ts'

const topicPartitions = {
  topicId: uuid(),
  topicName: string(),
  partitions: array(int32()),
}

const assignment = {
  topicPartitions: array(topicPartitions),
}

export const shareGroupDescribeApi = api({
  key: 77,
  name: 'ShareGroupDescribe',
  versions: [1, 1],
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
      assignorName: string(),
      members: array({
        memberId: string(),
        rackId: string({ nullable: true, default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: array(string()),
        assignment: struct(assignment),
      }),
      authorizedOperations: int32({ default: -2_147_483_648 }),
    }),
  },
})

export type ShareGroupDescribeRequest = Decoded<typeof shareGroupDescribeApi.request>
export type ShareGroupDescribeRequestInit = Init<typeof shareGroupDescribeApi.request>
export type ShareGroupDescribeResponse = Decoded<typeof shareGroupDescribeApi.response>
export type ShareGroupDescribeResponseInit = Init<typeof shareGroupDescribeApi.response>
