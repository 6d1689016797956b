// AllocateProducerIds (67): a broker takes a block of producer ids.

import { api, type Decoded, type Init, int16, int32, int64 } from '../schema.ts'

export const allocateProducerIdsApi = api({
  key: 67,
  name: 'AllocateProducerIds',
  versions: [0, 0],
  flexible: 0,
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    producerIdStart: int64(),
    producerIdLen: int32(),
  },
})

export type AllocateProducerIdsRequest = Decoded<typeof allocateProducerIdsApi.request>
export type AllocateProducerIdsRequestInit = Init<typeof allocateProducerIdsApi.request>
export type AllocateProducerIdsResponse = Decoded<typeof allocateProducerIdsApi.response>
export type AllocateProducerIdsResponseInit = Init<typeof allocateProducerIdsApi.response>
