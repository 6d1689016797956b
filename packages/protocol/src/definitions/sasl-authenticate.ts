// SaslAuthenticate (36): one step of the SASL exchange. v1 how long the session lives.

import { api, bytes, type Decoded, type Init, int16, string, timestamp } from '../schema.ts'

export const saslAuthenticateApi = api({
  key: 36,
  name: 'SaslAuthenticate',
  versions: [0, 2],
  flexible: 2,
  request: {
    authBytes: bytes(),
  },
  response: {
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    authBytes: bytes(),
    sessionLifetimeMs: timestamp({ since: 1, default: 0, ignorable: true }),
  },
})

export type SaslAuthenticateRequest = Decoded<typeof saslAuthenticateApi.request>
export type SaslAuthenticateRequestInit = Init<typeof saslAuthenticateApi.request>
export type SaslAuthenticateResponse = Decoded<typeof saslAuthenticateApi.response>
export type SaslAuthenticateResponseInit = Init<typeof saslAuthenticateApi.response>
