// CreateAcls (30): adds access rules.

import { api, array, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const createAclsApi = api({
  key: 30,
  name: 'CreateAcls',
  versions: [1, 3],
  flexible: 2,
  request: {
    creations: array({
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8({ default: 3 }),
      principal: string(),
      host: string(),
      operation: int8(),
      permissionType: int8(),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
    }),
  },
})

export type CreateAclsRequest = Decoded<typeof createAclsApi.request>
export type CreateAclsRequestInit = Init<typeof createAclsApi.request>
export type CreateAclsResponse = Decoded<typeof createAclsApi.response>
export type CreateAclsResponseInit = Init<typeof createAclsApi.response>
