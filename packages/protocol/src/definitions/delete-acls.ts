// DeleteAcls (31): removes access rules that match filters.

import { api, array, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const deleteAclsApi = api({
  key: 31,
  name: 'DeleteAcls',
  versions: [1, 3],
  flexible: 2,
  request: {
    filters: array({
      resourceTypeFilter: int8(),
      resourceNameFilter: string({ nullable: true }),
      patternTypeFilter: int8({ default: 3 }),
      principalFilter: string({ nullable: true }),
      hostFilter: string({ nullable: true }),
      operation: int8(),
      permissionType: int8(),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    filterResults: array({
      errorCode: int16(),
      errorMessage: string({ nullable: true }),
      matchingAcls: array({
        errorCode: int16(),
        errorMessage: string({ nullable: true }),
        resourceType: int8(),
        resourceName: string(),
        patternType: int8({ default: 3 }),
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    }),
  },
})

export type DeleteAclsRequest = Decoded<typeof deleteAclsApi.request>
export type DeleteAclsRequestInit = Init<typeof deleteAclsApi.request>
export type DeleteAclsResponse = Decoded<typeof deleteAclsApi.response>
export type DeleteAclsResponseInit = Init<typeof deleteAclsApi.response>
