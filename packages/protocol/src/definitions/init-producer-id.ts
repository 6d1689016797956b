// InitProducerId (22): a producer id and epoch. v3 can bump the epoch. v6 is unstable: two-phase commit.

import { api, bool, type Decoded, type Init, int16, int32, int64, string } from '../schema.ts'

export const initProducerIdApi = api({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 5],
  unstable: 6,
  flexible: 2,
  request: {
    transactionalId: string({ nullable: true }),
    transactionTimeoutMs: int32(),
    producerId: int64({ since: 3, default: -1 }),
    producerEpoch: int16({ since: 3, default: -1 }),
    enable2Pc: bool({ since: 6, default: false }),
    keepPreparedTxn: bool({ since: 6, default: false }),
  },
  response: {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    errorCode: int16(),
    producerId: int64({ default: -1 }),
    producerEpoch: int16(),
    ongoingTxnProducerId: int64({ since: 6, default: -1 }),
    ongoingTxnProducerEpoch: int16({ since: 6, default: -1 }),
  },
})

export type InitProducerIdRequest = Decoded<typeof initProducerIdApi.request>
export type InitProducerIdRequestInit = Init<typeof initProducerIdApi.request>
export type InitProducerIdResponse = Decoded<typeof initProducerIdApi.response>
export type InitProducerIdResponseInit = Init<typeof initProducerIdApi.response>
