// Fetch (1): reads record batches. v4 isolation level, v5 logStartOffset, v7 sessions, v9 leader
// epochs, v11 racks, v12 flexible and divergence, v13 topic ids, v15 replicaState, v16 names new
// leaders, v17 directory ids, v18 the follower's high watermark.

import {
  api,
  array,
  type Decoded,
  type Init,
  int8,
  int16,
  int32,
  int64,
  looseInt64,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const fetchApi = api({
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexible: 12,
  request: {
    clusterId: string({ since: 12, nullable: true, tag: 0, default: null, ignorable: true }),
    replicaId: int32({ until: 14, default: -1 }),
    replicaState: struct(
      { since: 15, tag: 1 },
      {
        replicaId: int32({ default: -1 }),
        replicaEpoch: int64({ default: -1 }),
      },
    ),
    maxWaitMs: int32(),
    minBytes: int32(),
    maxBytes: int32({ default: 0x7fff_ffff, ignorable: true }),
    isolationLevel: int8({ default: 0, ignorable: true }),
    sessionId: int32({ since: 7, default: 0, ignorable: true }),
    sessionEpoch: int32({ since: 7, default: -1, ignorable: true }),
    topics: array({
      topic: string({ until: 12, ignorable: true }),
      topicId: uuid({ since: 13, ignorable: true }),
      partitions: array({
        partition: int32(),
        currentLeaderEpoch: int32({ since: 9, default: -1, ignorable: true }),
        fetchOffset: int64(),
        lastFetchedEpoch: int32({ since: 12, default: -1 }),
        logStartOffset: int64({ since: 5, default: -1, ignorable: true }),
        partitionMaxBytes: int32(),
        replicaDirectoryId: uuid({ since: 17, tag: 0, ignorable: true }),
        highWatermark: looseInt64({ since: 18, tag: 1, default: 2 ** 63, ignorable: true }),
      }),
    }),
    forgottenTopicsData: array(
      { since: 7 },
      {
        topic: string({ until: 12, ignorable: true }),
        topicId: uuid({ since: 13, ignorable: true }),
        partitions: array(int32()),
      },
    ),
    rackId: string({ since: 11, default: '', ignorable: true }),
  },
  response: {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    errorCode: int16({ since: 7, ignorable: true }),
    sessionId: int32({ since: 7, default: 0 }),
    responses: array({
      topic: string({ until: 12, ignorable: true }),
      topicId: uuid({ since: 13, ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        highWatermark: int64(),
        lastStableOffset: int64({ default: -1, ignorable: true }),
        logStartOffset: int64({ since: 5, default: -1, ignorable: true }),
        divergingEpoch: struct(
          { since: 12, tag: 0 },
          {
            epoch: int32({ default: -1 }),
            endOffset: int64({ default: -1 }),
          },
        ),
        currentLeader: struct(
          { since: 12, tag: 1 },
          {
            leaderId: int32({ default: -1 }),
            leaderEpoch: int32({ default: -1 }),
          },
        ),
        snapshotId: struct(
          { since: 12, tag: 2 },
          {
            endOffset: int64({ default: -1 }),
            epoch: int32({ default: -1 }),
          },
        ),
        abortedTransactions: array(
          { nullable: true, ignorable: true },
          {
            producerId: int64(),
            firstOffset: int64(),
          },
        ),
        preferredReadReplica: int32({ since: 11, default: -1 }),
        records: records({ nullable: true }),
      }),
    }),
    nodeEndpoints: array(
      { since: 16, tag: 0 },
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: true, default: null }),
      },
    ),
  },
})

export type FetchRequest = Decoded<typeof fetchApi.request>
export type FetchRequestInit = Init<typeof fetchApi.request>
export type FetchResponse = Decoded<typeof fetchApi.response>
export type FetchResponseInit = Init<typeof fetchApi.response>
