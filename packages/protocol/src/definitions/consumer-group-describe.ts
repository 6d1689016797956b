// ConsumerGroupDescribe (69): state and members of KIP-848 groups.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int8,
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

export const consumerGroupDescribeApi = api({
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: [0, 1],
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
        instanceId: string({ nullable: true, default: null }),
        rackId: string({ nullable: true, default: null }),
        memberEpoch: int32(),
        clientId: string(),
        clientHost: string(),
        subscribedTopicNames: array(string()),
        subscribedTopicRegex: string({ nullable: true, default: null }),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        memberType: int8({ since: 1, default: -1, ignorable: true }),
      }),
      authorizedOperations: int32({ default: -2_147_483_648 }),
    }),
  },
})

export type ConsumerGroupDescribeRequest = Decoded<typeof consumerGroupDescribeApi.request>
export type ConsumerGroupDescribeRequestInit = Init<typeof consumerGroupDescribeApi.request>
export type ConsumerGroupDescribeResponse = Decoded<typeof consumerGroupDescribeApi.response>
export type ConsumerGroupDescribeResponseInit = Init<typeof consumerGroupDescribeApi.response>
