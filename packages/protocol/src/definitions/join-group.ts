// JoinGroup (11): classic groups: joins and waits for the rebalance. v4 the member id is required, v5 static
// members, v7 protocol type, v8 a reason, v9 skipAssignment.

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

export const joinGroupApi = api({
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexible: 6,
  request: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ since: 1, default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string({ since: 5, nullable: true, default: null }),
    protocolType: string(),
    protocols: array({
      name: string(),
      metadata: bytes(),
    }),
    reason: string({ since: 8, nullable: true, default: null, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32({ since: 2, default: 0, ignorable: true }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ since: 7, nullable: true, default: null, ignorable: true }),
    protocolName: string({ nullable: 7 }),
    leader: string(),
    skipAssignment: bool({ since: 9, default: false }),
    memberId: string(),
    members: array({
      memberId: string(),
      groupInstanceId: string({ since: 5, nullable: true, default: null, ignorable: true }),
      metadata: bytes(),
    }),
  },
})

export type JoinGroupRequest = Decoded<typeof joinGroupApi.request>
export type JoinGroupRequestInit = Init<typeof joinGroupApi.request>
export type JoinGroupResponse = Decoded<typeof joinGroupApi.response>
export type JoinGroupResponseInit = Init<typeof joinGroupApi.response>
