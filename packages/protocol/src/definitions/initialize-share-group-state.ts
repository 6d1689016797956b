// InitializeShareGroupState (83): creates the state of share partitions.

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

export const initializeShareGroupStateApi = api({
  key: 83,
  name: 'InitializeShareGroupState',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        stateEpoch: int32(),
        startOffset: int64(),
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

export type InitializeShareGroupStateRequest = Decoded<typeof initializeShareGroupStateApi.request>
export type InitializeShareGroupStateRequestInit = Init<typeof initializeShareGroupStateApi.request>
export type InitializeShareGroupStateResponse = Decoded<
  typeof initializeShareGroupStateApi.response
>
export type InitializeShareGroupStateResponseInit = Init<
  typeof initializeShareGroupStateApi.response
>
