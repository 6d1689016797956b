// AddPartitionsToTxn (24): partitions join a transaction. From v4 for several transactions, between brokers.

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
} from '../schema.ts'

const addPartitionsToTxnTopic = {
  name: string(),
  partitions: array(int32()),
}

const addPartitionsToTxnPartitionResult = {
  partitionIndex: int32(),
  partitionErrorCode: int16(),
}

const addPartitionsToTxnTopicResult = {
  name: string(),
  resultsByPartition: array(addPartitionsToTxnPartitionResult),
}

export const addPartitionsToTxnApi = api({
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexible: 3,
  request: {
    transactions: array(
      { since: 4 },
      {
        transactionalId: string(),
        producerId: int64(),
        producerEpoch: int16(),
        verifyOnly: bool({ default: false }),
        topics: array(addPartitionsToTxnTopic),
      },
    ),
    v3AndBelowTransactionalId: string({ until: 3 }),
    v3AndBelowProducerId: int64({ until: 3 }),
    v3AndBelowProducerEpoch: int16({ until: 3 }),
    v3AndBelowTopics: array({ until: 3 }, addPartitionsToTxnTopic),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16({ since: 4, ignorable: true }),
    resultsByTransaction: array(
      { since: 4 },
      {
        transactionalId: string(),
        topicResults: array(addPartitionsToTxnTopicResult),
      },
    ),
    resultsByTopicV3AndBelow: array({ until: 3 }, addPartitionsToTxnTopicResult),
  },
})

export type AddPartitionsToTxnRequest = Decoded<typeof addPartitionsToTxnApi.request>
export type AddPartitionsToTxnRequestInit = Init<typeof addPartitionsToTxnApi.request>
export type AddPartitionsToTxnResponse = Decoded<typeof addPartitionsToTxnApi.response>
export type AddPartitionsToTxnResponseInit = Init<typeof addPartitionsToTxnApi.response>
