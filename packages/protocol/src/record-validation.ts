// What the leader of a partition checks and changes in the records of a Produce request, with
// Kafka's answers. Stricter than Kafka in three things: offset deltas inside a batch have to be
// 0, 1, 2 ...; a damaged payload is CORRUPT_MESSAGE, not UNKNOWN_SERVER_ERROR; a client cannot set
// the delete horizon. The bytes are changed in place only after everything has been checked.

import { type Codec, compress, decompress, idOfCodec } from './compression/compression.ts'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchLastOffsetDelta,
  batchMagic,
  batchMaxTimestamp,
  batchProducerId,
  batchRecordCount,
  batchSizeInBytes,
  CODEC_MASK,
  codecOf,
  hasDeleteHorizon,
  isControl,
  isLogAppendTime,
  isTransactional,
  LOG_OVERHEAD,
  NO_PRODUCER_ID,
  NO_TIMESTAMP,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  setBatchLogAppendTime,
  setBatchMaxTimestamp,
  verifyBatchCrc,
  writeBatchCrc,
} from './record-batch.ts'
import { RecordWalker } from './record-walker.ts'
import { OutputLimitError, RecordsError } from './records-error.ts'

export type ValidationError =
  | 'CORRUPT_MESSAGE'
  | 'INVALID_RECORD'
  | 'INVALID_TIMESTAMP'
  | 'MESSAGE_TOO_LARGE'
  | 'UNSUPPORTED_COMPRESSION_TYPE'

export interface RecordValidationOptions {
  /** max.message.bytes: of a whole batch as it is stored. */
  readonly maxBatchBytes: number
  /** Codec that batches are stored in; 'producer' leaves them as they come. */
  readonly targetCodec: Codec | 'producer'
  readonly targetLevel: number | null
  readonly isLogAppendTime: boolean
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  /** A compacted topic needs keys. */
  readonly isCompacted: boolean
  /** 'batch' leaves the inside of batches unread. */
  readonly depth: 'full' | 'batch'
  /** A batch of more than this is 'deferred', whatever is in it. */
  readonly inlineBatchBytes: number
  /** More than this of compressed bytes, or of output, is 'deferred'. */
  readonly inlineInputBytes: number
  readonly inlineOutputBytes: number
  /** The budget of a decompression in all. */
  readonly maxOutputBytes: number
}

export interface RecordError {
  readonly batchIndex: number
  readonly message: string
}

export type ValidationOutcome =
  | {
      readonly kind: 'valid'
      /** One batch: a slice of what came, patched in place, or a new one. */
      readonly records: Buffer
      readonly recordCount: number
      readonly maxTimestamp: number
    }
  | {
      readonly kind: 'invalid'
      readonly error: ValidationError
      readonly message: string
      readonly recordErrors: readonly RecordError[]
    }
  /** Too much work for the event loop: the same call, without inline limits, belongs in a worker. */
  | { readonly kind: 'deferred' }

/** An answer names at most so many records. */
const MAX_RECORD_ERRORS = 1000
const MIN_LENGTH_FIELD = 14
const MAGIC_END = 17

const walker = new RecordWalker()

/** Checks the records of one partition of a Produce request. Never throws on what a client sent. */
export function validateProducedRecords(
  buffer: Buffer,
  options: RecordValidationOptions,
  nowMs: number,
): ValidationOutcome {
  const framing = checkFraming(buffer) ?? checkHeader(buffer, options)
  if (framing !== null) return framing
  const sizeInBytes = batchSizeInBytes(buffer, 0)
  const batch = sizeInBytes === buffer.length ? buffer : buffer.subarray(0, sizeInBytes)
  const codec = codecOf(batchAttributes(batch, 0))
  if (codec === null) {
    return invalid('CORRUPT_MESSAGE', `unknown codec ${batchAttributes(batch, 0) & CODEC_MASK}`)
  }
  try {
    return checkRecords(batch, codec, options, nowMs)
  } catch (error) {
    if (error instanceof OutputLimitError && options.inlineOutputBytes < options.maxOutputBytes) {
      return { kind: 'deferred' }
    }
    if (error instanceof RecordsError) return invalid(error.errorName, error.message)
    throw error
  }
}

function invalid(
  error: ValidationError,
  message: string,
  recordErrors: readonly RecordError[] = [],
): ValidationOutcome {
  return { kind: 'invalid', error, message, recordErrors }
}

type BatchKind = 'none' | 'partial' | 'corrupt' | 'whole'

/** What begins at `at`, as Kafka's reader of batches sees it. */
function batchKindAt(buffer: Buffer, at: number): BatchKind {
  const rest = buffer.length - at
  if (rest === 0) return 'none'
  if (rest < LOG_OVERHEAD) return 'partial'
  const length = buffer.readInt32BE(at + 8)
  if (length < MIN_LENGTH_FIELD) return 'corrupt'
  if (rest < MAGIC_END) return 'partial'
  const magic = batchMagic(buffer, at)
  if (magic < 0 || magic > RECORD_BATCH_MAGIC) return 'corrupt'
  return length + LOG_OVERHEAD > rest ? 'partial' : 'whole'
}

/** Exactly one whole batch of magic 2, and at most a piece of another behind it. */
function checkFraming(buffer: Buffer): ValidationOutcome | null {
  const first = batchKindAt(buffer, 0)
  if (first === 'corrupt') return invalid('CORRUPT_MESSAGE', 'impossible batch length or magic')
  if (first !== 'whole') return invalid('INVALID_RECORD', 'no whole record batch')
  const magic = batchMagic(buffer, 0)
  if (magic !== RECORD_BATCH_MAGIC) {
    return invalid('INVALID_RECORD', `magic ${magic} is not accepted, only 2`)
  }
  const sizeInBytes = batchSizeInBytes(buffer, 0)
  if (sizeInBytes < RECORD_BATCH_HEADER_BYTES) {
    return invalid('CORRUPT_MESSAGE', `batch of ${sizeInBytes} bytes`)
  }
  const second = batchKindAt(buffer, sizeInBytes)
  if (second === 'corrupt') return invalid('CORRUPT_MESSAGE', 'garbage behind the batch')
  if (second === 'whole') return invalid('INVALID_RECORD', 'more than one record batch')
  return null
}

function checkHeader(buffer: Buffer, options: RecordValidationOptions): ValidationOutcome | null {
  const sizeInBytes = batchSizeInBytes(buffer, 0)
  if (batchBaseOffset(buffer, 0) !== 0) {
    return invalid('INVALID_RECORD', `base offset ${batchBaseOffset(buffer, 0)} from a producer`)
  }
  if (sizeInBytes > options.maxBatchBytes) return tooLarge(sizeInBytes, options)
  if (sizeInBytes > options.inlineBatchBytes) return { kind: 'deferred' }
  if (!verifyBatchCrc(buffer, 0)) return invalid('CORRUPT_MESSAGE', 'the checksum does not fit')
  const count = batchRecordCount(buffer, 0)
  const lastOffsetDelta = batchLastOffsetDelta(buffer, 0)
  if (count <= 0 || lastOffsetDelta !== count - 1) {
    return invalid('INVALID_RECORD', `${count} records, last offset delta ${lastOffsetDelta}`)
  }
  const attributes = batchAttributes(buffer, 0)
  if (isControl(attributes)) return invalid('INVALID_RECORD', 'a control batch from a client')
  if (hasDeleteHorizon(attributes)) {
    return invalid('INVALID_RECORD', 'a delete horizon from a client')
  }
  const producerId = batchProducerId(buffer, 0)
  if (producerId < NO_PRODUCER_ID || producerId > Number.MAX_SAFE_INTEGER) {
    return invalid('INVALID_RECORD', `producer id ${producerId}`)
  }
  if (producerId === NO_PRODUCER_ID) {
    return isTransactional(attributes)
      ? invalid('INVALID_RECORD', 'a transactional batch without a producer id')
      : null
  }
  if (batchBaseSequence(buffer, 0) < 0) {
    return invalid('INVALID_RECORD', `base sequence ${batchBaseSequence(buffer, 0)}`)
  }
  return null
}

function tooLarge(sizeInBytes: number, options: RecordValidationOptions): ValidationOutcome {
  const limit = options.maxBatchBytes
  return invalid('MESSAGE_TOO_LARGE', `batch of ${sizeInBytes} bytes, the limit is ${limit}`)
}

function checkRecords(
  batch: Buffer,
  codec: Codec,
  options: RecordValidationOptions,
  nowMs: number,
): ValidationOutcome {
  const target = options.targetCodec === 'producer' ? codec : options.targetCodec
  const headerMax = batchMaxTimestamp(batch, 0)
  if (options.depth === 'batch' && target === codec) {
    if (!options.isLogAppendTime && isOutOfBounds(headerMax, options, nowMs)) {
      return invalid('INVALID_TIMESTAMP', `largest timestamp ${headerMax} is out of bounds`)
    }
    return finish(batch, headerMax, options, nowMs)
  }
  let payload = batch
  let start = RECORD_BATCH_HEADER_BYTES
  if (codec !== 'none') {
    if (batch.length > options.inlineInputBytes) return { kind: 'deferred' }
    const limit = Math.min(options.inlineOutputBytes, options.maxOutputBytes)
    payload = decompress(codec, batch.subarray(RECORD_BATCH_HEADER_BYTES), limit)
    start = 0
  } else if (target !== 'none' && batch.length > options.inlineInputBytes) {
    return { kind: 'deferred' }
  }
  const failed = walkRecords({ batch, payload, start, options, nowMs })
  if (failed !== null) return failed
  if (target === codec) return finish(batch, walkedMaxTimestamp, options, nowMs)
  const plain = start === 0 ? payload : payload.subarray(start)
  const stored = recompress(batch, plain, target, options.targetLevel)
  if (stored.length > options.maxBatchBytes) return tooLarge(stored.length, options)
  return finish(stored, walkedMaxTimestamp, options, nowMs)
}

/** The largest timestamp that the last `walkRecords` met; a value of its own to allocate nothing. */
let walkedMaxTimestamp = NO_TIMESTAMP

interface Walk {
  readonly batch: Buffer
  /** Plain records from `start` on. */
  readonly payload: Buffer
  readonly start: number
  readonly options: RecordValidationOptions
  readonly nowMs: number
}

function walkRecords({ batch, payload, start, options, nowMs }: Walk): ValidationOutcome | null {
  const count = batchRecordCount(batch, 0)
  const baseTimestamp = batchBaseTimestamp(batch, 0)
  // A client that claims log append time has one timestamp for all of its records.
  const isFixed = isLogAppendTime(batchAttributes(batch, 0))
  const fixedTimestamp = batchMaxTimestamp(batch, 0)
  let recordErrors: RecordError[] | null = null
  let hasBadTimestamp = false
  let maxTimestamp = NO_TIMESTAMP
  walker.reset(payload, start, payload.length)
  for (let index = 0; index < count; index++) {
    if (!walker.next()) return invalid('INVALID_RECORD', `record ${index}: ${walker.failure}`)
    if (walker.offsetDelta !== index) {
      return invalid('INVALID_RECORD', `record ${index} has offset delta ${walker.offsetDelta}`)
    }
    const timestamp = isFixed ? fixedTimestamp : baseTimestamp + walker.timestampDelta
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    const hasNoKey = options.isCompacted && walker.keyLength < 0
    const isBad = !options.isLogAppendTime && isOutOfBounds(timestamp, options, nowMs)
    if (!hasNoKey && !isBad) continue
    hasBadTimestamp ||= isBad
    recordErrors ??= []
    if (recordErrors.length < MAX_RECORD_ERRORS) {
      const message = hasNoKey
        ? 'Compacted topic cannot accept message without key.'
        : `Timestamp ${timestamp} of the record is out of range.`
      recordErrors.push({ batchIndex: index, message })
    }
  }
  if (!walker.isAtEnd) return invalid('INVALID_RECORD', `bytes behind the ${count} records`)
  walkedMaxTimestamp = maxTimestamp
  if (recordErrors === null) return null
  return hasBadTimestamp
    ? invalid('INVALID_TIMESTAMP', 'records have timestamps that are out of range', recordErrors)
    : invalid('INVALID_RECORD', 'records were rejected', recordErrors)
}

function isOutOfBounds(
  timestamp: number,
  options: RecordValidationOptions,
  nowMs: number,
): boolean {
  if (timestamp === NO_TIMESTAMP) return false
  const ageMs = nowMs - timestamp
  return ageMs > options.timestampBeforeMaxMs || -ageMs > options.timestampAfterMaxMs
}

/** The same header over the same records in another codec. */
function recompress(batch: Buffer, plain: Buffer, target: Codec, level: number | null): Buffer {
  const payload = compress(target, level, plain)
  const result = Buffer.concat([batch.subarray(0, RECORD_BATCH_HEADER_BYTES), payload])
  const attributes = (batchAttributes(batch, 0) & ~CODEC_MASK) | idOfCodec(target)
  result.writeInt16BE(attributes, 21)
  result.writeInt32BE(result.length - LOG_OVERHEAD, 8)
  writeBatchCrc(result, 0)
  return result
}

function finish(
  batch: Buffer,
  maxTimestamp: number,
  options: RecordValidationOptions,
  nowMs: number,
): ValidationOutcome {
  const recordCount = batchRecordCount(batch, 0)
  if (options.isLogAppendTime) {
    setBatchLogAppendTime(batch, 0, nowMs)
    return { kind: 'valid', records: batch, recordCount, maxTimestamp: nowMs }
  }
  const isStored =
    batchMaxTimestamp(batch, 0) === maxTimestamp && !isLogAppendTime(batchAttributes(batch, 0))
  if (!isStored) setBatchMaxTimestamp(batch, 0, maxTimestamp)
  return { kind: 'valid', records: batch, recordCount, maxTimestamp }
}
