// ConsumerGroupHeartbeat (68): KIP-848 groups: join, report, leave, receive the assignment. v1 regular expressions.

import {
  api,
  array,
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
  partitions: array(int32()),
}

export const consumerGroupHeartbeatApi = api({
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    instanceId: string({ nullable: true, default: null }),
    rackId: string({ nullable: true, default: null }),
    rebalanceTimeoutMs: int32({ default: -1 }),
    subscribedTopicNames: array({ nullable: true, default: null }, string()),
    subscribedTopicRegex: string({ since: 1, nullable: true, default: null }),
    serverAssignor: string({ nullable: true, default: null }),
    topicPartitions: array(
      { nullable: true, default: null },
      {
        topicId: uuid(),
        partitions: array(int32()),
      },
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    memberId: string({ nullable: true, default: null }),
    memberEpoch: int32(),
    heartbeatIntervalMs: int32(),
    assignment: struct(
      { nullable: true, default: null },
      {
        topicPartitions: array(topicPartitions),
      },
    ),
  },
})

export type ConsumerGroupHeartbeatRequest = Decoded<typeof consumerGroupHeartbeatApi.request>
export type ConsumerGroupHeartbeatRequestInit = Init<typeof consumerGroupHeartbeatApi.request>
export type ConsumerGroupHeartbeatResponse = Decoded<typeof consumerGroupHeartbeatApi.response>
export type ConsumerGroupHeartbeatResponseInit = Init<typeof consumerGroupHeartbeatApi.response>
