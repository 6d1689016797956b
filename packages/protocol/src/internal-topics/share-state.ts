// Records of __share_group_state (KIP-932).

import { array, int8, int16, int32, int64, string, timestamp, uuid } from '../schema.ts'
import { topicRecord } from './topic-record.ts'

const sharePartition = {
  groupId: string(),
  topicId: uuid(),
  partition: int32(),
}

const stateBatch = {
  firstOffset: int64(),
  lastOffset: int64(),
  deliveryState: int8(),
  deliveryCount: int16(),
}

export const shareSnapshot = topicRecord({
  recordType: 0,
  name: 'ShareSnapshot',
  key: sharePartition,
  versions: [0, 0],
  flexible: 0,
  value: {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
    createTimestamp: timestamp(),
    writeTimestamp: timestamp(),
    stateBatches: array(stateBatch),
  },
})

export const shareUpdate = topicRecord({
  recordType: 1,
  name: 'ShareUpdate',
  key: sharePartition,
  versions: [0, 0],
  flexible: 0,
  value: {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
    stateBatches: array(stateBatch),
  },
})
