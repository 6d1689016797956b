// AlterPartition (56): a leader changes the ISR of its partitions.

import { api, array, type Decoded, type Init, int8, int16, int32, int64, uuid } from '../schema.ts'

export const alterPartitionApi = api({
  key: 56,
  name: 'AlterPartition',
  versions: [2, 3],
  flexible: 0,
  request: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    topics: array({
      topicId: uuid({ ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        leaderEpoch: int32(),
        newIsr: array({ until: 2 }, int32()),
        newIsrWithEpochs: array(
          { since: 3 },
          {
            brokerId: int32(),
            brokerEpoch: int64({ default: -1 }),
          },
        ),
        leaderRecoveryState: int8({ default: 0 }),
        partitionEpoch: int32(),
      }),
    }),
  },
  response: {
    throttleTimeMs: int32({ default: 0 }),
    errorCode: int16(),
    topics: array({
      topicId: uuid({ ignorable: true }),
      partitions: array({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
        isr: array(int32()),
        leaderRecoveryState: int8({ default: 0, ignorable: true }),
        partitionEpoch: int32(),
      }),
    }),
  },
})

export type AlterPartitionRequest = Decoded<typeof alterPartitionApi.request>
export type AlterPartitionRequestInit = Init<typeof alterPartitionApi.request>
export type AlterPartitionResponse = Decoded<typeof alterPartitionApi.response>
export type AlterPartitionResponseInit = Init<typeof alterPartitionApi.response>
