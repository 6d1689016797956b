// Records of __transaction_state.

import { array, int8, int16, int32, int64, string, timestamp } from '../schema.ts'
import { topicRecord } from './topic-record.ts'

export const transactionLog = topicRecord({
  recordType: 0,
  name: 'TransactionLog',
  key: { transactionalId: string() },
  versions: [0, 1],
  flexible: 1,
  value: {
    producerId: int64(),
    previousProducerId: int64({ since: 1, tag: 0, default: -1 }),
    nextProducerId: int64({ since: 1, tag: 1, default: -1 }),
    producerEpoch: int16(),
    nextProducerEpoch: int16({ since: 1, tag: 3, default: -1 }),
    transactionTimeoutMs: int32(),
    transactionStatus: int8(),
    transactionPartitions: array(
      { nullable: true },
      {
        topic: string(),
        partitionIds: array(int32()),
      },
    ),
    transactionLastUpdateTimestampMs: timestamp(),
    transactionStartTimestampMs: timestamp(),
    clientTransactionVersion: int16({ since: 1, tag: 2, default: 0 }),
  },
})
