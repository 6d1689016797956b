// UpdateRaftVoter (82): a voter reports its addresses and versions.

import {
  api,
  array,
  type Decoded,
  type Init,
  int16,
  int32,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts'

export const updateRaftVoterApi = api({
  key: 82,
  name: 'UpdateRaftVoter',
  versions: [0, 0],
  flexible: 0,
  request: {
    clusterId: string({ nullable: true }),
    currentLeaderEpoch: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
    }),
    kRaftVersionFeature: struct({
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    currentLeader: struct(
      { tag: 0 },
      {
        leaderId: int32({ default: -1 }),
        leaderEpoch: int32({ default: -1 }),
        host: string(),
        port: int32(),
      },
    ),
  },
})

export type UpdateRaftVoterRequest = Decoded<typeof updateRaftVoterApi.request>
export type UpdateRaftVoterRequestInit = Init<typeof updateRaftVoterApi.request>
export type UpdateRaftVoterResponse = Decoded<typeof updateRaftVoterApi.response>
export type UpdateRaftVoterResponseInit = Init<typeof updateRaftVoterApi.response>
