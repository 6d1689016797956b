// Records of Kafka's internal topics: a key is int16 record type and the key message, a value is
// int16 version and the value message. A null value is a tombstone and stays with the caller.

import { decodeMessage, encodeMessage } from './codec.ts'
import * as classic from './definitions/offsets-topic-classic.ts'
import * as consumer from './definitions/offsets-topic-consumer.ts'
import * as share from './definitions/offsets-topic-share.ts'
import * as streams from './definitions/offsets-topic-streams.ts'
import * as shareState from './definitions/share-state-topic.ts'
import * as transaction from './definitions/transaction-topic.ts'
import { DecodeError, Reader } from './reader.ts'
import type { Decoded, Fields, Init, Message } from './schema.ts'
import { Writer } from './writer.ts'

const PREFIX_BYTES = 2
const KEY_VERSION = 0

/** One kind of record: its number in the key, and its two messages. */
export interface TopicRecord<K extends Fields = Fields, V extends Fields = Fields> {
  readonly recordType: number
  readonly key: Message<K>
  readonly value: Message<V>
}

function record<K extends Fields, V extends Fields>(
  recordType: number,
  key: Message<K>,
  value: Message<V>,
): TopicRecord<K, V> {
  return { recordType, key, value }
}

export const offsetsTopicRecords = {
  legacyOffsetCommit: record(0, classic.legacyOffsetCommitKey, classic.legacyOffsetCommitValue),
  offsetCommit: record(1, classic.offsetCommitKey, classic.offsetCommitValue),
  groupMetadata: record(2, classic.groupMetadataKey, classic.groupMetadataValue),
  consumerGroupMetadata: record(
    3,
    consumer.consumerGroupMetadataKey,
    consumer.consumerGroupMetadataValue,
  ),
  consumerGroupPartitionMetadata: record(
    4,
    consumer.consumerGroupPartitionMetadataKey,
    consumer.consumerGroupPartitionMetadataValue,
  ),
  consumerGroupMemberMetadata: record(
    5,
    consumer.consumerGroupMemberMetadataKey,
    consumer.consumerGroupMemberMetadataValue,
  ),
  consumerGroupTargetAssignmentMetadata: record(
    6,
    consumer.consumerGroupTargetAssignmentMetadataKey,
    consumer.consumerGroupTargetAssignmentMetadataValue,
  ),
  consumerGroupTargetAssignmentMember: record(
    7,
    consumer.consumerGroupTargetAssignmentMemberKey,
    consumer.consumerGroupTargetAssignmentMemberValue,
  ),
  consumerGroupCurrentMemberAssignment: record(
    8,
    consumer.consumerGroupCurrentMemberAssignmentKey,
    consumer.consumerGroupCurrentMemberAssignmentValue,
  ),
  shareGroupMemberMetadata: record(
    10,
    share.shareGroupMemberMetadataKey,
    share.shareGroupMemberMetadataValue,
  ),
  shareGroupMetadata: record(11, share.shareGroupMetadataKey, share.shareGroupMetadataValue),
  shareGroupTargetAssignmentMetadata: record(
    12,
    share.shareGroupTargetAssignmentMetadataKey,
    share.shareGroupTargetAssignmentMetadataValue,
  ),
  shareGroupTargetAssignmentMember: record(
    13,
    share.shareGroupTargetAssignmentMemberKey,
    share.shareGroupTargetAssignmentMemberValue,
  ),
  shareGroupCurrentMemberAssignment: record(
    14,
    share.shareGroupCurrentMemberAssignmentKey,
    share.shareGroupCurrentMemberAssignmentValue,
  ),
  shareGroupStatePartitionMetadata: record(
    15,
    share.shareGroupStatePartitionMetadataKey,
    share.shareGroupStatePartitionMetadataValue,
  ),
  consumerGroupRegularExpression: record(
    16,
    consumer.consumerGroupRegularExpressionKey,
    consumer.consumerGroupRegularExpressionValue,
  ),
  streamsGroupMetadata: record(
    17,
    streams.streamsGroupMetadataKey,
    streams.streamsGroupMetadataValue,
  ),
  streamsGroupMemberMetadata: record(
    19,
    streams.streamsGroupMemberMetadataKey,
    streams.streamsGroupMemberMetadataValue,
  ),
  streamsGroupTargetAssignmentMetadata: record(
    20,
    streams.streamsGroupTargetAssignmentMetadataKey,
    streams.streamsGroupTargetAssignmentMetadataValue,
  ),
  streamsGroupTargetAssignmentMember: record(
    21,
    streams.streamsGroupTargetAssignmentMemberKey,
    streams.streamsGroupTargetAssignmentMemberValue,
  ),
  streamsGroupCurrentMemberAssignment: record(
    22,
    streams.streamsGroupCurrentMemberAssignmentKey,
    streams.streamsGroupCurrentMemberAssignmentValue,
  ),
  streamsGroupTopology: record(
    23,
    streams.streamsGroupTopologyKey,
    streams.streamsGroupTopologyValue,
  ),
} as const

export const transactionTopicRecords = {
  transactionLog: record(0, transaction.transactionLogKey, transaction.transactionLogValue),
} as const

export const shareStateTopicRecords = {
  shareSnapshot: record(0, shareState.shareSnapshotKey, shareState.shareSnapshotValue),
  shareUpdate: record(1, shareState.shareUpdateKey, shareState.shareUpdateValue),
} as const

/** The number in front of a record's key. Throws DecodeError if the key has no two bytes. */
export function recordTypeOf(key: Buffer): number {
  return new Reader(key).int16()
}

/** The bytes are a slice of a slab that other records share: copy what has to live long. */
export function encodeRecordKey<K extends Fields, V extends Fields>(
  { recordType, key }: TopicRecord<K, V>,
  value: Init<Message<K>>,
): Buffer {
  return withPrefix(recordType, key, KEY_VERSION, value)
}

/** Throws DecodeError, also for another record type. */
export function decodeRecordKey<K extends Fields, V extends Fields>(
  { recordType, key }: TopicRecord<K, V>,
  bytes: Buffer,
): Decoded<Message<K>> {
  const found = recordTypeOf(bytes)
  if (found !== recordType) throw new DecodeError(`record type ${found} is not ${recordType}`)
  return decodeMessage(key, KEY_VERSION, bytes, PREFIX_BYTES)
}

export function encodeRecordValue<K extends Fields, V extends Fields>(
  { value: message }: TopicRecord<K, V>,
  version: number,
  value: Init<Message<V>>,
): Buffer {
  return encodeVersioned(message, version, value)
}

/** Throws DecodeError, also for a version that the table does not have. */
export function decodeRecordValue<K extends Fields, V extends Fields>(
  { value: message }: TopicRecord<K, V>,
  bytes: Buffer,
): Decoded<Message<V>> {
  return decodeVersioned(message, bytes)
}

/** int16 version and the message: record values, consumer subscriptions and assignments. */
export function encodeVersioned<F extends Fields>(
  message: Message<F>,
  version: number,
  value: Init<Message<F>>,
): Buffer {
  return withPrefix(version, message, version, value)
}

/**
 * Reads int16 version and the message. Throws DecodeError, also for a version that the table does
 * not have; with `orNewer` a newer one is read as the last known, which is the rule for consumer
 * subscriptions and assignments.
 */
export function decodeVersioned<F extends Fields>(
  message: Message<F>,
  bytes: Buffer,
  { orNewer = false } = {},
): Decoded<Message<F>> {
  const found = new Reader(bytes).int16()
  const version = orNewer && found > message.maxVersion ? message.maxVersion : found
  return decodeMessage(message, version, bytes, PREFIX_BYTES)
}

/** Shared: a writer for each record costs more than the record (measured: 40 % of a decision). */
let recordWriter: Writer | null = null

function withPrefix<F extends Fields>(
  prefix: number,
  message: Message<F>,
  version: number,
  value: Init<Message<F>>,
): Buffer {
  recordWriter ??= new Writer()
  const writer = recordWriter
  try {
    writer.int16(prefix)
    encodeMessage(message, version, value, writer)
  } catch (error) {
    writer.reset()
    throw error
  }
  return writer.finishJoined()
}
