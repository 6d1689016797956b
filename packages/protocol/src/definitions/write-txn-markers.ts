// WriteTxnMarkers (27): between brokers: the end of a transaction is written to its partitions.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int8,
  int16,
  int32,
  int64,
  string,
} from '../schema.ts'

export const writeTxnMarkersApi = api({
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [1, 2],
  flexible: 1,
  request: {
    markers: array({
      producerId: int64(),
      producerEpoch: int16(),
      transactionResult: bool(),
      topics: array({
        name: string(),
        partitionIndexes: array(int32()),
      }),
      coordinatorEpoch: int32(),
      transactionVersion: int8({ since: 2, default: 0, ignorable: true }),
    }),
  },
  response: {
    markers: array({
      producerId: int64(),
      topics: array({
        name: string(),
        partitions: array({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
})

export type WriteTxnMarkersRequest = Decoded<typeof writeTxnMarkersApi.request>
export type WriteTxnMarkersRequestInit = Init<typeof writeTxnMarkersApi.request>
export type WriteTxnMarkersResponse = Decoded<typeof writeTxnMarkersApi.response>
export type WriteTxnMarkersResponseInit = Init<typeof writeTxnMarkersApi.response>
