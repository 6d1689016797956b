// DescribeDelegationToken (41): delegation tokens by owner.

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

export const describeDelegationTokenApi = api({
  key: 41,
  name: 'DescribeDelegationToken',
  versions: [1, 3],
  flexible: 2,
  request: {
    owners: array(
      { nullable: true },
      {
        principalType: string(),
        principalName: string(),
      },
    ),
  },
  response: {
    errorCode: int16(),
    tokens: array({
      principalType: string(),
      principalName: string(),
      tokenRequesterPrincipalType: string({ since: 3 }),
      tokenRequesterPrincipalName: string({ since: 3 }),
      issueTimestamp: timestamp(),
      expiryTimestamp: timestamp(),
      maxTimestamp: timestamp(),
      tokenId: string(),
      hmac: bytes(),
      renewers: array({
        principalType: string(),
        principalName: string(),
      }),
    }),
    throttleTimeMs: int32({ default: 0 }),
  },
})

export type DescribeDelegationTokenRequest = Decoded<typeof describeDelegationTokenApi.request>
export type DescribeDelegationTokenRequestInit = Init<typeof describeDelegationTokenApi.request>
export type DescribeDelegationTokenResponse = Decoded<typeof describeDelegationTokenApi.response>
export type DescribeDelegationTokenResponseInit = Init<typeof describeDelegationTokenApi.response>
