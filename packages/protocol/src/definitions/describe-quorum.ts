// DescribeQuorum (55): leader, voters and observers of the metadata quorum.

import {
  api,
  array,
  type Decoded,
  type Init,
  int16,
  int32,
  int64,
  string,
  timestamp,
  uint16,
  uuid,
} from '../schema.ts'

const replicaState = {
  replicaId: int32(),
  replicaDirectoryId: uuid({ since: 2 }),
  logEndOffset: int64(),
  lastFetchTimestamp: timestamp({ since: 1, default: -1, ignorable: true }),
  lastCaughtUpTimestamp: timestamp({ since: 1, default: -1, ignorable: true }),
}

export const describeQuorumApi = api({
  key: 55,
  name: 'DescribeQuorum',
  versions: [0, 2],
  flexible: 0,
  isOfController: true,
  request: {
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
      }),
    }),
  },
  response: {
    errorCode: int16(),
    errorMessage: string({ since: 2, nullable: true, ignorable: true }),
    topics: array({
      topicName: string(),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ since: 2, nullable: true, ignorable: true }),
        leaderId: int32(),
        leaderEpoch: int32(),
        highWatermark: int64(),
        currentVoters: array(replicaState),
        observers: array(replicaState),
      }),
    }),
    nodes: array(
      { since: 2 },
      {
        nodeId: int32(),
        listeners: array({
          name: string(),
          host: string(),
          port: uint16(),
        }),
      },
    ),
  },
})

export type DescribeQuorumRequest = Decoded<typeof describeQuorumApi.request>
export type DescribeQuorumRequestInit = Init<typeof describeQuorumApi.request>
export type DescribeQuorumResponse = Decoded<typeof describeQuorumApi.response>
export type DescribeQuorumResponseInit = Init<typeof describeQuorumApi.response>
