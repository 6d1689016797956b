// DeleteShareGroupOffsets (92): deletes start offsets of share groups.

import { api, array, type Decoded, type Init, int16, int32, string, uuid } from '../schema.ts'

export const deleteShareGroupOffsetsApi = api({
  key: 92,
  name: 'DeleteShareGroupOffsets',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array({
      topicName: string(),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, default: null }),
    responses: array({
      topicName: string(),
      topicId: uuid(),
      errorCode: int16(),
      errorMessage: string({ nullable: true, default: null }),
    }),
  },
})

export type DeleteShareGroupOffsetsRequest = Decoded<typeof deleteShareGroupOffsetsApi.request>
export type DeleteShareGroupOffsetsRequestInit = Init<typeof deleteShareGroupOffsetsApi.request>
export type DeleteShareGroupOffsetsResponse = Decoded<typeof deleteShareGroupOffsetsApi.response>
export type DeleteShareGroupOffsetsResponseInit = Init<typeof deleteShareGroupOffsetsApi.response>
