// RemoveRaftVoter (81): removes a voter from the metadata quorum.

import { api, type Decoded, type Init, int16, int32, string, uuid } from '../schema.ts'

export const removeRaftVoterApi = api({
  key: 81,
  name: 'RemoveRaftVoter',
  versions: [0, 0],
  flexible: 0,
  isOfController: true,
  request: {
    clusterId: string({ nullable: true }),
    voterId: int32(),
    voterDirectoryId: uuid(),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    errorMessage: string({ nullable: true, ignorable: true }),
  },
})

export type RemoveRaftVoterRequest = Decoded<typeof removeRaftVoterApi.request>
export type RemoveRaftVoterRequestInit = Init<typeof removeRaftVoterApi.request>
export type RemoveRaftVoterResponse = Decoded<typeof removeRaftVoterApi.response>
export type RemoveRaftVoterResponseInit = Init<typeof removeRaftVoterApi.response>
