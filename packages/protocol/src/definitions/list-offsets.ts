// ListOffsets (2): offsets by timestamp; -1 latest, -2 earliest, -3 maximum timestamp (v7),
// -4 earliest local (v8), -5 last tiered (v9), -6 earliest pending upload (v11).

import {
  api,
  array,
  type Decoded,
  type Init,
  int8,
  int16,
  int32,
  int64,
  string,
  timestamp,
} from '../schema.ts'

export const listOffsetsApi = api({
  key: 2,
  name: 'ListOffsets',
  versions: [1, 11],
  flexible: 6,
  request: {
    replicaId: int32(),
    isolationLevel: int8({ since: 2 }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        currentLeaderEpoch: int32({ since: 4, default: -1, ignorable: true }),
        timestamp: timestamp(),
      }),
    }),
    timeoutMs: int32({ since: 10, ignorable: true }),
  },
  response: {
    throttleTimeMs: int32({ since: 2, default: 0, ignorable: true }),
    topics: array({
      name: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        timestamp: timestamp({ default: -1 }),
        offset: int64({ default: -1 }),
        leaderEpoch: int32({ since: 4, default: -1 }),
      }),
    }),
  },
})

export type ListOffsetsRequest = Decoded<typeof listOffsetsApi.request>
export type ListOffsetsRequestInit = Init<typeof listOffsetsApi.request>
export type ListOffsetsResponse = Decoded<typeof listOffsetsApi.response>
export type ListOffsetsResponseInit = Init<typeof listOffsetsApi.response>
