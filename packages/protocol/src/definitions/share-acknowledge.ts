// ShareAcknowledge (79): share groups: acknowledges records.

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
  uuid,
} from '../schema.ts'

export const shareAcknowledgeApi = api({
  key: 79,
  name: 'ShareAcknowledge',
  versions: [1, 2],
  flexible: 0,
  request: {
    groupId: string({ nullable: true, default: null }),
    memberId: string({ nullable: true }),
    shareSessionEpoch: int32(),
    isRenewAck: bool({ since: 2, default: false }),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        acknowledgementBatches: array({
          firstOffset: int64(),
          lastOffset: int64(),
          acknowledgeTypes: array(int8()),
        }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    acquisitionLockTimeoutMs: int32({ since: 2, ignorable: true }),
    responses: array({
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
        currentLeader: struct({
          leaderId: int32(),
          leaderEpoch: int32(),
        }),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ nullable: true, default: null }),
    }),
  },
})

export type ShareAcknowledgeRequest = Decoded<typeof shareAcknowledgeApi.request>
export type ShareAcknowledgeRequestInit = Init<typeof shareAcknowledgeApi.request>
export type ShareAcknowledgeResponse = Decoded<typeof shareAcknowledgeApi.response>
export type ShareAcknowledgeResponseInit = Init<typeof shareAcknowledgeApi.response>
