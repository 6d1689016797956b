// Files of a log, read piece by piece: batches with their checks, index entries with theirs.
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeInBytes,
  codecOf,
  type DecodedRecord,
  hasDeleteHorizon,
  isControl,
  isLogAppendTime,
  isTransactional,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  records,
  verifyBatchCrc,
} from '@weir/protocol'

export interface FileReader {
  readonly bytes: number
  /** Shorter only at the end of the file. */
  read(position: number, length: number): Buffer
}

export interface DumpedBatch {
  readonly position: number
  readonly bytes: number
  readonly baseOffset: number
  /** Inclusive. */
  readonly lastOffset: number
  readonly recordCount: number
  readonly leaderEpoch: number
  readonly maxTimestamp: number
  readonly timestampType: 'CreateTime' | 'LogAppendTime'
  readonly codec: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly hasDeleteHorizon: boolean
  readonly isCrcValid: boolean
  /** Null unless asked for. */
  readonly records: readonly DecodedRecord[] | null
  /** What is wrong with it, for a person. */
  readonly problem: string | null
}

const MAX_BATCH_BYTES = 512 * 1024 * 1024

/** Batch by batch; the last one is cut short where the file is damaged beyond reading on. */
export function* dumpSegment(file: FileReader, withRecords: boolean): Generator<DumpedBatch> {
  let position = 0
  let nextOffset = -1
  while (position < file.bytes) {
    const header = file.read(position, RECORD_BATCH_HEADER_BYTES)
    const size = header.length < RECORD_BATCH_HEADER_BYTES ? -1 : batchSizeInBytes(header, 0)
    const isReadable = size >= RECORD_BATCH_HEADER_BYTES && size <= MAX_BATCH_BYTES
    if (
      !isReadable ||
      position + size > file.bytes ||
      batchMagic(header, 0) !== RECORD_BATCH_MAGIC
    ) {
      const rest = file.bytes - position
      yield {
        ...NO_BATCH,
        position,
        bytes: rest,
        problem: describeRest(header, size, position, rest),
      }
      return
    }
    const data = file.read(position, size)
    const batch = readBatch(data, position, withRecords)
    const isOrdered = batch.baseOffset >= nextOffset
    yield isOrdered || batch.problem !== null
      ? batch
      : {
          ...batch,
          problem: `offset ${batch.baseOffset} at position ${position} after ${nextOffset - 1}`,
        }
    nextOffset = batch.lastOffset + 1
    position += size
  }
}

function describeRest(header: Buffer, size: number, position: number, rest: number): string {
  // Preallocated files end in zeros.
  if (header.every(byte => byte === 0)) return `${rest} zero bytes at position ${position}`
  if (size < RECORD_BATCH_HEADER_BYTES || size > MAX_BATCH_BYTES) {
    return `no batch begins at position ${position} (${rest} bytes left)`
  }
  if (batchMagic(header, 0) !== RECORD_BATCH_MAGIC) {
    return `magic ${batchMagic(header, 0)} at position ${position} is not supported`
  }
  return `the batch at position ${position} is cut off: ${rest} of ${size} bytes`
}

function readBatch(data: Buffer, position: number, withRecords: boolean): DumpedBatch {
  const attributes = batchAttributes(data, 0)
  const isCrcValid = verifyBatchCrc(data, 0)
  let problem = isCrcValid ? null : `wrong CRC in the batch at position ${position}`
  let decoded: DecodedRecord[] | null = null
  if (isCrcValid) {
    try {
      const list = [...records(data, 0)]
      if (withRecords) decoded = list
    } catch (error) {
      problem = `the records of the batch at position ${position}: ${(error as Error).message}`
    }
  }
  return {
    position,
    bytes: data.length,
    baseOffset: batchBaseOffset(data, 0),
    lastOffset: batchLastOffset(data, 0),
    recordCount: batchRecordCount(data, 0),
    leaderEpoch: batchLeaderEpoch(data, 0),
    maxTimestamp: batchMaxTimestamp(data, 0),
    timestampType: isLogAppendTime(attributes) ? 'LogAppendTime' : 'CreateTime',
    codec: codecOf(attributes) ?? 'unknown',
    producerId: batchProducerId(data, 0),
    producerEpoch: batchProducerEpoch(data, 0),
    baseSequence: batchBaseSequence(data, 0),
    isTransactional: isTransactional(attributes),
    isControl: isControl(attributes),
    hasDeleteHorizon: hasDeleteHorizon(attributes),
    isCrcValid,
    records: decoded,
    problem,
  }
}

const NO_BATCH: DumpedBatch = {
  position: 0,
  bytes: 0,
  baseOffset: -1,
  lastOffset: -1,
  recordCount: 0,
  leaderEpoch: -1,
  maxTimestamp: -1,
  timestampType: 'CreateTime',
  codec: 'unknown',
  producerId: -1,
  producerEpoch: -1,
  baseSequence: -1,
  isTransactional: false,
  isControl: false,
  hasDeleteHorizon: false,
  isCrcValid: false,
  records: null,
  problem: null,
}

export interface IndexEntry {
  readonly offset: number
  /** Of the offset index: where the batch with the offset begins. */
  readonly position?: number
  /** Of the time index. */
  readonly timestamp?: number
  readonly problem: string | null
}

const OFFSET_ENTRY_BYTES = 8
const TIME_ENTRY_BYTES = 12

/** `baseOffset` is the one in the file's name. Zero entries at the end are preallocated space. */
export function* dumpOffsetIndex(file: FileReader, baseOffset: number): Generator<IndexEntry> {
  let before = { relativeOffset: -1, position: -1 }
  for (const data of entries(file, OFFSET_ENTRY_BYTES)) {
    const relativeOffset = data.readUInt32BE(0)
    const position = data.readUInt32BE(4)
    if (relativeOffset === 0 && position === 0 && before.relativeOffset >= 0) return
    const isAscending = relativeOffset > before.relativeOffset && position >= before.position
    const offset = baseOffset + relativeOffset
    yield {
      offset,
      position,
      problem: isAscending ? null : `entry of offset ${offset} is out of order`,
    }
    before = { relativeOffset, position }
  }
}

export function* dumpTimeIndex(file: FileReader, baseOffset: number): Generator<IndexEntry> {
  let before = { timestamp: Number.NEGATIVE_INFINITY, relativeOffset: -1 }
  for (const data of entries(file, TIME_ENTRY_BYTES)) {
    const timestamp = Number(data.readBigInt64BE(0))
    const relativeOffset = data.readUInt32BE(8)
    if (timestamp === 0 && relativeOffset === 0) return
    const isAscending = timestamp >= before.timestamp && relativeOffset >= before.relativeOffset
    const offset = baseOffset + relativeOffset
    yield {
      offset,
      timestamp,
      problem: isAscending ? null : `entry of time ${timestamp} is out of order`,
    }
    before = { timestamp, relativeOffset }
  }
}

function* entries(file: FileReader, entryBytes: number): Generator<Buffer> {
  const data = file.read(0, file.bytes)
  for (let at = 0; at + entryBytes <= data.length; at += entryBytes) {
    yield data.subarray(at, at + entryBytes)
  }
}
