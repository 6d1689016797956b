// What a file of a data directory says, verified as far as it can be on its own: for `weir log dump`.
// Every kind but `.log` is small and read whole; a segment is walked batch by batch.

import type { Disk } from '@weir/core'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLeaderEpoch,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  codecOf,
  type DecodedRecord,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  RECORD_BATCH_HEADER_BYTES,
  records,
} from '@weir/protocol'
import { decodeCheckpoint } from '../checkpoint-file.ts'
import { readIfThere } from '../disk-reads.ts'
import {
  CLEAN_SHUTDOWN,
  decodePartitionMetadata,
  INDEX_SUFFIX,
  LOG_CHECKPOINT,
  LOG_SUFFIX,
  OFFSETS_CHECKPOINT,
  offsetOfFile,
  PARTITION_METADATA,
  PRODUCERS_SUFFIX,
  SNAPSHOT_SUFFIX,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from '../file-names.ts'
import { decodeProducerSnapshot } from '../producer-snapshot.ts'
import { SegmentWindow } from '../segment-window.ts'
import { OffsetIndex, TimeIndex } from '../sparse-index.ts'
import { decodeTransactionIndex } from '../transaction-index.ts'

export interface FileDump {
  /** The kind in words: 'offset index', 'producer snapshot' ... */
  readonly kind: string
  /** One object an entry, with plain values. */
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  /** Empty when everything that can be checked holds. */
  readonly problems: readonly string[]
}

const FAR = Number.MAX_SAFE_INTEGER

/** Any file but a segment. Null: not a file of ours, or not there. */
export async function dumpSmallFile(disk: Disk, path: string): Promise<FileDump | null> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const bytes = await readIfThere(disk, path)
  if (bytes === null) return null
  if (name === PARTITION_METADATA) return dumpMetadata(bytes)
  const checkpoint = CHECKPOINT_KINDS.get(name) ?? kindOfSuffix(name)
  if (checkpoint !== null) return dumpCheckpoint(bytes, checkpoint)
  for (const [suffix, dump] of DUMPS) {
    const baseOffset = offsetOfFile(name, suffix)
    if (baseOffset !== null) return dump(bytes, baseOffset)
  }
  return null
}

const CHECKPOINT_KINDS: ReadonlyMap<string, string> = new Map([
  [LOG_CHECKPOINT, 'log'],
  [OFFSETS_CHECKPOINT, 'offsets'],
  [CLEAN_SHUTDOWN, 'clean-shutdown'],
])

function kindOfSuffix(name: string): string | null {
  return offsetOfFile(name, PRODUCERS_SUFFIX) === null ? null : 'producers'
}

const DUMPS: readonly (readonly [string, (bytes: Buffer, baseOffset: number) => FileDump])[] = [
  [INDEX_SUFFIX, dumpOffsetIndex],
  [TIME_INDEX_SUFFIX, dumpTimeIndex],
  [TRANSACTION_INDEX_SUFFIX, dumpTransactionIndex],
  [SNAPSHOT_SUFFIX, dumpSnapshot],
]

function damaged(kind: string, problem: string): FileDump {
  return { kind, rows: [], problems: [problem] }
}

function dumpMetadata(bytes: Buffer): FileDump {
  const kind = 'partition metadata'
  const topicId = decodePartitionMetadata(bytes)
  if (topicId === null) return damaged(kind, 'not what a partition.metadata looks like')
  return { kind, rows: [{ topicId }], problems: [] }
}

function dumpCheckpoint(bytes: Buffer, kind: string): FileDump {
  const read = decodeCheckpoint(kind, bytes)
  if (read.kind !== 'valid') {
    return damaged(`${kind} checkpoint`, read.kind === 'damaged' ? read.reason : 'missing')
  }
  return {
    kind: `${kind} checkpoint`,
    rows: [read.value as Record<string, unknown>],
    problems: [],
  }
}

function dumpOffsetIndex(bytes: Buffer, baseOffset: number): FileDump {
  const kind = 'offset index'
  const index = OffsetIndex.parse(bytes, FAR, FAR)
  if (index === null) return damaged(kind, 'entries out of order, or cut off: it will be rebuilt')
  const rows = Array.from({ length: index.count }, (_, entry) => ({
    offset: baseOffset + index.relativeOffsetAt(entry),
    position: index.positionAt(entry),
  }))
  return { kind, rows, problems: [] }
}

function dumpTimeIndex(bytes: Buffer, baseOffset: number): FileDump {
  const kind = 'time index'
  const index = TimeIndex.parse(bytes, FAR)
  if (index === null) return damaged(kind, 'entries out of order, or cut off: it will be rebuilt')
  const rows = Array.from({ length: index.count }, (_, entry) => ({
    timestamp: index.timestampAt(entry),
    offset: baseOffset + index.relativeOffsetAt(entry),
  }))
  return { kind, rows, problems: [] }
}

function dumpTransactionIndex(bytes: Buffer, baseOffset: number): FileDump {
  const kind = 'transaction index'
  const entries = decodeTransactionIndex(bytes, baseOffset, FAR)
  if (entries === null) return damaged(kind, 'entries out of order, or cut off: it will be rebuilt')
  return { kind, rows: entries.map(entry => ({ ...entry })), problems: [] }
}

function dumpSnapshot(bytes: Buffer): FileDump {
  const kind = 'producer snapshot'
  const state = decodeProducerSnapshot(bytes)
  if (state === null) return damaged(kind, 'checksum or size wrong: an older one will be used')
  return { kind, rows: state.active().map(each => ({ ...each })), problems: [] }
}

export interface DumpedBatch {
  readonly position: number
  readonly sizeInBytes: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly leaderEpoch: number
  readonly recordCount: number
  readonly maxTimestamp: number
  readonly codec: string
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly isTransactional: boolean
  readonly isControl: boolean
  readonly hasDeleteHorizon: boolean
  /** Null: it holds. Otherwise what is wrong; the walk ends there. */
  readonly problem: string | null
  /** Empty unless asked for. */
  readonly records: readonly DecodedRecord[]
}

/** The batches of a segment file in order, up to the first that does not hold. */
export function* dumpSegment(
  disk: Disk,
  path: string,
  options: { readonly withRecords: boolean },
): Generator<DumpedBatch, void, undefined> {
  const name = path.slice(path.lastIndexOf('/') + 1)
  const file = disk.openSync(path, 'read')
  try {
    const window = new SegmentWindow(file, file.sizeSync())
    let expected = offsetOfFile(name, LOG_SUFFIX) ?? 0
    for (let position = 0; position < window.fileBytes; ) {
      const size = window.batchSize(position)
      if (size === 0) {
        yield { ...NO_BATCH, position, problem: 'no batch begins here' }
        return
      }
      const problem = window.fitsCrc(position, size) ? null : 'checksum mismatch'
      const batch = window.copy(position, size)
      const baseOffset = batchBaseOffset(batch, 0)
      const isBehind = baseOffset < expected
      const withRecords = options.withRecords && problem === null
      yield {
        ...describe(batch, position),
        problem: problem ?? (isBehind ? `base offset ${baseOffset} below ${expected}` : null),
        records: withRecords ? [...records(batch, 0)] : [],
      }
      if (problem !== null || isBehind) return
      expected = batchLastOffset(batch, 0) + 1
      position += size
    }
  } finally {
    file.closeSync()
  }
}

function describe(b: Buffer, position: number): Omit<DumpedBatch, 'problem' | 'records'> {
  const attributes = batchAttributes(b, 0)
  return {
    position,
    sizeInBytes: b.length,
    baseOffset: batchBaseOffset(b, 0),
    lastOffset: batchLastOffset(b, 0),
    leaderEpoch: batchLeaderEpoch(b, 0),
    recordCount: batchRecordCount(b, 0),
    maxTimestamp: batchMaxTimestamp(b, 0),
    codec: codecOf(attributes) ?? 'unknown',
    producerId: batchProducerId(b, 0),
    producerEpoch: batchProducerEpoch(b, 0),
    baseSequence: batchBaseSequence(b, 0),
    isTransactional: isTransactional(attributes),
    isControl: isControl(attributes),
    hasDeleteHorizon: hasDeleteHorizon(attributes),
  }
}

const NO_BATCH: DumpedBatch = {
  ...describe(Buffer.alloc(RECORD_BATCH_HEADER_BYTES), 0),
  problem: null,
  records: [],
}
