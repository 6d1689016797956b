// CreateDelegationToken (38): a new delegation token. v3 can name another owner.

import {
  api,
  array,
  bytes,
  type Decoded,
  type Init,
  int16,
  int32,
  string,
  timestamp,
} from '../schema.ts'

export const createDelegationTokenApi = api({
  key: 38,
  name: 'CreateDelegationToken',
  versions: [1, 3],
  flexible: 2,
  request: {
    ownerPrincipalType: string({ since: 3, nullable: true }),
    ownerPrincipalName: string({ since: 3, nullable: true }),
    renewers: array({
      principalType: string(),
      principalName: string(),
    }),
    maxLifetimeMs: timestamp(),
  },
  response: {
    errorCode: int16(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string({ since: 3 }),
    tokenRequesterPrincipalName: string({ since: 3 }),
    issueTimestampMs: timestamp(),
    expiryTimestampMs: timestamp(),
    maxTimestampMs: timestamp(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32({ default: 0 }),
  },
})

export type CreateDelegationTokenRequest = Decoded<typeof createDelegationTokenApi.request>
export type CreateDelegationTokenRequestInit = Init<typeof createDelegationTokenApi.request>
export type CreateDelegationTokenResponse = Decoded<typeof createDelegationTokenApi.response>
export type CreateDelegationTokenResponseInit = Init<typeof createDelegationTokenApi.response>
