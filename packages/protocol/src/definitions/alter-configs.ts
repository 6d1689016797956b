// AlterConfigs (33): replaces all settings of a resource.

import { api, array, bool, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const alterConfigsApi = api({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexible: 2,
  isOfController: true,
  request: {
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      configs: array({
        name: string(),
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

export type AlterConfigsRequest = Decoded<typeof alterConfigsApi.request>
export type AlterConfigsRequestInit = Init<typeof alterConfigsApi.request>
export type AlterConfigsResponse = Decoded<typeof alterConfigsApi.response>
export type AlterConfigsResponseInit = Init<typeof alterConfigsApi.response>
