// DescribeTopicPartitions (75): partitions of topics, page by page.

import {
  api,
  array,
  bool,
  type Decoded,
  type Init,
  int16,
  int32,
  string,
  struct,
  uuid,
} from '../schema.ts'

export const describeTopicPartitionsApi = api({
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: [0, 0],
  flexible: 0,
  request: {
    topics: array({
      name: string(),
    }),
    responsePartitionLimit: int32({ default: 2_000 }),
    cursor: struct(
      { nullable: true, default: null },
      {
        topicName: string(),
        partitionIndex: int32(),
      },
    ),
  },
  response: {
    throttleTimeMs: int32({ default: 0, ignorable: true }),
    topics: array({
      errorCode: int16(),
      name: string({ nullable: true }),
      topicId: uuid({ ignorable: true }),
      isInternal: bool({ default: false, ignorable: true }),
      partitions: array({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ default: -1, ignorable: true }),
        replicaNodes: array(int32()),
        isrNodes: array(int32()),
        eligibleLeaderReplicas: array({ nullable: true, default: null }, int32()),
        lastKnownElr: array({ nullable: true, default: null }, int32()),
        offlineReplicas: array({ ignorable: true }, int32()),
      }),
      topicAuthorizedOperations: int32({ default: -2_147_483_648 }),
    }),
    nextCursor: struct(
      { nullable: true, default: null },
      {
        topicName: string(),
        partitionIndex: int32(),
      },
    ),
  },
})

export type DescribeTopicPartitionsRequest = Decoded<typeof describeTopicPartitionsApi.request>
export type DescribeTopicPartitionsRequestInit = Init<typeof describeTopicPartitionsApi.request>
export type DescribeTopicPartitionsResponse = Decoded<typeof describeTopicPartitionsApi.response>
export type DescribeTopicPartitionsResponseInit = Init<typeof describeTopicPartitionsApi.response>
