// EndTxn (26): commits or aborts. v5 gives the next epoch.

import { api, bool, type Decoded, type Init, int16, int32, int64, string } from '../schema.ts'

export const endTxnApi = api({
  key: 26,
  name: 'EndTxn',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactionalId: string(),
    producerId: int64(),
    producerEpoch: int16(),
    committed: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    producerId: int64({ since: 5, default: -1, ignorable: true }),
    producerEpoch: int16({ since: 5, default: -1, ignorable: true }),
  },
})

export type EndTxnRequest = Decoded<typeof endTxnApi.request>
export type EndTxnRequestInit = Init<typeof endTxnApi.request>
export type EndTxnResponse = Decoded<typeof endTxnApi.response>
export type EndTxnResponseInit = Init<typeof endTxnApi.response>
