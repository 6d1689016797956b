// UnregisterBroker (64): removes a broker that will not come back.

import { api, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const unregisterBrokerApi = api({
  key: 64,
  name: 'UnregisterBroker',
  versions: [0, 0],
  flexible: 0,
  isOfController: true,
  request: {
    brokerId: int32(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
  },
})

export type UnregisterBrokerRequest = Decoded<typeof unregisterBrokerApi.request>
export type UnregisterBrokerRequestInit = Init<typeof unregisterBrokerApi.request>
export type UnregisterBrokerResponse = Decoded<typeof unregisterBrokerApi.response>
export type UnregisterBrokerResponseInit = Init<typeof unregisterBrokerApi.response>
