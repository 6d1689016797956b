// Records of __transaction_state.

import {
  array,
  type Decoded,
  type Init,
  int8,
  int16,
  int32,
  int64,
  message,
  string,
  timestamp,
} from '../schema.ts'

export const transactionLogKey = message({
  name: 'TransactionLogKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    transactionalId: string(),
  },
})

export type TransactionLogKey = Decoded<typeof transactionLogKey>
export type TransactionLogKeyInit = Init<typeof transactionLogKey>

export const transactionLogValue = message({
  name: 'TransactionLogValue',
  versions: [0, 1],
  flexible: 1,
  fields: {
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

export type TransactionLogValue = Decoded<typeof transactionLogValue>
export type TransactionLogValueInit = Init<typeof transactionLogValue>
