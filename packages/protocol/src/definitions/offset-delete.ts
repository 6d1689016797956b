// OffsetDelete (47): deletes committed offsets of topics that the group does not consume.

import { api, array, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const offsetDeleteApi = api({
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  flexible: 'never',
  request: {
    groupId: string(),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
  response: {
    errorCode: int16(),
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
      }),
    }),
  },
})

export type OffsetDeleteRequest = Decoded<typeof offsetDeleteApi.request>
export type OffsetDeleteRequestInit = Init<typeof offsetDeleteApi.request>
export type OffsetDeleteResponse = Decoded<typeof offsetDeleteApi.response>
export type OffsetDeleteResponseInit = Init<typeof offsetDeleteApi.response>
