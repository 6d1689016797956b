// ReadShareGroupState (84): reads the state of share partitions.

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

export const readShareGroupStateApi = api({
  key: 84,
  name: 'ReadShareGroupState',
  versions: [0, 0],
  flexible: 0,
  request: {
    groupId: string(),
    topics: array({
      topicId: uuid(),
      partitions: array({
        partition: int32(),
        leaderEpoch: int32(),
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
        stateEpoch: int32(),
        startOffset: int64(),
        stateBatches: array({
          firstOffset: int64(),
          lastOffset: int64(),
          deliveryState: int8(),
          deliveryCount: int16(),
        }),
      }),
    }),
  },
})

export type ReadShareGroupStateRequest = Decoded<typeof readShareGroupStateApi.request>
export type ReadShareGroupStateRequestInit = Init<typeof readShareGroupStateApi.request>
export type ReadShareGroupStateResponse = Decoded<typeof readShareGroupStateApi.response>
export type ReadShareGroupStateResponseInit = Init<typeof readShareGroupStateApi.response>
