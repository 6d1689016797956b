// Vote (52): a KRaft candidate asks for a vote. v2 pre-vote.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int16,
  int32,
  int64,
  string,
  uint16,
  uuid,
} from '../schema.ts'

export const voteApi = api({
  key: 52,
  name: 'Vote',
  versions: [0, 2],
  flexible: 0,
  request: {
    clusterId: string({ nullable: true, default: null }),
    voterId: int32({ since: 1, default: -1, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        replicaEpoch: int32(),
        replicaId: int32(),
        replicaDirectoryId: uuid({ since: 1, ignorable: true }),
        voterDirectoryId: uuid({ since: 1, ignorable: true }),
        lastOffsetEpoch: int32(),
        lastOffset: int64(),
        preVote: bool({ since: 2 }),
      }),
    }),
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
        voteGranted: bool(),
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

export type VoteRequest = Decoded<typeof voteApi.request>
export type VoteRequestInit = Init<typeof voteApi.request>
export type VoteResponse = Decoded<typeof voteApi.response>
export type VoteResponseInit = Init<typeof voteApi.response>
