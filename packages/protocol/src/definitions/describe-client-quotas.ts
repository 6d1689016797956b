// DescribeClientQuotas (48): quotas that match a filter.

import {
  api,
  array,
  bool,
  type Decoded,
  float64,
  type Init,
  int8,
  int16,
  int32,
  string,
} from '../schema.ts'

export const describeClientQuotasApi = api({
  key: 48,
  name: 'DescribeClientQuotas',
  versions: [0, 1],
  flexible: 1,
  request: {
    components: array({
      entityType: string(),
      matchType: int8(),
      match: string({ nullable: true }),
    }),
    strict: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    entries: array(
      { nullable: true },
      {
        entity: array({
          entityType: string(),
          entityName: string({ nullable: true }),
        }),
        values: array({
          key: string(),
          value: float64(),
        }),
      },
    ),
  },
})

export type DescribeClientQuotasRequest = Decoded<typeof describeClientQuotasApi.request>
export type DescribeClientQuotasRequestInit = Init<typeof describeClientQuotasApi.request>
export type DescribeClientQuotasResponse = Decoded<typeof describeClientQuotasApi.response>
export type DescribeClientQuotasResponseInit = Init<typeof describeClientQuotasApi.response>
