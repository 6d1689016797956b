// TxnOffsetCommit (28): commits offsets in a transaction. v3 member and generation.

import { api, array, type Decoded, type Init, int16, int32, int64, string } from '../schema.ts'

export const txnOffsetCommitApi = api({
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactionalId: string(),
    groupId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    generationId: int32({ since: 3, default: -1 }),
    memberId: string({ since: 3, default: '' }),
    groupInstanceId: string({ since: 3, nullable: true, default: null }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ since: 2, default: -1, ignorable: true }),
        committedMetadata: string({ nullable: true }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})

export type TxnOffsetCommitRequest = Decoded<typeof txnOffsetCommitApi.request>
export type TxnOffsetCommitRequestInit = Init<typeof txnOffsetCommitApi.request>
export type TxnOffsetCommitResponse = Decoded<typeof txnOffsetCommitApi.response>
export type TxnOffsetCommitResponseInit = Init<typeof txnOffsetCommitApi.response>
