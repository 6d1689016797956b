// AlterShareGroupOffsets (91): sets start offsets of share groups.

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

export const alterShareGroupOffsetsApi = api({
  key: 91,
  name: 'AlterShareGroupOffsets',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        startOffset: int64(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    responses: array({
      topicName: string(),
      topicId: uuid(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
      }),
    }),
  },
})

export type AlterShareGroupOffsetsRequest = Decoded<typeof alterShareGroupOffsetsApi.request>
export type AlterShareGroupOffsetsRequestInit = Init<typeof alterShareGroupOffsetsApi.request>
export type AlterShareGroupOffsetsResponse = Decoded<typeof alterShareGroupOffsetsApi.response>
export type AlterShareGroupOffsetsResponseInit = Init<typeof alterShareGroupOffsetsApi.response>
