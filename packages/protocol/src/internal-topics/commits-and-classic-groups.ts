// Records of __consumer_offsets: committed offsets of all groups, and groups of the classic protocol.

import { array, bytes, int32, int64, string, timestamp, uuid } from '../schema.ts'
import { topicRecord } from './topic-record.ts'

/** The form of old brokers: it is read, never written. */
export const legacyOffsetCommit = topicRecord({
  recordType: 0,
  name: 'LegacyOffsetCommit',
  key: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
  versions: [0, 0],
  flexible: 'never',
  value: {
    offset: int64(),
    metadata: string(),
    commitTimestamp: timestamp(),
  },
})

export const offsetCommit = topicRecord({
  recordType: 1,
  name: 'OffsetCommit',
  key: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
  versions: [0, 4],
  flexible: 4,
  value: {
    offset: int64(),
    leaderEpoch: int32({ since: 3, default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: timestamp(),
    expireTimestamp: timestamp({ since: 1, until: 1, default: -1, ignorable: true }),
    topicId: uuid({ since: 4, tag: 0, ignorable: true }),
  },
})

export const groupMetadata = topicRecord({
  recordType: 2,
  name: 'GroupMetadata',
  key: { group: string() },
  versions: [0, 4],
  flexible: 4,
  value: {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: true }),
    leader: string({ nullable: true }),
    currentStateTimestamp: timestamp({ since: 2, default: -1, ignorable: true }),
    members: array({
      memberId: string(),
      groupInstanceId: string({ since: 3, nullable: true, default: null, ignorable: true }),
      clientId: string(),
      clientHost: string(),
      rebalanceTimeout: int32({ since: 1, default: -1, ignorable: true }),
      sessionTimeout: int32(),
      subscription: bytes(),
      assignment: bytes(),
    }),
  },
})
