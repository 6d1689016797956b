// AlterClientQuotas (49): sets or removes quotas.

import {
  api,
  array,
  bool,
  type Decoded,
  float64,
  type Init,
  int16,
  int32,
  string,
} from '../schema.ts'

export const alterClientQuotasApi = api({
  key: 49,
  name: 'AlterClientQuotas',
  versions: [0, 1],
  flexible: 1,
  request: {
    entries: array({
      entity: array({
        entityType: string(),
        entityName: string({ nullable: true }),
      }),
      ops: array({
        key: string(),
        value: float64(),
        remove: bool(),
      }),
    }),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    entries: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      entity: array({
        entityType: string(),
        entityName: string({ nullable: true }),
      }),
    }),
  },
})

export type AlterClientQuotasRequest = Decoded<typeof alterClientQuotasApi.request>
export type AlterClientQuotasRequestInit = Init<typeof alterClientQuotasApi.request>
export type AlterClientQuotasResponse = Decoded<typeof alterClientQuotasApi.response>
export type AlterClientQuotasResponseInit = Init<typeof alterClientQuotasApi.response>
