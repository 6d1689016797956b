// OffsetFetch (9): reads a group's offsets. v2 null asks for all topics, v7 stable offsets only, v8 several
// groups, v9 member epochs, v10 topic ids.

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
  uuid,
} from '../schema.ts'

export const offsetFetchApi = api({
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 10],
  flexible: 6,
  request: {
    groupId: string({ until: 7 }),
    topics: array(
      { until: 7, nullable: 2 },
      {
        name: string(),
        partitionIndexes: array(int32()),
      },
    ),
    groups: array(
      { since: 8 },
      {
        groupId: string(),
        memberId: string({ since: 9, nullable: true, default: null, ignorable: true }),
        memberEpoch: int32({ since: 9, default: -1, ignorable: true }),
        topics: array(
          { nullable: true },
          {
            name: string({ until: 9, ignorable: true }),
            topicId: uuid({ since: 10, ignorable: true }),
            partitionIndexes: array(int32()),
          },
        ),
      },
    ),
    requireStable: bool({ since: 7, default: false }),
  },
  response: {
    throttleTimeMs: int32({ since: 3, default: 0, ignorable: true }),
    topics: array(
      { until: 7 },
      {
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          committedOffset: int64(),
          committedLeaderEpoch: int32({ since: 5, default: -1, ignorable: true }),
          metadata: string({ nullable: true }),
          errorCode: int16(),
        }),
      },
    ),
    errorCode: int16({ since: 2, until: 7, default: 0, ignorable: true }),
    groups: array(
      { since: 8 },
      {
        groupId: string(),
        topics: array({
          name: string({ until: 9, ignorable: true }),
          topicId: uuid({ since: 10, ignorable: true }),
          partitions: array({
            partitionIndex: int32(),
            committedOffset: int64(),
            committedLeaderEpoch: int32({ default: -1, ignorable: true }),
            metadata: string({ nullable: true }),
            errorCode: int16(),
          }),
        }),
        errorCode: int16({ default: 0 }),
      },
    ),
  },
})

export type OffsetFetchRequest = Decoded<typeof offsetFetchApi.request>
export type OffsetFetchRequestInit = Init<typeof offsetFetchApi.request>
export type OffsetFetchResponse = Decoded<typeof offsetFetchApi.response>
export type OffsetFetchResponseInit = Init<typeof offsetFetchApi.response>
