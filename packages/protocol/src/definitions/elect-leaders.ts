// ElectLeaders (43): preferred or unclean leader elections.

import { api, array, type Decoded, type Init, int8, int16, int32, string } from '../schema.ts'

export const electLeadersApi = api({
  key: 43,
  name: 'ElectLeaders',
  versions: [0, 2],
  flexible: 2,
  isOfController: true,
  request: {
    electionType: int8({ since: 1 }),
    topicPartitions: array(
      { nullable: true },
      {
        topic: string(),
        partitions: array(int32()),
      },
    ),
    timeoutMs: int32({ default: 60_000 }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ since: 1 }),
    replicaElectionResults: array({
      topic: string(),
      partitionResult: array({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: true }),
      }),
    }),
  },
})

export type ElectLeadersRequest = Decoded<typeof electLeadersApi.request>
export type ElectLeadersRequestInit = Init<typeof electLeadersApi.request>
export type ElectLeadersResponse = Decoded<typeof electLeadersApi.response>
export type ElectLeadersResponseInit = Init<typeof electLeadersApi.response>
