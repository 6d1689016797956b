// DescribeShareGroupOffsets (90): start offsets of share groups.

import {
  api,
  array,
  type Decoded,
  type Init,
  int16,
  int32,
  int64,
  string,
  uuid,
} from '../schema.ts'

export const describeShareGroupOffsetsApi = api({
  key: 90,
  name: 'DescribeShareGroupOffsets',
  versions: [0, 1],
  flexible: 0,
  request: {
    groups: array({
      groupId: string(),
      topics: array(
        { nullable: true },
        {
          topicName: string(),
          partitions: array(int32()),
        },
      ),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    groups: array({
      groupId: string(),
      topics: array({
        topicName: string(),
        topicId: uuid(),
        partitions: array({
          partitionIndex: int32(),
          startOffset: int64(),
          leaderEpoch: int32(),
          lag: int64({ since: 1, default: -1, ignorable: true }),
          errorCode: int16(),
          errorMessage: string({ nullable: true, default: null }),
        }),
      }),
      errorCode: int16(),
      errorMessage: string({ nullable: true, default: null }),
    }),
  },
})

export type DescribeShareGroupOffsetsRequest = Decoded<typeof describeShareGroupOffsetsApi.request>
export type DescribeShareGroupOffsetsRequestInit = Init<typeof describeShareGroupOffsetsApi.request>
export type DescribeShareGroupOffsetsResponse = Decoded<
  typeof describeShareGroupOffsetsApi.response
>
export type DescribeShareGroupOffsetsResponseInit = Init<
  typeof describeShareGroupOffsetsApi.response
>
