// Records of __share_group_state.

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
  uuid,
} from '../schema.ts'

export const shareSnapshotKey = message({
  name: 'ShareSnapshotKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
})

export type ShareSnapshotKey = Decoded<typeof shareSnapshotKey>
export type ShareSnapshotKeyInit = Init<typeof shareSnapshotKey>

export const shareSnapshotValue = message({
  name: 'ShareSnapshotValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    snapshotEpoch: int32(),
    stateEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
    createTimestamp: timestamp(),
    writeTimestamp: timestamp(),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
})

export type ShareSnapshotValue = Decoded<typeof shareSnapshotValue>
export type ShareSnapshotValueInit = Init<typeof shareSnapshotValue>

export const shareUpdateKey = message({
  name: 'ShareUpdateKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    groupId: string(),
    topicId: uuid(),
    partition: int32(),
  },
})

export type ShareUpdateKey = Decoded<typeof shareUpdateKey>
export type ShareUpdateKeyInit = Init<typeof shareUpdateKey>

export const shareUpdateValue = message({
  name: 'ShareUpdateValue',
  versions: [0, 0],
  flexible: 0,
  fields: {
    snapshotEpoch: int32(),
    leaderEpoch: int32(),
    startOffset: int64(),
    deliveryCompleteCount: int32({ tag: 0, default: -1 }),
    stateBatches: array({
      firstOffset: int64(),
      lastOffset: int64(),
      deliveryState: int8(),
      deliveryCount: int16(),
    }),
  },
})

export type ShareUpdateValue = Decoded<typeof shareUpdateValue>
export type ShareUpdateValueInit = Init<typeof shareUpdateValue>
