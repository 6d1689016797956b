// EndQuorumEpoch (54): a KRaft leader resigns.

import {
  api,
  array,
  type Decoded,
  type Init,
  int16,
  int32,
  string,
  uint16,
  uuid,
} from '../schema.ts'

export const endQuorumEpochApi = api({
  key: 54,
  name: 'EndQuorumEpoch',
  versions: [0, 1],
  flexible: 1,
  request: {
    clusterId: string({ nullable: true, default: null }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32(),
        preferredSuccessors: array({ until: 0, ignorable: true }, int32()),
        preferredCandidates: array(
          { since: 1, ignorable: true },
          {
            candidateId: int32(),
            candidateDirectoryId: uuid(),
          },
        ),
      }),
    }),
    leaderEndpoints: array(
      { since: 1, ignorable: true },
      {
        name: string(),
        host: string(),
        port: uint16(),
      },
    ),
  },
  response: {
    errorCode: int16(),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
      }),
    }),
    nodeEndpoints: array(
      { since: 1, tag: 0 },
      {
        nodeId: int32(),
        host: string(),
        port: uint16(),
      },
    ),
  },
})

export type EndQuorumEpochRequest = Decoded<typeof endQuorumEpochApi.request>
export type EndQuorumEpochRequestInit = Init<typeof endQuorumEpochApi.request>
export type EndQuorumEpochResponse = Decoded<typeof endQuorumEpochApi.response>
export type EndQuorumEpochResponseInit = Init<typeof endQuorumEpochApi.response>
