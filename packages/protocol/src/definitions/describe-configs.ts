// DescribeConfigs (32): settings of topics, brokers, groups. v1 sources and synonyms, v3 documentation and types.

import { api, array, bool, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const describeConfigsApi = api({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexible: 4,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configurationKeys: array({ nullable: true }, string()),
    }),
    includeSynonyms: bool({ default: false }),
    includeDocumentation: bool({ since: 3, default: false }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        value: string({ nullable: true }),
        readOnly: bool(),
        configSource: int8({ default: -1, ignorable: true }),
        isSensitive: bool(),
        synonyms: array(
          { ignorable: true },
          {
            name: string(),
            value: string({ nullable: true }),
            source: int8(),
          },
        ),
        configType: int8({ since: 3, default: 0, ignorable: true }),
        documentation: string({ since: 3, nullable: true, ignorable: true }),
      }),
    }),
  },
})

export type DescribeConfigsRequest = Decoded<typeof describeConfigsApi.request>
export type DescribeConfigsRequestInit = Init<typeof describeConfigsApi.request>
export type DescribeConfigsResponse = Decoded<typeof describeConfigsApi.response>
export type DescribeConfigsResponseInit = Init<typeof describeConfigsApi.response>
