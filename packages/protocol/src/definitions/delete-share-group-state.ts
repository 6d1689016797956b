// DeleteShareGroupState (86): deletes the state of share partitions.

import { api, array, type Decoded, type Init, int16, int32, string, uuid } from '../schema.ts'

export const deleteShareGroupStateApi = api({
  key: 86,
  name: 'DeleteShareGroupState',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
      }),
    }),
  },
  response: {
    results: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
      }),
    }),
  },
})

export type DeleteShareGroupStateRequest = Decoded<typeof deleteShareGroupStateApi.request>
export type DeleteShareGroupStateRequestInit = Init<typeof deleteShareGroupStateApi.request>
export type DeleteShareGroupStateResponse = Decoded<typeof deleteShareGroupStateApi.response>
export type DeleteShareGroupStateResponseInit = Init<typeof deleteShareGroupStateApi.response>
