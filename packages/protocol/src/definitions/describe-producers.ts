// DescribeProducers (61): active producers of partitions.

import {
  api,
  array,
  type Decoded,
  type Init,
  int16,
  int32,
  int64,
  string,
  timestamp,
} from '../schema.ts'

export const describeProducersApi = api({
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexible: 0,
  request: {
    topics: array({
      name: string(),
      partitionIndexes: array(int32()),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, default: null }),
        activeProducers: array({
          producerId: int64(),
          producerEpoch: int32(),
          lastSequence: int32({ default: -1 }),
          lastTimestamp: timestamp({ default: -1 }),
          coordinatorEpoch: int32(),
          currentTxnStartOffset: int64({ default: -1 }),
        }),
      }),
    }),
  },
})

export type DescribeProducersRequest = Decoded<typeof describeProducersApi.request>
export type DescribeProducersRequestInit = Init<typeof describeProducersApi.request>
export type DescribeProducersResponse = Decoded<typeof describeProducersApi.response>
export type DescribeProducersResponseInit = Init<typeof describeProducersApi.response>
