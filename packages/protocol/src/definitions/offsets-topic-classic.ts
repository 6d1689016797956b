// Records of __consumer_offsets that classic groups and all commits use. See topic-records.ts for
// the record types in front of the keys.

import {
  array,
  bytes,
  type Decoded,
  type Init,
  int32,
  int64,
  message,
  string,
  timestamp,
  uuid,
} from '../schema.ts'

export const legacyOffsetCommitKey = message({
  name: 'LegacyOffsetCommitKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
})

export type LegacyOffsetCommitKey = Decoded<typeof legacyOffsetCommitKey>
export type LegacyOffsetCommitKeyInit = Init<typeof legacyOffsetCommitKey>

export const legacyOffsetCommitValue = message({
  name: 'LegacyOffsetCommitValue',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    offset: int64(),
    metadata: string(),
    commitTimestamp: timestamp(),
  },
})

export type LegacyOffsetCommitValue = Decoded<typeof legacyOffsetCommitValue>
export type LegacyOffsetCommitValueInit = Init<typeof legacyOffsetCommitValue>

export const offsetCommitKey = message({
  name: 'OffsetCommitKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    group: string(),
    topic: string(),
    partition: int32(),
  },
})

export type OffsetCommitKey = Decoded<typeof offsetCommitKey>
export type OffsetCommitKeyInit = Init<typeof offsetCommitKey>

export const offsetCommitValue = message({
  name: 'OffsetCommitValue',
  versions: [0, 4],
  flexible: 4,
  fields: {
    offset: int64(),
    leaderEpoch: int32({ since: 3, default: -1, ignorable: true }),
    metadata: string(),
    commitTimestamp: timestamp(),
    expireTimestamp: timestamp({ since: 1, until: 1, default: -1, ignorable: true }),
    topicId: uuid({ since: 4, tag: 0, ignorable: true }),
  },
})

export type OffsetCommitValue = Decoded<typeof offsetCommitValue>
export type OffsetCommitValueInit = Init<typeof offsetCommitValue>

export const groupMetadataKey = message({
  name: 'GroupMetadataKey',
  versions: [0, 0],
  flexible: 'never',
  fields: {
    group: string(),
  },
})

export type GroupMetadataKey = Decoded<typeof groupMetadataKey>
export type GroupMetadataKeyInit = Init<typeof groupMetadataKey>

const memberMetadata = {
  memberId: string(),
  groupInstanceId: string({ since: 3, nullable: true, default: null, ignorable: true }),
  clientId: string(),
  clientHost: string(),
  rebalanceTimeout: int32({ since: 1, default: -1, ignorable: true }),
  sessionTimeout: int32(),
  subscription: bytes(),
  assignment: bytes(),
}

export const groupMetadataValue = message({
  name: 'GroupMetadataValue',
  versions: [0, 4],
  flexible: 4,
  fields: {
    protocolType: string(),
    generation: int32(),
    protocol: string({ nullable: true }),
    leader: string({ nullable: true }),
    currentStateTimestamp: timestamp({ since: 2, default: -1, ignorable: true }),
    members: array(memberMetadata),
  },
})

export type GroupMetadataValue = Decoded<typeof groupMetadataValue>
export type GroupMetadataValueInit = Init<typeof groupMetadataValue>
