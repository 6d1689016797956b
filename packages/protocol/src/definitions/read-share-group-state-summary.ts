// ReadShareGroupStateSummary (87): start offsets of share partitions.

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

export const readShareGroupStateSummaryApi = api({
  key: 87,
  name: 'ReadShareGroupStateSummary',
  versions: [0, 1],
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
        leaderEpoch: int32(),
        startOffset: int64(),
        deliveryCompleteCount: int32({ since: 1, default: -1, ignorable: true }),
      }),
    }),
  },
})

export type ReadShareGroupStateSummaryRequest = Decoded<
  typeof readShareGroupStateSummaryApi.request
>
export type ReadShareGroupStateSummaryRequestInit = Init<
  typeof readShareGroupStateSummaryApi.request
>
export type ReadShareGroupStateSummaryResponse = Decoded<
  typeof readShareGroupStateSummaryApi.response
>
export type ReadShareGroupStateSummaryResponseInit = Init<
  typeof readShareGroupStateSummaryApi.response
>
