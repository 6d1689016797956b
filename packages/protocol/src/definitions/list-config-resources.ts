// ListConfigResources (74): resources that have settings.

import { api, array, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const listConfigResourcesApi = api({
  key: 74,
  name: 'ListConfigResources',
  versions: [0, 1],
  flexible: 0,
  request: {
    resourceTypes: array({ since: 1 }, int8()),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    configResources: array({
      resourceName: string(),
      resourceType: int8({ since: 1, default: 16, ignorable: true }),
    }),
  },
})

export type ListConfigResourcesRequest = Decoded<typeof listConfigResourcesApi.request>
export type ListConfigResourcesRequestInit = Init<typeof listConfigResourcesApi.request>
export type ListConfigResourcesResponse = Decoded<typeof listConfigResourcesApi.response>
export type ListConfigResourcesResponseInit = Init<typeof listConfigResourcesApi.response>
