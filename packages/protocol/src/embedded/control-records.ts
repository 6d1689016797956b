// Values of control records. EndTxnMarker has its int16 version in front like record values; the
// others are written by KRaft.

import { array, int16, int32, message, string, struct, timestamp, uint16, uuid } from '../schema.ts'

export const controlRecordTypeSchema = message({
  name: 'ControlRecordTypeSchema',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    type: int16(),
  },
})

export const endTxnMarker = message({
  name: 'EndTxnMarker',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    coordinatorEpoch: int32(),
  },
})

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

export const snapshotHeaderRecord = message({
  name: 'SnapshotHeaderRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
    lastContainedLogTimestamp: timestamp(),
  },
})

export const snapshotFooterRecord = message({
  name: 'SnapshotFooterRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
  },
})

export const kRaftVersionRecord = message({
  name: 'KRaftVersionRecord',
  versions: [0, 0],
  flexible: 0,
  fields: {
    version: int16(),
    kRaftVersion: int16(),
  },
})

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
