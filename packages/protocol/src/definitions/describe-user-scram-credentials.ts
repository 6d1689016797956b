// DescribeUserScramCredentials (50): which SCRAM mechanisms users have.

import { api, array, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const describeUserScramCredentialsApi = api({
  key: 50,
  name: 'DescribeUserScramCredentials',
  versions: [0, 0],
  flexible: 0,
  request: {
    users: array(
      { nullable: true },
      {
        name: string(),
      },
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    results: array({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      credentialInfos: array({
        mechanism: int8(),
        iterations: int32(),
      }),
    }),
  },
})

export type DescribeUserScramCredentialsRequest = Decoded<
  typeof describeUserScramCredentialsApi.request
>
export type DescribeUserScramCredentialsRequestInit = Init<
  typeof describeUserScramCredentialsApi.request
>
export type DescribeUserScramCredentialsResponse = Decoded<
  typeof describeUserScramCredentialsApi.response
>
export type DescribeUserScramCredentialsResponseInit = Init<
  typeof describeUserScramCredentialsApi.response
>
