// ListGroups (16): groups of this coordinator. v4 filters by state, v5 by type.

import { api, array, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const listGroupsApi = api({
  key: 16,
  name: 'ListGroups',
  versions: [0, 5],
  flexible: 3,
  request: {
    statesFilter: array({ since: 4 }, string()),
    typesFilter: array({ since: 5 }, string()),
  },
  response: {
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16(),
    groups: array({
      groupId: string(),
      protocolType: string(),
      groupState: string({ since: 4, ignorable: true }),
      groupType: string({ since: 5, ignorable: true }),
    }),
  },
})

export type ListGroupsRequest = Decoded<typeof listGroupsApi.request>
export type ListGroupsRequestInit = Init<typeof listGroupsApi.request>
export type ListGroupsResponse = Decoded<typeof listGroupsApi.response>
export type ListGroupsResponseInit = Init<typeof listGroupsApi.response>
