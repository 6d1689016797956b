// DeleteGroups (42): deletes empty groups.

import { api, array, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const deleteGroupsApi = api({
  key: 42,
  name: 'DeleteGroups',
  versions: [0, 2],
  flexible: 2,
  request: {
    groupsNames: array(string()),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    results: array({
      groupId: string(),
      errorCode: int16(),
    }),
  },
})

export type DeleteGroupsRequest = Decoded<typeof deleteGroupsApi.request>
export type DeleteGroupsRequestInit = Init<typeof deleteGroupsApi.request>
export type DeleteGroupsResponse = Decoded<typeof deleteGroupsApi.response>
export type DeleteGroupsResponseInit = Init<typeof deleteGroupsApi.response>
