// SyncGroup (14): classic groups: the leader hands out the assignment, each member gets its own.

import { api, array, bytes, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const syncGroupApi = api({
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ since: 3, nullable: true, default: null }),
    protocolType: string({ since: 5, nullable: true, default: null, ignorable: true }),
    protocolName: string({ since: 5, nullable: true, default: null, ignorable: true }),
    assignments: array({
      memberId: string(),
      assignment: bytes(),
    }),
  },
  response: {
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16(),
    protocolType: string({ since: 5, nullable: true, default: null, ignorable: true }),
    protocolName: string({ since: 5, nullable: true, default: null, ignorable: true }),
    assignment: bytes(),
  },
})

export type SyncGroupRequest = Decoded<typeof syncGroupApi.request>
export type SyncGroupRequestInit = Init<typeof syncGroupApi.request>
export type SyncGroupResponse = Decoded<typeof syncGroupApi.response>
export type SyncGroupResponseInit = Init<typeof syncGroupApi.response>
