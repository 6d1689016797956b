// FetchSnapshot (59): reads a snapshot of the metadata log.

import {
  api,
  array,
  type Decoded,
  type Init,
  int16,
  int32,
  int64,
  records,
  string,
  struct,
  uint16,
  uuid,
} from '../schema.ts'

export const fetchSnapshotApi = api({
  key: 59,
  name: 'FetchSnapshot',
  versions: [0, 1],
  flexible: 0,
  request: {
    clusterId: string({ nullable: true, tag: 0, default: null }),
    replicaId: int32({ default: -1 }),
    maxBytes: int32({ default: 0x7fff_ffff }),
    topics: array({
      name: string(),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32(),
        snapshotId: struct({
          endOffset: int64(),
          epoch: int32(),
        }),
        position: int64(),
        replicaDirectoryId: uuid({ since: 1, tag: 0, ignorable: true }),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    errorCode: int16(),
    topics: array({
      name: string(),
      partitions: array({
        index: int32(),
        errorCode: int16(),
        snapshotId: struct({
          endOffset: int64(),
          epoch: int32(),
        }),
        currentLeader: struct(
          { tag: 0 },
          {
            leaderId: int32(),
            leaderEpoch: int32(),
          },
        ),
        size: int64(),
        position: int64(),
        unalignedRecords: records(),
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

export type FetchSnapshotRequest = Decoded<typeof fetchSnapshotApi.request>
export type FetchSnapshotRequestInit = Init<typeof fetchSnapshotApi.request>
export type FetchSnapshotResponse = Decoded<typeof fetchSnapshotApi.response>
export type FetchSnapshotResponseInit = Init<typeof fetchSnapshotApi.response>
