// DescribeAcls (29): access rules that match a filter.

import { api, array, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const describeAclsApi = api({
  key: 29,
  name: 'DescribeAcls',
  versions: [1, 3],
  flexible: 2,
  request: {
    resourceTypeFilter: int8(),
    resourceNameFilter: string({ nullable: true }),
    patternTypeFilter: int8({ default: 3 }),
    principalFilter: string({ nullable: true }),
    hostFilter: string({ nullable: true }),
    operation: int8(),
    permissionType: int8(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true }),
    resources: array({
      resourceType: int8(),
      resourceName: string(),
      patternType: int8({ default: 3 }),
      acls: array({
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    }),
  },
})

export type DescribeAclsRequest = Decoded<typeof describeAclsApi.request>
export type DescribeAclsRequestInit = Init<typeof describeAclsApi.request>
export type DescribeAclsResponse = Decoded<typeof describeAclsApi.response>
export type DescribeAclsResponseInit = Init<typeof describeAclsApi.response>
