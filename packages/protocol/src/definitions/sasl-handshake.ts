// SaslHandshake (17): chooses a SASL mechanism. After v0 the tokens travel without frames.

import { api, array, type Decoded, type Init, int16, string } from '../schema.ts'

export const saslHandshakeApi = api({
  key: 17,
  name: 'SaslHandshake',
  versions: [0, 1],
  flexible: 'never',
  request: {
    mechanism: string(),
  },
  response: {
    errorCode: int16(),
    mechanisms: array(string()),
  },
})

export type SaslHandshakeRequest = Decoded<typeof saslHandshakeApi.request>
export type SaslHandshakeRequestInit = Init<typeof saslHandshakeApi.request>
export type SaslHandshakeResponse = Decoded<typeof saslHandshakeApi.response>
export type SaslHandshakeResponseInit = Init<typeof saslHandshakeApi.response>
