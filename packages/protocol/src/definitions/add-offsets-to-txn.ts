// AddOffsetsToTxn (25): a group's offsets join a transaction.

import { api, type Decoded, type Init, int16, int32, int64, string } from '../schema.ts'

export const addOffsetsToTxnApi = api({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexible: 3,
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    groupId: string(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
  },
})

export type AddOffsetsToTxnRequest = Decoded<typeof addOffsetsToTxnApi.request>
export type AddOffsetsToTxnRequestInit = Init<typeof addOffsetsToTxnApi.request>
export type AddOffsetsToTxnResponse = Decoded<typeof addOffsetsToTxnApi.response>
export type AddOffsetsToTxnResponseInit = Init<typeof addOffsetsToTxnApi.response>
