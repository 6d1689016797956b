// The records of __consumer_offsets, in Kafka's own bytes. In memory a record is one of the shapes
// below; a value of null is a tombstone.
//
// Versions written are those that Kafka 4.3 writes: group metadata 3; an offset 3, 1 when it
// carries an expiry of its own (old clients), 4 when the id of its topic is known.

import { ZERO_UUID } from '@weir/core'
import {
  decodeRecordKey,
  decodeRecordValue,
  encodeRecordKey,
  encodeRecordValue,
  offsetsTopicRecords,
  recordTypeOf,
} from '@weir/protocol'
import {
  type ConsumerRecord,
  decodeConsumerRecord,
  encodeConsumerRecord,
} from './consumer/consumer-records.ts'
import { copyBytes } from './copy-bytes.ts'

export interface CommittedOffset {
  /** The next offset to consume. */
  readonly offset: number
  /** The leader epoch of the record before it; -1 if the client did not say. */
  readonly leaderEpoch: number
  readonly metadata: string
  readonly commitTimestampMs: number
  /** Set by clients of old that bring a retention of their own; null otherwise. */
  readonly expireTimestampMs: number | null
  /** The zero uuid if it was not known. */
  readonly topicId: string
}

export interface MemberMetadata {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly subscription: Buffer
  readonly assignment: Buffer
}

export interface GroupMetadata {
  readonly protocolType: string
  readonly generationId: number
  readonly protocolName: string | null
  readonly leaderId: string | null
  /** Null in records of old. */
  readonly stateChangedMs: number | null
  readonly members: readonly MemberMetadata[]
}

export interface OffsetRecord {
  readonly kind: 'offset-commit'
  readonly groupId: string
  readonly topic: string
  readonly partitionIndex: number
  readonly value: CommittedOffset | null
}

export interface GroupMetadataRecord {
  readonly kind: 'group-metadata'
  readonly groupId: string
  readonly value: GroupMetadata | null
}

export type GroupRecord = OffsetRecord | GroupMetadataRecord | ConsumerRecord

/** A record as it is in the log. */
export interface RecordBytes {
  readonly key: Buffer
  readonly value: Buffer | null
}

const { legacyOffsetCommit, offsetCommit, groupMetadata } = offsetsTopicRecords

const GROUP_VALUE_VERSION = 3
const OFFSET_VALUE_VERSION = 3
const OFFSET_VALUE_WITH_EXPIRY_VERSION = 1
const OFFSET_VALUE_WITH_TOPIC_ID_VERSION = 4

export function encodeGroupRecord(record: GroupRecord): RecordBytes {
  switch (record.kind) {
    case 'offset-commit': {
      const { groupId: group, topic, partitionIndex: partition, value } = record
      const key = encodeRecordKey(offsetCommit, { group, topic, partition })
      return { key, value: value === null ? null : encodeOffset(value) }
    }
    case 'group-metadata': {
      const key = encodeRecordKey(groupMetadata, { group: record.groupId })
      return { key, value: record.value === null ? null : encodeGroup(record.value) }
    }
    default:
      return encodeConsumerRecord(record)
  }
}

/**
 * Null for a kind of record that this version does not know: it is left alone. What cannot be
 * parsed throws DecodeError.
 */
export function decodeGroupRecord(key: Buffer, value: Buffer | null): GroupRecord | null {
  switch (recordTypeOf(key)) {
    case legacyOffsetCommit.recordType: {
      const { group, topic, partition } = decodeRecordKey(legacyOffsetCommit, key)
      const decoded = value === null ? null : decodeLegacyOffset(value)
      return offsetRecord(group, topic, partition, decoded)
    }
    case offsetCommit.recordType: {
      const { group, topic, partition } = decodeRecordKey(offsetCommit, key)
      return offsetRecord(group, topic, partition, value === null ? null : decodeOffset(value))
    }
    case groupMetadata.recordType: {
      const { group } = decodeRecordKey(groupMetadata, key)
      const decoded = value === null ? null : decodeGroup(value)
      return { kind: 'group-metadata', groupId: group, value: decoded }
    }
    default:
      return decodeConsumerRecord(key, value)
  }
}

function offsetRecord(
  groupId: string,
  topic: string,
  partitionIndex: number,
  value: CommittedOffset | null,
): OffsetRecord {
  return { kind: 'offset-commit', groupId, topic, partitionIndex, value }
}

function encodeOffset(value: CommittedOffset): Buffer {
  const { offset, metadata, commitTimestampMs, expireTimestampMs, leaderEpoch, topicId } = value
  const fields = { offset, metadata, commitTimestamp: commitTimestampMs }
  if (expireTimestampMs !== null) {
    return encodeRecordValue(offsetCommit, OFFSET_VALUE_WITH_EXPIRY_VERSION, {
      ...fields,
      expireTimestamp: expireTimestampMs,
    })
  }
  if (topicId === ZERO_UUID) {
    return encodeRecordValue(offsetCommit, OFFSET_VALUE_VERSION, { ...fields, leaderEpoch })
  }
  const version = OFFSET_VALUE_WITH_TOPIC_ID_VERSION
  return encodeRecordValue(offsetCommit, version, { ...fields, leaderEpoch, topicId })
}

function decodeLegacyOffset(value: Buffer): CommittedOffset {
  const decoded = decodeRecordValue(legacyOffsetCommit, value)
  return {
    offset: decoded.offset,
    leaderEpoch: -1,
    metadata: decoded.metadata,
    commitTimestampMs: decoded.commitTimestamp,
    expireTimestampMs: null,
    topicId: ZERO_UUID,
  }
}

function decodeOffset(value: Buffer): CommittedOffset {
  const decoded = decodeRecordValue(offsetCommit, value)
  return {
    offset: decoded.offset,
    leaderEpoch: decoded.leaderEpoch,
    metadata: decoded.metadata,
    commitTimestampMs: decoded.commitTimestamp,
    expireTimestampMs: decoded.expireTimestamp < 0 ? null : decoded.expireTimestamp,
    topicId: shared(decoded.topicId),
  }
}

let lastTopicId = ''

/** Neighbours are of one topic most often: a million offsets need not keep as many texts. */
function shared(topicId: string): string {
  if (topicId !== lastTopicId) lastTopicId = topicId
  return lastTopicId
}

function encodeGroup(value: GroupMetadata): Buffer {
  const message = {
    protocolType: value.protocolType,
    generation: value.generationId,
    protocol: value.protocolName,
    leader: value.leaderId,
    currentStateTimestamp: value.stateChangedMs ?? -1,
    members: value.members.map(each => ({
      memberId: each.memberId,
      groupInstanceId: each.groupInstanceId,
      clientId: each.clientId,
      clientHost: each.clientHost,
      rebalanceTimeout: each.rebalanceTimeoutMs,
      sessionTimeout: each.sessionTimeoutMs,
      subscription: each.subscription,
      assignment: each.assignment,
    })),
  }
  return encodeRecordValue(groupMetadata, GROUP_VALUE_VERSION, message)
}

function decodeGroup(value: Buffer): GroupMetadata {
  const decoded = decodeRecordValue(groupMetadata, value)
  const { currentStateTimestamp } = decoded
  return {
    protocolType: decoded.protocolType,
    generationId: decoded.generation,
    protocolName: decoded.protocol,
    leaderId: decoded.leader,
    stateChangedMs: currentStateTimestamp < 0 ? null : currentStateTimestamp,
    members: decoded.members.map(each => ({
      memberId: each.memberId,
      groupInstanceId: each.groupInstanceId,
      clientId: each.clientId,
      clientHost: each.clientHost,
      // Records of old have no rebalance timeout: the session's served as both.
      rebalanceTimeoutMs: each.rebalanceTimeout < 0 ? each.sessionTimeout : each.rebalanceTimeout,
      sessionTimeoutMs: each.sessionTimeout,
      subscription: copyBytes(each.subscription),
      assignment: copyBytes(each.assignment),
    })),
  }
}
