// ShareGroupHeartbeat (76): share groups: join, report, leave, receive the assignment.

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

export const shareGroupHeartbeatApi = api({
  key: 76,
  name: 'ShareGroupHeartbeat',
  versions: [1, 1],
  flexible: 0,
  request: {
    groupId: string(),
    memberId: string(),
    memberEpoch: int32(),
    rackId: string({ nullable: true, default: null }),
    subscribedTopicNames: array({ nullable: true, default: null }, string()),
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

export type ShareGroupHeartbeatRequest = Decoded<typeof shareGroupHeartbeatApi.request>
export type ShareGroupHeartbeatRequestInit = Init<typeof shareGroupHeartbeatApi.request>
export type ShareGroupHeartbeatResponse = Decoded<typeof shareGroupHeartbeatApi.response>
export type ShareGroupHeartbeatResponseInit = Init<typeof shareGroupHeartbeatApi.response>
