// AlterUserScramCredentials (51): adds or removes SCRAM credentials.

import {
  api,
  array,
  bytes,
  type Decoded,
  type Init,
  int8,
  int16,
  int32,
  string,
} from '../schema.ts'

export const alterUserScramCredentialsApi = api({
  key: 51,
  name: 'AlterUserScramCredentials',
  versions: [0, 0],
  flexible: 0,
  request: {
    deletions: array({
      name: string(),
      mechanism: int8(),
    }),
    upsertions: array({
      name: string(),
      mechanism: int8(),
      iterations: int32(),
      salt: bytes(),
      saltedPassword: bytes(),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
    }),
  },
})

export type AlterUserScramCredentialsRequest = Decoded<typeof alterUserScramCredentialsApi.request>
export type AlterUserScramCredentialsRequestInit = Init<typeof alterUserScramCredentialsApi.request>
export type AlterUserScramCredentialsResponse = Decoded<
  typeof alterUserScramCredentialsApi.response
>
export type AlterUserScramCredentialsResponseInit = Init<
  typeof alterUserScramCredentialsApi.response
>
