// ListTransactions (66): transactions of this coordinator. v1 by duration, v2 by pattern.

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

export const listTransactionsApi = api({
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexible: 0,
  request: {
    stateFilters: array(string()),
    producerIdFilters: array(int64()),
    durationFilter: timestamp({ since: 1, default: -1 }),
    transactionalIdPattern: string({ since: 2, nullable: true, default: null }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    unknownStateFilters: array(string()),
    transactionStates: array({
      transactionalId: string(),
      producerId: int64(),
      transactionState: string(),
    }),
  },
})

export type ListTransactionsRequest = Decoded<typeof listTransactionsApi.request>
export type ListTransactionsRequestInit = Init<typeof listTransactionsApi.request>
export type ListTransactionsResponse = Decoded<typeof listTransactionsApi.response>
export type ListTransactionsResponseInit = Init<typeof listTransactionsApi.response>
