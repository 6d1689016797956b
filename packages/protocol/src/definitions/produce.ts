// Produce (0): appends record batches. v5 logStartOffset, v8 errors of single records, v9 flexible,
// v10 names the new leader, v12 adds partitions to the transaction, v13 topic ids.

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
  timestamp,
  uuid,
} from '../schema.ts'

export const produceApi = api({
  key: 0,
  name: 'Produce',
  versions: [3, 13],
  flexible: 9,
  request: {
    transactionalId: string({ nullable: true, default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: array({
      name: string({ until: 12, ignorable: true }),
      topicId: uuid({ since: 13, ignorable: true }),
      partitionData: array({
        index: int32(),
        records: records({ nullable: true }),
      }),
    }),
  },
  response: {
    responses: array({
      name: string({ until: 12, ignorable: true }),
      topicId: uuid({ since: 13, ignorable: true }),
      partitionResponses: array({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: timestamp({ default: -1, ignorable: true }),
        logStartOffset: int64({ since: 5, default: -1, ignorable: true }),
        recordErrors: array(
          { since: 8, ignorable: true },
          {
            batchIndex: int32(),
            batchIndexErrorMessage: string({ nullable: true, default: null }),
          },
        ),
        errorMessage: string({ since: 8, nullable: true, default: null, ignorable: true }),
        currentLeader: struct(
          { since: 10, tag: 0 },
          {
            leaderId: int32({ default: -1 }),
            leaderEpoch: int32({ default: -1 }),
          },
        ),
      }),
    }),
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    nodeEndpoints: array(
      { since: 10, tag: 0 },
      {
        nodeId: int32(),
        host: string(),
        port: int32(),
        rack: string({ nullable: true, default: null }),
      },
    ),
  },
})

export type ProduceRequest = Decoded<typeof produceApi.request>
export type ProduceRequestInit = Init<typeof produceApi.request>
export type ProduceResponse = Decoded<typeof produceApi.response>
export type ProduceResponseInit = Init<typeof produceApi.response>
