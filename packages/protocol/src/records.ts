// The records of a batch as objects: for compaction, coordinators, tools and tests; never on the
// way of a client's produce or fetch.

import { decompress, requireCodec } from './compression/compression.ts'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestamp,
  batchMagic,
  batchMaxTimestamp,
  batchRecordCount,
  batchSizeInBytes,
  CODEC_MASK,
  isLogAppendTime,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
} from './record-batch.ts'
import { type RecordHeader, RecordWalker } from './record-walker.ts'
import { RecordsError } from './records-error.ts'

export interface DecodedRecord {
  readonly offset: number
  /** Milliseconds; -1 is none. Any 64-bit value, rounded beyond 2^53. */
  readonly timestamp: number
  /** Slices of the batch, or of its decompressed bytes. */
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RecordHeader[]
}

/** What a reader accepts out of one compressed batch unless it says otherwise. */
export const DEFAULT_DECOMPRESSION_LIMIT_BYTES = 256 * 1024 * 1024

/** The plain bytes of the batch's records. Throws RecordsError. */
export function batchPayload(b: Buffer, at: number, maxOutputBytes: number): Buffer {
  if (b.length - at < RECORD_BATCH_HEADER_BYTES) {
    throw new RecordsError('CORRUPT_MESSAGE', 'the batch header is cut off')
  }
  const end = at + batchSizeInBytes(b, at)
  if (batchMagic(b, at) !== RECORD_BATCH_MAGIC) {
    throw new RecordsError('INVALID_RECORD', `magic ${batchMagic(b, at)} is not supported`)
  }
  if (end > b.length || end - at < RECORD_BATCH_HEADER_BYTES) {
    throw new RecordsError('CORRUPT_MESSAGE', 'the batch is cut off')
  }
  const codec = requireCodec(batchAttributes(b, at) & CODEC_MASK)
  return decompress(codec, b.subarray(at + RECORD_BATCH_HEADER_BYTES, end), maxOutputBytes)
}

/** The records of the batch at `at`, in order. Throws RecordsError when it meets damage. */
export function* records(
  b: Buffer,
  at: number,
  maxOutputBytes: number = DEFAULT_DECOMPRESSION_LIMIT_BYTES,
): Generator<DecodedRecord, void, undefined> {
  const payload = batchPayload(b, at, maxOutputBytes)
  const count = batchRecordCount(b, at)
  const baseOffset = batchBaseOffset(b, at)
  const baseTimestamp = batchBaseTimestamp(b, at)
  const maxTimestamp = batchMaxTimestamp(b, at)
  const isAppendTime = isLogAppendTime(batchAttributes(b, at))
  const walker = new RecordWalker()
  walker.reset(payload, 0, payload.length)
  for (let index = 0; index < count; index++) {
    if (!walker.next())
      throw new RecordsError('INVALID_RECORD', `record ${index}: ${walker.failure}`)
    const { keyAt, keyLength, valueAt, valueLength } = walker
    yield {
      offset: baseOffset + walker.offsetDelta,
      timestamp: isAppendTime ? maxTimestamp : baseTimestamp + walker.timestampDelta,
      key: keyLength < 0 ? null : payload.subarray(keyAt, keyAt + keyLength),
      value: valueLength < 0 ? null : payload.subarray(valueAt, valueAt + valueLength),
      headers: walker.headerCount === 0 ? [] : walker.headers(),
    }
  }
  if (!walker.isAtEnd) throw new RecordsError('INVALID_RECORD', 'bytes behind the last record')
}

/** Calls `visitor` for each record of the batch at `at`. Throws RecordsError when it meets damage. */
export function forEachRecord(
  b: Buffer,
  at: number,
  visitor: (record: DecodedRecord) => void,
  maxOutputBytes: number = DEFAULT_DECOMPRESSION_LIMIT_BYTES,
): void {
  for (const record of records(b, at, maxOutputBytes)) visitor(record)
}

/** Where the whole batches of `b` begin; stops before a partial one. Throws on an impossible length. */
export function* batchPositions(b: Buffer): Generator<number, void, undefined> {
  let at = 0
  while (b.length - at >= RECORD_BATCH_HEADER_BYTES) {
    const size = batchSizeInBytes(b, at)
    if (size < RECORD_BATCH_HEADER_BYTES) {
      throw new RecordsError('CORRUPT_MESSAGE', `batch size ${size}`)
    }
    if (size > b.length - at) return
    yield at
    at += size
  }
}
