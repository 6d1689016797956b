// OffsetCommit (8): stores a group's offsets. v7 static members, v8 flexible, v9 KIP-848 members,
// v10 topic ids.

import {
  api,
  array,
  type Decoded,
  type Init,
  int16,
  int32,
  int64,
  string,
  timestamp,
  uuid,
} from '../schema.ts'

export const offsetCommitApi = api({
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 10],
  flexible: 8,
  request: {
    groupId: string(),
    generationIdOrMemberEpoch: int32({ default: -1, ignorable: true }),
    memberId: string({ ignorable: true }),
    groupInstanceId: string({ since: 7, nullable: true, default: null }),
    retentionTimeMs: timestamp({ until: 4, default: -1, ignorable: true }),
    topics: array({
      name: string({ until: 9, ignorable: true }),
      topicId: uuid({ since: 10, ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        committedOffset: int64(),
        committedLeaderEpoch: int32({ since: 6, default: -1, ignorable: true }),
        committedMetadata: string({ nullable: true }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ since: 3, default: 0, ignorable: true }),
    topics: array({
      name: string({ until: 9, ignorable: true }),
      topicId: uuid({ since: 10, ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})

export type OffsetCommitRequest = Decoded<typeof offsetCommitApi.request>
export type OffsetCommitRequestInit = Init<typeof offsetCommitApi.request>
export type OffsetCommitResponse = Decoded<typeof offsetCommitApi.response>
export type OffsetCommitResponseInit = Init<typeof offsetCommitApi.response>
