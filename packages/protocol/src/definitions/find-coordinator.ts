// FindCoordinator (10): which broker coordinates a group (0), a transactional id (1), a share group (2).
// v4 asks for several keys.

import { api, array, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const findCoordinatorApi = api({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexible: 3,
  request: {
    key: string({ until: 3 }),
    keyType: int8({ since: 1, default: 0 }),
    coordinatorKeys: array({ since: 4 }, string()),
  },
  response: {
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16({ until: 3 }),
    errorMessage: string({ since: 1, until: 3, nullable: true, ignorable: true }),
    nodeId: int32({ until: 3 }),
    host: string({ until: 3 }),
    port: int32({ until: 3 }),
    coordinators: array(
      { since: 4 },
      {
        key: string(),
        nodeId: int32(),
        host: string(),
        port: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true, ignorable: true }),
      },
    ),
  },
})

export type FindCoordinatorRequest = Decoded<typeof findCoordinatorApi.request>
export type FindCoordinatorRequestInit = Init<typeof findCoordinatorApi.request>
export type FindCoordinatorResponse = Decoded<typeof findCoordinatorApi.response>
export type FindCoordinatorResponseInit = Init<typeof findCoordinatorApi.response>
