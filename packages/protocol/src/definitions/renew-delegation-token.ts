// RenewDelegationToken (39): prolongs a delegation token.

import { api, bytes, type Decoded, type Init, int16, int32, timestamp } from '../schema.ts'

export const renewDelegationTokenApi = api({
  key: 39,
  name: 'RenewDelegationToken',
  versions: [1, 2],
  flexible: 2,
  request: {
    hmac: bytes(),
    renewPeriodMs: timestamp(),
  },
  response: {
    errorCode: int16(),
    expiryTimestampMs: timestamp(),
    throttleTimeMs: int32({ default: 0 }),
  },
})

export type RenewDelegationTokenRequest = Decoded<typeof renewDelegationTokenApi.request>
export type RenewDelegationTokenRequestInit = Init<typeof renewDelegationTokenApi.request>
export type RenewDelegationTokenResponse = Decoded<typeof renewDelegationTokenApi.response>
export type RenewDelegationTokenResponseInit = Init<typeof renewDelegationTokenApi.response>
