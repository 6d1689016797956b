// LeaveGroup (13): classic groups: one member (to v2) or several (from v3) leave.

import { api, array, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const leaveGroupApi = api({
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexible: 4,
  request: {
    groupId: string(),
    memberId: string({ until: 2 }),
    members: array(
      { since: 3 },
      {
        memberId: string(),
        groupInstanceId: string({ nullable: true, default: null }),
        reason: string({ since: 5, nullable: true, default: null, ignorable: true }),
      },
    ),
  },
  response: {
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16(),
    members: array(
      { since: 3 },
      {
        memberId: string(),
        groupInstanceId: string({ nullable: true }),
        errorCode: int16(),
      },
    ),
  },
})

export type LeaveGroupRequest = Decoded<typeof leaveGroupApi.request>
export type LeaveGroupRequestInit = Init<typeof leaveGroupApi.request>
export type LeaveGroupResponse = Decoded<typeof leaveGroupApi.response>
export type LeaveGroupResponseInit = Init<typeof leaveGroupApi.response>
