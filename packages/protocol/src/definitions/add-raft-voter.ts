// AddRaftVoter (80): adds a voter to the metadata quorum.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int16,
  int32,
  string,
  uint16,
  uuid,
} from '../schema.ts'

export const addRaftVoterApi = api({
  key: 80,
  name: 'AddRaftVoter',
  versions: [0, 1],
  flexible: 0,
  isOfController: true,
  request: {
    clusterId: string({ nullable: true }),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: array({
      name: string(),
      host: string(),
      port: uint16(),
    }),
    ackWhenCommitted: bool({ since: 1, default: true }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, ignorable: true }),
  },
})

export type AddRaftVoterRequest = Decoded<typeof addRaftVoterApi.request>
export type AddRaftVoterRequestInit = Init<typeof addRaftVoterApi.request>
export type AddRaftVoterResponse = Decoded<typeof addRaftVoterApi.response>
export type AddRaftVoterResponseInit = Init<typeof addRaftVoterApi.response>
