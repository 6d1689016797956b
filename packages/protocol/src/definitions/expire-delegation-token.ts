// ExpireDelegationToken (40): ends a delegation token.

import { api, bytes, type Decoded, type Init, int16, int32, timestamp } from '../schema.ts'

export const expireDelegationTokenApi = api({
  key: 40,
  name: 'ExpireDelegationToken',
  versions: [1, 2],
  flexible: 2,
  request: {
    hmac: bytes(),
    expiryTimePeriodMs: timestamp(),
  },
  response: {
    errorCode: int16(),
    expiryTimestampMs: timestamp(),
    throttleTimeMs: int32({ default: 0 }),
  },
})

export type ExpireDelegationTokenRequest = Decoded<typeof expireDelegationTokenApi.request>
export type ExpireDelegationTokenRequestInit = Init<typeof expireDelegationTokenApi.request>
export type ExpireDelegationTokenResponse = Decoded<typeof expireDelegationTokenApi.response>
export type ExpireDelegationTokenResponseInit = Init<typeof expireDelegationTokenApi.response>
