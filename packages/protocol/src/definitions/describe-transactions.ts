// DescribeTransactions (65): state of transactions.

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

export const describeTransactionsApi = api({
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexible: 0,
  request: {
    transactionalIds: array(string()),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    transactionStates: array({
      errorCode: int16(),
      transactionalId: string(),
      transactionState: string(),
      transactionTimeoutMs: int32(),
      transactionStartTimeMs: timestamp(),
      producerId: int64(),
      producerEpoch: int16(),
      topics: array({
        topic: string(),
        partitions: array(int32()),
      }),
    }),
  },
})

export type DescribeTransactionsRequest = Decoded<typeof describeTransactionsApi.request>
export type DescribeTransactionsRequestInit = Init<typeof describeTransactionsApi.request>
export type DescribeTransactionsResponse = Decoded<typeof describeTransactionsApi.response>
export type DescribeTransactionsResponseInit = Init<typeof describeTransactionsApi.response>
