// IncrementalAlterConfigs (44): sets (0), deletes (1), appends to (2) or subtracts from (3) settings.

import { api, array, bool, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const incrementalAlterConfigsApi = api({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexible: 1,
  isOfController: true,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
        configOperation: int8(),
        value: string({ nullable: true }),
      }),
    }),
    validateOnly: bool(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    responses: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
})

export type IncrementalAlterConfigsRequest = Decoded<typeof incrementalAlterConfigsApi.request>
export type IncrementalAlterConfigsRequestInit = Init<typeof incrementalAlterConfigsApi.request>
export type IncrementalAlterConfigsResponse = Decoded<typeof incrementalAlterConfigsApi.response>
export type IncrementalAlterConfigsResponseInit = Init<typeof incrementalAlterConfigsApi.response>
