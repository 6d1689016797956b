// Envelope (58): a request that a broker forwards to the controller, with the client's principal.

import { api, bytes, type Decoded, type Init, int16 } from '../schema.ts'

export const envelopeApi = api({
  key: 58,
  name: 'Envelope',
  versions: [0, 0],
  flexible: 0,
  request: {
    requestData: bytes(),
    requestPrincipal: bytes({ nullable: true }),
    clientHostAddress: bytes(),
  },
  response: {
    responseData: bytes({ nullable: true, default: null }),
    errorCode: int16(),
  },
})

export type EnvelopeRequest = Decoded<typeof envelopeApi.request>
export type EnvelopeRequestInit = Init<typeof envelopeApi.request>
export type EnvelopeResponse = Decoded<typeof envelopeApi.response>
export type EnvelopeResponseInit = Init<typeof envelopeApi.response>
