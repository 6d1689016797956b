// Builds one record batch v2 out of records: for coordinators, compaction, tools and tests.

import { type Codec, compress, idOfCodec } from './compression/compression.ts'
import {
  CONTROL_BIT,
  DELETE_HORIZON_BIT,
  LOG_APPEND_TIME_BIT,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  NO_TIMESTAMP,
  RECORD_BATCH_HEADER_BYTES,
  TRANSACTIONAL_BIT,
  writeBatchCrc,
  writeBatchHeader,
} from './record-batch.ts'

export interface RecordBatchOptions {
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  readonly codec?: Codec
  /** Null is the codec's default. */
  readonly level?: number | null
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** Set: the batch is one of log append time with this timestamp. */
  readonly logAppendTimeMs?: number
  /** Set: compaction keeps the batch's tombstones until then. */
  readonly deleteHorizonMs?: number
  /** Inclusive; kept larger than the last record's by compaction. */
  readonly lastOffset?: number
}

export interface NewRecord {
  /** The next free offset if absent; must grow. */
  readonly offset?: number
  /** -1 is none. */
  readonly timestamp: number
  readonly key: Buffer | string | null
  readonly value: Buffer | string | null
  readonly headers?: readonly { readonly key: string; readonly value: Buffer | string | null }[]
}

const INITIAL_BYTES = 512

export class RecordBatchBuilder {
  readonly #options: RecordBatchOptions
  readonly #baseOffset: number
  #buffer: Buffer
  #at = RECORD_BATCH_HEADER_BYTES
  #count = 0
  #lastOffset: number
  #baseTimestamp = NO_TIMESTAMP
  #maxTimestamp = NO_TIMESTAMP

  constructor(options: RecordBatchOptions = {}) {
    this.#options = options
    this.#baseOffset = options.baseOffset ?? 0
    this.#lastOffset = this.#baseOffset - 1
    this.#buffer = Buffer.allocUnsafe(INITIAL_BYTES)
  }

  get recordCount(): number {
    return this.#count
  }

  /** The size of the batch so far, before compression. */
  get sizeInBytes(): number {
    return this.#at
  }

  append(record: NewRecord): this {
    const key = toBuffer(record.key)
    const value = toBuffer(record.value)
    const headers = (record.headers ?? []).map(({ key: name, value: content }) => ({
      key: Buffer.from(name, 'utf8'),
      value: toBuffer(content),
    }))
    if (this.#count === 0) {
      this.#baseTimestamp = this.#options.deleteHorizonMs ?? record.timestamp
    }
    const offset = record.offset ?? this.#lastOffset + 1
    const timestampDelta = record.timestamp - this.#baseTimestamp
    const offsetDelta = offset - this.#baseOffset
    let size = 1 + varintBytes(timestampDelta) + varintBytes(offsetDelta)
    size += sizeOfBytes(key) + sizeOfBytes(value) + varintBytes(headers.length)
    for (const header of headers) size += sizeOfBytes(header.key) + sizeOfBytes(header.value)
    this.#reserve(size + 10)
    this.#varint(size)
    this.#buffer[this.#at++] = 0
    this.#varint(timestampDelta)
    this.#varint(offsetDelta)
    this.#bytes(key)
    this.#bytes(value)
    this.#varint(headers.length)
    for (const header of headers) {
      this.#bytes(header.key)
      this.#bytes(header.value)
    }
    this.#count++
    this.#lastOffset = offset
    this.#maxTimestamp = Math.max(this.#maxTimestamp, record.timestamp)
    return this
  }

  /** The batch; the builder must not be used after. */
  build(): Buffer {
    const options = this.#options
    const codec = options.codec ?? 'none'
    let batch = this.#buffer.subarray(0, this.#at)
    if (codec !== 'none') {
      const payload = compress(
        codec,
        options.level ?? null,
        batch.subarray(RECORD_BATCH_HEADER_BYTES),
      )
      batch = Buffer.concat([batch.subarray(0, RECORD_BATCH_HEADER_BYTES), payload])
    }
    writeBatchHeader(batch, 0, {
      sizeInBytes: batch.length,
      baseOffset: this.#baseOffset,
      leaderEpoch: options.leaderEpoch ?? -1,
      attributes: this.#attributes(codec),
      lastOffsetDelta:
        (options.lastOffset ?? Math.max(this.#lastOffset, this.#baseOffset)) - this.#baseOffset,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: options.logAppendTimeMs ?? this.#maxTimestamp,
      producerId: options.producerId ?? NO_PRODUCER_ID,
      producerEpoch: options.producerEpoch ?? NO_PRODUCER_EPOCH,
      baseSequence: options.baseSequence ?? NO_SEQUENCE,
      recordCount: this.#count,
    })
    writeBatchCrc(batch, 0)
    return batch
  }

  #attributes(codec: Codec): number {
    const options = this.#options
    return (
      idOfCodec(codec) |
      (options.logAppendTimeMs === undefined ? 0 : LOG_APPEND_TIME_BIT) |
      (options.isTransactional === true ? TRANSACTIONAL_BIT : 0) |
      (options.isControl === true ? CONTROL_BIT : 0) |
      (options.deleteHorizonMs === undefined ? 0 : DELETE_HORIZON_BIT)
    )
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    const larger = Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2))
    this.#buffer.copy(larger, 0, 0, this.#at)
    this.#buffer = larger
  }

  #bytes(bytes: Buffer | null): void {
    if (bytes === null) {
      this.#varint(-1)
      return
    }
    this.#varint(bytes.length)
    bytes.copy(this.#buffer, this.#at)
    this.#at += bytes.length
  }

  #varint(value: number): void {
    // Zigzag by halves, which is exact up to 2^53.
    const half = value >= 0 ? value : -value - 1
    let byte = (half % 64) * 2 + (value >= 0 ? 0 : 1)
    let rest = Math.floor(half / 64)
    while (rest > 0) {
      this.#buffer[this.#at++] = byte | 0x80
      byte = rest % 128
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#at++] = byte
  }
}

/** A batch of records at once. */
export function buildRecordBatch(
  records: readonly NewRecord[],
  options?: RecordBatchOptions,
): Buffer {
  const builder = new RecordBatchBuilder(options)
  for (const record of records) builder.append(record)
  return builder.build()
}

function toBuffer(value: Buffer | string | null): Buffer | null {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value
}

function varintBytes(value: number): number {
  let rest = Math.floor((value >= 0 ? value : -value - 1) / 64)
  let count = 1
  for (; rest > 0; count++) rest = Math.floor(rest / 128)
  return count
}

function sizeOfBytes(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintBytes(bytes.length) + bytes.length
}
