// Values of control records. EndTxnMarker has its int16 version in front like record values; the
// others are written by KRaft.

import {
  array,
  type Decoded,
  type Init,
  int16,
  int32,
  message,
  string,
  struct,
  timestamp,
  uint16,
  uuid,
} from '../schema.ts'

export const controlRecordTypeSchema = message({
  name: 'ControlRecordTypeSchema',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    type: int16(),
  },
})

export type ControlRecordTypeSchema = Decoded<typeof controlRecordTypeSchema>
export type ControlRecordTypeSchemaInit = Init<typeof controlRecordTypeSchema>

export const endTxnMarker = message({
  name: 'EndTxnMarker',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    coordinatorEpoch: int32(),
  },
})

export type EndTxnMarker = Decoded<typeof endTxnMarker>
export type EndTxnMarkerInit = Init<typeof endTxnMarker>

const voter = {
  voterId: int32(),
  voterDirectoryId: uuid({ since: 1 }),
}

export const leaderChangeMessage = message({
  name: 'LeaderChangeMessage',
  versions: [0, 1],
  flexible: 0,
  fields: {
    version: int16(),
    leaderId: int32(),
    voters: array(voter),
    grantingVoters: array(voter),
  },
})

export type LeaderChangeMessage = Decoded<typeof leaderChangeMessage>
export type LeaderChangeMessageInit = Init<typeof leaderChangeMessage>

export const snapshotHeaderRecord = message({
  name: 'SnapshotHeaderRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
    lastContainedLogTimestamp: timestamp(),
  },
})

export type SnapshotHeaderRecord = Decoded<typeof snapshotHeaderRecord>
export type SnapshotHeaderRecordInit = Init<typeof snapshotHeaderRecord>

export const snapshotFooterRecord = message({
  name: 'SnapshotFooterRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
  },
})

export type SnapshotFooterRecord = Decoded<typeof snapshotFooterRecord>
export type SnapshotFooterRecordInit = Init<typeof snapshotFooterRecord>

export const kRaftVersionRecord = message({
  name: 'KRaftVersionRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
    kRaftVersion: int16(),
  },
})

export type KRaftVersionRecord = Decoded<typeof kRaftVersionRecord>
export type KRaftVersionRecordInit = Init<typeof kRaftVersionRecord>

export const votersRecord = message({
  name: 'VotersRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
    voters: array({
      voterId: int32(),
      voterDirectoryId: uuid(),
      endpoints: array({
        name: string(),
        host: string(),
        port: uint16(),
      }),
      kRaftVersionFeature: struct({
        minSupportedVersion: int16(),
        maxSupportedVersion: int16(),
      }),
    }),
  },
})

export type VotersRecord = Decoded<typeof votersRecord>
export type VotersRecordInit = Init<typeof votersRecord>
