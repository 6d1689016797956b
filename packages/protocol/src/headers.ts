// What stands before the body of every request and response. Version 0 of the request header is
// gone since Kafka 4; the client id keeps its old form in version 2.

import { type Decoded, int16, int32, message, string } from './schema.ts'

export const requestHeader = message({
  name: 'RequestHeader',
  versions: [1, 2],
  flexible: 2,
  fields: {
    requestApiKey: int16(),
    requestApiVersion: int16(),
    correlationId: int32(),
    clientId: string({ nullable: true, neverCompact: true }),
  },
})

export type RequestHeader = Decoded<typeof requestHeader>

export const responseHeader = message({
  name: 'ResponseHeader',
  versions: [0, 1],
  flexible: 1,
  fields: {
    correlationId: int32(),
  },
})
