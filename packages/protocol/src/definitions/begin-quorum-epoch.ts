// BeginQuorumEpoch (53): a new KRaft leader introduces itself.

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

export const beginQuorumEpochApi = api({
  key: 53,
  name: 'BeginQuorumEpoch',
  versions: [0, 1],
  flexible: 1,
  request: {
    clusterId: string({ nullable: true, default: null }),
    voterId: int32({ since: 1, default: -1, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        voterDirectoryId: uuid({ since: 1, ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
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

export type BeginQuorumEpochRequest = Decoded<typeof beginQuorumEpochApi.request>
export type BeginQuorumEpochRequestInit = Init<typeof beginQuorumEpochApi.request>
export type BeginQuorumEpochResponse = Decoded<typeof beginQuorumEpochApi.response>
export type BeginQuorumEpochResponseInit = Init<typeof beginQuorumEpochApi.response>
