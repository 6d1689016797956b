// One batch without the records that a cleaning drops.
//
// Invariants: base offset, last offset, producer fields and epoch stay (D12); records that stay are
// copied as they are; a batch whose tombstones or empty marker are seen for the first time gets a
// delete horizon (attribute bit 6, in the place of the base timestamp) and its timestamps are kept by
// shifting every delta.

import {
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestamp,
  batchMaxTimestamp,
  batchPayload,
  batchRecordCount,
  CODEC_MASK,
  codecOfId,
  compress,
  DEFAULT_DECOMPRESSION_LIMIT_BYTES,
  DELETE_HORIZON_BIT,
  hasDeleteHorizon,
  isLogAppendTime,
  LOG_OVERHEAD,
  RECORD_BATCH_HEADER_BYTES,
  RecordsError,
  RecordWalker,
  writeBatchCrc,
} from '@weir/protocol'
import { clampedInt64 } from '../sparse-index.ts'

const LENGTH_AT = 8
const ATTRIBUTES_AT = 21
const BASE_TIMESTAMP_AT = 27
const MAX_TIMESTAMP_AT = 35
const COUNT_AT = 57

/** Decides about one record; key and value are in `payload` as the walker says. */
export type RecordFilter = (offset: number, payload: Buffer, walker: RecordWalker) => boolean

export interface FilteredBatch {
  /** Null: nothing of it is left. */
  readonly batch: Buffer | null
  readonly kept: number
  readonly dropped: number
}

export interface FilterOptions {
  readonly keep: RecordFilter
  /** Set on a batch that keeps a tombstone (or is a marker of a transaction without data). */
  readonly newHorizonMs: number
  readonly isEmptyMarker: boolean
}

/** `b` is exactly one batch, verified. Null: its inside cannot be read (produce validation was off). */
export function filterBatch(b: Buffer, options: FilterOptions): FilteredBatch | null {
  try {
    return filterRecords(b, options)
  } catch (error) {
    if (error instanceof RecordsError) return null
    throw error
  }
}

function filterRecords(b: Buffer, options: FilterOptions): FilteredBatch {
  const payload = batchPayload(b, 0, DEFAULT_DECOMPRESSION_LIMIT_BYTES)
  const attributes = batchAttributes(b, 0)
  const baseOffset = batchBaseOffset(b, 0)
  const count = batchRecordCount(b, 0)
  const walker = new RecordWalker()
  const kept: { start: number; end: number }[] = []
  let hasTombstone = false
  let maxDelta = Number.NEGATIVE_INFINITY
  let at = 0
  for (let index = 0; index < count; index++) {
    const end = at + recordBytes(payload, at)
    walker.reset(payload, at, end)
    if (!walker.next()) {
      throw new RecordsError(
        'INVALID_RECORD',
        `record ${index} of ${baseOffset}: ${walker.failure}`,
      )
    }
    if (options.keep(baseOffset + walker.offsetDelta, payload, walker)) {
      kept.push({ start: at, end })
      if (walker.valueLength < 0) hasTombstone = true
      maxDelta = Math.max(maxDelta, walker.timestampDelta)
    }
    at = end
  }
  const dropped = count - kept.length
  if (kept.length === 0) return { batch: null, kept: 0, dropped }
  const needsHorizon = (hasTombstone || options.isEmptyMarker) && !hasDeleteHorizon(attributes)
  if (dropped === 0 && !needsHorizon) return { batch: b, kept: kept.length, dropped: 0 }
  const shift = needsHorizon ? batchBaseTimestamp(b, 0) - options.newHorizonMs : 0
  const pieces = kept.map(({ start, end }) =>
    shift === 0
      ? payload.subarray(start, end)
      : shiftTimestamp(payload.subarray(start, end), shift),
  )
  const codec = codecOfId(attributes & CODEC_MASK) ?? 'none'
  const body = compress(codec, null, Buffer.concat(pieces))
  const result = Buffer.concat([b.subarray(0, RECORD_BATCH_HEADER_BYTES), body])
  result.writeInt32BE(result.length - LOG_OVERHEAD, LENGTH_AT)
  result.writeInt32BE(kept.length, COUNT_AT)
  if (needsHorizon) {
    result.writeInt16BE(attributes | DELETE_HORIZON_BIT, ATTRIBUTES_AT)
    result.writeBigInt64BE(BigInt(options.newHorizonMs), BASE_TIMESTAMP_AT)
  }
  if (dropped > 0 && !isLogAppendTime(attributes)) {
    const maxTimestamp = Math.min(batchBaseTimestamp(b, 0) + maxDelta, batchMaxTimestamp(b, 0))
    result.writeBigInt64BE(clampedInt64(maxTimestamp), MAX_TIMESTAMP_AT)
  }
  writeBatchCrc(result, 0)
  return { batch: result, kept: kept.length, dropped }
}

/** The batch without any record: keeps offsets, and what the producer's state is made of. */
export function emptyBatch(b: Buffer): Buffer {
  const result = Buffer.from(b.subarray(0, RECORD_BATCH_HEADER_BYTES))
  result.writeInt32BE(RECORD_BATCH_HEADER_BYTES - LOG_OVERHEAD, LENGTH_AT)
  result.writeInt16BE(batchAttributes(b, 0) & ~(CODEC_MASK | DELETE_HORIZON_BIT), ATTRIBUTES_AT)
  result.writeBigInt64BE(-1n, BASE_TIMESTAMP_AT)
  result.writeInt32BE(0, COUNT_AT)
  writeBatchCrc(result, 0)
  return result
}

/** Length prefix included. */
function recordBytes(payload: Buffer, at: number): number {
  const [length, lengthBytes] = readVarint(payload, at)
  if (length < 1 || at + lengthBytes + length > payload.length) {
    throw new RecordsError(
      'INVALID_RECORD',
      `a record of ${length} bytes at ${at} of ${payload.length}`,
    )
  }
  return Number(length) + lengthBytes
}

/** The same record with another timestamp delta: everything else is copied. */
function shiftTimestamp(record: Buffer, shift: number): Buffer {
  const [, prefixBytes] = readVarint(record, 0)
  const deltaAt = prefixBytes + 1
  const [delta, deltaBytes] = readVarlong(record, deltaAt)
  const newDelta = writeVarlong(delta + BigInt(Math.trunc(shift)))
  const rest = record.subarray(deltaAt + deltaBytes)
  const length = 1 + newDelta.length + rest.length
  return Buffer.concat([
    writeVarlong(BigInt(length)),
    record.subarray(prefixBytes, deltaAt),
    newDelta,
    rest,
  ])
}

/** A 32-bit varint. */
function readVarint(b: Buffer, at: number): [value: number, bytes: number] {
  let raw = 0
  for (let bytes = 1; bytes <= 5; bytes++) {
    const byte = b[at + bytes - 1]
    if (byte === undefined) break
    raw |= (byte & 0x7f) << (7 * (bytes - 1))
    if (byte < 0x80) return [(raw >>> 1) ^ -(raw & 1), bytes]
  }
  throw new RecordsError('INVALID_RECORD', `a varint that does not end at ${at}`)
}

function readVarlong(b: Buffer, at: number): [value: bigint, bytes: number] {
  let raw = 0n
  for (let bytes = 1; bytes <= 10; bytes++) {
    const byte = b[at + bytes - 1]
    if (byte === undefined) break
    raw |= BigInt(byte & 0x7f) << BigInt(7 * (bytes - 1))
    if (byte < 0x80) return [(raw >> 1n) ^ -(raw & 1n), bytes]
  }
  throw new RecordsError('INVALID_RECORD', `a varint that does not end at ${at}`)
}

function writeVarlong(value: bigint): Buffer {
  let raw = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
  const bytes: number[] = []
  while (raw >= 0x80n) {
    bytes.push(Number(raw & 0x7fn) | 0x80)
    raw >>= 7n
  }
  bytes.push(Number(raw))
  return Buffer.from(bytes)
}
