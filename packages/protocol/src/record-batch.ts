// Record batch v2, read and patched in place: every function takes the buffer and where the batch
// begins. Nothing is checked here beyond the buffer's own bounds; `record-validation.ts` does that.

import { type Codec, codecOfId } from './compression/compression.ts'
import { crc32c } from './crc32c.ts'

export const RECORD_BATCH_HEADER_BYTES = 61
/** Base offset and length, which the length field does not count. */
export const LOG_OVERHEAD = 12
export const RECORD_BATCH_MAGIC = 2
export const NO_TIMESTAMP = -1
export const NO_PRODUCER_ID = -1
export const NO_PRODUCER_EPOCH = -1
export const NO_SEQUENCE = -1

const LENGTH_AT = 8
const LEADER_EPOCH_AT = 12
const MAGIC_AT = 16
const CRC_AT = 17
const ATTRIBUTES_AT = 21
const LAST_OFFSET_DELTA_AT = 23
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const PRODUCER_ID_AT = 43
const PRODUCER_EPOCH_AT = 51
const BASE_SEQUENCE_AT = 53
const RECORD_COUNT_AT = 57

export const CODEC_MASK = 0x07
export const LOG_APPEND_TIME_BIT = 0x08
export const TRANSACTIONAL_BIT = 0x10
export const CONTROL_BIT = 0x20
export const DELETE_HORIZON_BIT = 0x40

/** 64 bits as a number: exact up to 2^53, rounded beyond. */
function readInt64(b: Buffer, at: number): number {
  return b.readInt32BE(at) * 4294967296 + b.readUInt32BE(at + 4)
}

function writeInt64(b: Buffer, value: number, at: number): void {
  const high = Math.floor(value / 4294967296)
  if (high > 0x7fffffff || high < -0x80000000) {
    // Rounded up to 2^63: the largest value there is.
    b.writeInt32BE(high < 0 ? -0x80000000 : 0x7fffffff, at)
    b.writeUInt32BE(high < 0 ? 0 : 0xffffffff, at + 4)
    return
  }
  b.writeInt32BE(high, at)
  b.writeUInt32BE(value - high * 4294967296, at + 4)
}

export function batchBaseOffset(b: Buffer, at: number): number {
  return readInt64(b, at)
}

/** The whole batch, header included. */
export function batchSizeInBytes(b: Buffer, at: number): number {
  return b.readInt32BE(at + LENGTH_AT) + LOG_OVERHEAD
}

export function batchLeaderEpoch(b: Buffer, at: number): number {
  return b.readInt32BE(at + LEADER_EPOCH_AT)
}

export function batchMagic(b: Buffer, at: number): number {
  return b.readInt8(at + MAGIC_AT)
}

export function batchCrc(b: Buffer, at: number): number {
  return b.readUInt32BE(at + CRC_AT)
}

export function batchAttributes(b: Buffer, at: number): number {
  return b.readInt16BE(at + ATTRIBUTES_AT)
}

export function batchLastOffsetDelta(b: Buffer, at: number): number {
  return b.readInt32BE(at + LAST_OFFSET_DELTA_AT)
}

/** Inclusive. */
export function batchLastOffset(b: Buffer, at: number): number {
  return readInt64(b, at) + b.readInt32BE(at + LAST_OFFSET_DELTA_AT)
}

/** The delete horizon if that bit is set. */
export function batchBaseTimestamp(b: Buffer, at: number): number {
  return readInt64(b, at + BASE_TIMESTAMP_AT)
}

export function batchMaxTimestamp(b: Buffer, at: number): number {
  return readInt64(b, at + MAX_TIMESTAMP_AT)
}

export function batchProducerId(b: Buffer, at: number): number {
  return readInt64(b, at + PRODUCER_ID_AT)
}

export function batchProducerEpoch(b: Buffer, at: number): number {
  return b.readInt16BE(at + PRODUCER_EPOCH_AT)
}

export function batchBaseSequence(b: Buffer, at: number): number {
  return b.readInt32BE(at + BASE_SEQUENCE_AT)
}

/** The sequence of the last record, which wraps from 2^31-1 to 0; -1 without sequences. */
export function batchLastSequence(b: Buffer, at: number): number {
  const base = batchBaseSequence(b, at)
  if (base === NO_SEQUENCE) return NO_SEQUENCE
  return (base + batchLastOffsetDelta(b, at)) % 2147483648
}

export function batchRecordCount(b: Buffer, at: number): number {
  return b.readInt32BE(at + RECORD_COUNT_AT)
}

/** Null for a codec number that does not exist. */
export function codecOf(attributes: number): Codec | null {
  return codecOfId(attributes & CODEC_MASK)
}

export function isLogAppendTime(attributes: number): boolean {
  return (attributes & LOG_APPEND_TIME_BIT) !== 0
}

export function isTransactional(attributes: number): boolean {
  return (attributes & TRANSACTIONAL_BIT) !== 0
}

export function isControl(attributes: number): boolean {
  return (attributes & CONTROL_BIT) !== 0
}

export function hasDeleteHorizon(attributes: number): boolean {
  return (attributes & DELETE_HORIZON_BIT) !== 0
}

/** Outside the checksum: nothing else changes. */
export function setBatchBaseOffset(b: Buffer, at: number, baseOffset: number): void {
  writeInt64(b, baseOffset, at)
}

/** Outside the checksum: nothing else changes. */
export function setBatchLeaderEpoch(b: Buffer, at: number, leaderEpoch: number): void {
  b.writeInt32BE(leaderEpoch, at + LEADER_EPOCH_AT)
}

/** Makes the batch one of log append time; writes a new checksum. */
export function setBatchLogAppendTime(b: Buffer, at: number, timestampMs: number): void {
  b.writeInt16BE(batchAttributes(b, at) | LOG_APPEND_TIME_BIT, at + ATTRIBUTES_AT)
  writeInt64(b, timestampMs, at + MAX_TIMESTAMP_AT)
  writeBatchCrc(b, at)
}

/** Makes the batch one of create time with this largest timestamp; writes a new checksum. */
export function setBatchMaxTimestamp(b: Buffer, at: number, timestampMs: number): void {
  b.writeInt16BE(batchAttributes(b, at) & ~LOG_APPEND_TIME_BIT, at + ATTRIBUTES_AT)
  writeInt64(b, timestampMs, at + MAX_TIMESTAMP_AT)
  writeBatchCrc(b, at)
}

/** Whether the batch's bytes, which have to be there, fit its checksum. */
export function verifyBatchCrc(b: Buffer, at: number): boolean {
  const end = at + batchSizeInBytes(b, at)
  if (end > b.length || end - at < RECORD_BATCH_HEADER_BYTES) return false
  return crc32c(b, at + ATTRIBUTES_AT, end) === batchCrc(b, at)
}

export function writeBatchCrc(b: Buffer, at: number): void {
  const end = at + batchSizeInBytes(b, at)
  b.writeUInt32BE(crc32c(b, at + ATTRIBUTES_AT, end), at + CRC_AT)
}

export interface BatchHeader {
  readonly sizeInBytes: number
  readonly baseOffset: number
  readonly leaderEpoch: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

/** Writes magic, length and all fields; the checksum needs `writeBatchCrc` once records are there. */
export function writeBatchHeader(b: Buffer, at: number, header: BatchHeader): void {
  writeInt64(b, header.baseOffset, at)
  b.writeInt32BE(header.sizeInBytes - LOG_OVERHEAD, at + LENGTH_AT)
  b.writeInt32BE(header.leaderEpoch, at + LEADER_EPOCH_AT)
  b.writeInt8(RECORD_BATCH_MAGIC, at + MAGIC_AT)
  b.writeUInt32BE(0, at + CRC_AT)
  b.writeInt16BE(header.attributes, at + ATTRIBUTES_AT)
  b.writeInt32BE(header.lastOffsetDelta, at + LAST_OFFSET_DELTA_AT)
  writeInt64(b, header.baseTimestamp, at + BASE_TIMESTAMP_AT)
  writeInt64(b, header.maxTimestamp, at + MAX_TIMESTAMP_AT)
  writeInt64(b, header.producerId, at + PRODUCER_ID_AT)
  b.writeInt16BE(header.producerEpoch, at + PRODUCER_EPOCH_AT)
  b.writeInt32BE(header.baseSequence, at + BASE_SEQUENCE_AT)
  b.writeInt32BE(header.recordCount, at + RECORD_COUNT_AT)
}
