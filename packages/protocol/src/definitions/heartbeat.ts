// Heartbeat (12): classic groups: keeps a member alive and tells it of rebalances.

import { api, type Decoded, type Init, int16, int32, string } from '../schema.ts'

export const heartbeatApi = api({
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexible: 4,
  request: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ since: 3, nullable: true, default: null }),
  },
  response: {
    throttleTimeMs: int32({ since: 1, default: 0, ignorable: true }),
    errorCode: int16(),
  },
})

export type HeartbeatRequest = Decoded<typeof heartbeatApi.request>
export type HeartbeatRequestInit = Init<typeof heartbeatApi.request>
export type HeartbeatResponse = Decoded<typeof heartbeatApi.response>
export type HeartbeatResponseInit = Init<typeof heartbeatApi.response>
