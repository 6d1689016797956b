// DescribeGroups (15): state and members of classic groups. v3 authorized operations, v4 static members.

import {
  api,
  array,
  bool,
  bytes,
  type Decoded,
  type Init,
  int16,
  int32,
  string,
} from '../schema.ts'

export const describeGroupsApi = api({
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexible: 5,
  request: {
    groups: array(string()),
    includeAuthorizedOperations: bool({ since: 3 }),
  },
  response: {
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    groups: array({
      errorCode: int16(),
      errorMessage: string({ since: 6, nullable: true, default: null }),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: array({
        memberId: string(),
        groupInstanceId: string({ since: 4, nullable: true, default: null, ignorable: true }),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32({ since: 3, default: -2_147_483_648 }),
    }),
  },
})

export type DescribeGroupsRequest = Decoded<typeof describeGroupsApi.request>
export type DescribeGroupsRequestInit = Init<typeof describeGroupsApi.request>
export type DescribeGroupsResponse = Decoded<typeof describeGroupsApi.response>
export type DescribeGroupsResponseInit = Init<typeof describeGroupsApi.response>
