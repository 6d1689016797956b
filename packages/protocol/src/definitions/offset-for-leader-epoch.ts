// OffsetForLeaderEpoch (23): where a leader epoch ended in the log of the leader.

import { api, array, type Decoded, type Init, int16, int32, int64, string } from '../schema.ts'

export const offsetForLeaderEpochApi = api({
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  flexible: 4,
  request: {
    replicaId: int32({ since: 3, default: -2, ignorable: true }),
    topics: array({
      topic: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ default: -1, ignorable: true }),
        leaderEpoch: int32(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    topics: array({
      topic: string(),
      partitions: array({
        errorCode: int16(),
        partition: int32(),
        leaderEpoch: int32({ default: -1, ignorable: true }),
        endOffset: int64({ default: -1 }),
      }),
    }),
  },
})

export type OffsetForLeaderEpochRequest = Decoded<typeof offsetForLeaderEpochApi.request>
export type OffsetForLeaderEpochRequestInit = Init<typeof offsetForLeaderEpochApi.request>
export type OffsetForLeaderEpochResponse = Decoded<typeof offsetForLeaderEpochApi.response>
export type OffsetForLeaderEpochResponseInit = Init<typeof offsetForLeaderEpochApi.response>
