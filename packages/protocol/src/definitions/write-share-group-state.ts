// WriteShareGroupState (85): writes the state of share partitions.

import {
  api,
  array,
  type Decoded,
  type Init,
  int8,
  int16,
  int32,
  int64,
  string,
  uuid,
} from '../schema.ts'

export const writeShareGroupStateApi = api({
  key: 85,
  name: 'WriteShareGroupState',
  versions: [0, 1],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        stateEpoch: int32(),
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32({ since: 1, default: -1, ignorable: true }),
        stateBatches: array({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryState: int8(),
          deliveryCount: int16(),
        }),
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

export type WriteShareGroupStateRequest = Decoded<typeof writeShareGroupStateApi.request>
export type WriteShareGroupStateRequestInit = Init<typeof writeShareGroupStateApi.request>
export type WriteShareGroupStateResponse = Decoded<typeof writeShareGroupStateApi.response>
export type WriteShareGroupStateResponseInit = Init<typeof writeShareGroupStateApi.response>
