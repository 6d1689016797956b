// The files of a segment's indexes: written when it is closed, read when somebody needs them, rebuilt
// from the log when they do not fit.
//
// Invariants: a file whose checksum is known and differs is not used; what is used was checked for
// order and bounds; writing one replaces the whole file.

import { DiskError } from '@weir/core'
import { crc32c } from '@weir/protocol'
import { unlessDiskIsFull, writeCacheFile } from './checkpoint-file.ts'
import { readIfThere, readSyncIfThere } from './disk-reads.ts'
import {
  INDEX_SUFFIX,
  segmentPath,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './file-names.ts'
import type { LogState } from './log-state.ts'
import { scanToRebuild } from './producer-files.ts'
import type { Segment } from './segment.ts'
import { OffsetIndex, TimeIndex } from './sparse-index.ts'
import { decodeTransactionIndex, encodeTransactionIndex } from './transaction-index.ts'

const UNKNOWN_CRC = -1
const MAX_REBUILDS = 10

/** Writes what is in memory; the files are caches and not synced on purpose. */
export async function writeIndexFiles(state: LogState, segment: Segment): Promise<void> {
  const { offsetIndex, timeIndex } = segment
  if (offsetIndex === null || timeIndex === null) return
  const { disk } = state.context.env
  const base = segmentPath(state.directory, segment.baseOffset)
  const bytesBefore = segment.bytes
  const offsetBytes = Buffer.from(offsetIndex.bytes())
  const timeBytes = Buffer.from(timeIndex.bytes())
  const abortedBytes = encodeTransactionIndex(segment.aborted ?? [])
  const hasAborted = segment.aborted !== null && segment.aborted.length > 0
  await writeCacheFile(disk, base + INDEX_SUFFIX, offsetBytes)
  await writeCacheFile(disk, base + TIME_INDEX_SUFFIX, timeBytes)
  if (hasAborted) await writeCacheFile(disk, base + TRANSACTION_INDEX_SUFFIX, abortedBytes)
  // Appends of meanwhile make the files too short, which is harmless, but not in their checksum.
  if (segment.bytes !== bytesBefore || segment.offsetIndex !== offsetIndex) return
  segment.offsetIndexCrc = crc32c(offsetBytes)
  segment.timeIndexCrc = crc32c(timeBytes)
  if (hasAborted) segment.transactionIndexCrc = crc32c(abortedBytes)
  segment.hasDirtyIndexes = false
}

/** For a closed segment (or an idle active one): its indexes in memory, rebuilt if need be. */
export async function loadIndexes(state: LogState, segment: Segment): Promise<void> {
  const { indexes } = state.context
  if (segment.offsetIndex !== null && segment.timeIndex !== null) {
    if (segment !== state.activeSegment) indexes.touch(segment)
    return
  }
  const { disk } = state.context.env
  const base = segmentPath(state.directory, segment.baseOffset)
  const offsetBytes = await readIfThere(disk, base + INDEX_SUFFIX)
  const timeBytes = await readIfThere(disk, base + TIME_INDEX_SUFFIX)
  if (segment.offsetIndex !== null || segment.isDeleted) return
  const offsetIndex = parseOffsetIndex(segment, offsetBytes)
  const timeIndex = parseTimeIndex(segment, timeBytes)
  if (offsetIndex === null || timeIndex === null) {
    await rebuildIndexes(state, segment)
    return
  }
  segment.offsetIndex = offsetIndex
  segment.timeIndex = timeIndex
  if (segment !== state.activeSegment) indexes.touch(segment)
}

/** From the bytes of the log, in a worker; replaces what is in memory and on the disk. */
export async function rebuildIndexes(state: LogState, segment: Segment): Promise<void> {
  const { env, indexes } = state.context
  env.log.warn('rebuilding the indexes of a segment', {
    log: state.directoryName,
    baseOffset: segment.baseOffset,
  })
  const structureEpoch = state.structureEpoch
  const built = await scanToRebuild(state, segment)
  if (structureEpoch !== state.structureEpoch || segment.isDeleted) return
  const fresh = new OffsetIndex(Buffer.from(built.offsetIndex), built.offsetIndex.length / 8)
  const freshTimes = new TimeIndex(Buffer.from(built.timeIndex), built.timeIndex.length / 12)
  // Entries for what was appended while the worker read.
  const { offsetIndex, timeIndex } = segment
  const scanned = built.fileBytes
  if (offsetIndex !== null) {
    for (let index = 0; index < offsetIndex.count; index++) {
      if (offsetIndex.positionAt(index) < scanned) continue
      fresh.append(offsetIndex.relativeOffsetAt(index), offsetIndex.positionAt(index))
    }
  }
  if (timeIndex !== null) {
    for (let index = 0; index < timeIndex.count; index++) {
      freshTimes.append(timeIndex.timestampAt(index), timeIndex.relativeOffsetAt(index))
    }
  }
  segment.offsetIndex = fresh
  segment.timeIndex = freshTimes
  segment.hasDirtyIndexes = true
  if (segment === state.activeSegment) return
  await unlessDiskIsFull(writeIndexFiles(state, segment), env.log)
  indexes.touch(segment)
}

/**
 * For the first append to a log that was idle. An index that does not fit is left empty for now:
 * lookups walk from the start, until the rebuilt one is there.
 */
export function loadActiveIndexesSync(state: LogState): void {
  const segment = state.activeSegment
  const { disk } = state.context.env
  const base = segmentPath(state.directory, segment.baseOffset)
  const isNew = segment.bytes === 0
  const offsetBytes = isNew ? Buffer.alloc(0) : readSyncIfThere(disk, base + INDEX_SUFFIX)
  const timeBytes = isNew ? Buffer.alloc(0) : readSyncIfThere(disk, base + TIME_INDEX_SUFFIX)
  const offsetIndex = isNew ? new OffsetIndex() : parseOffsetIndex(segment, offsetBytes)
  const timeIndex = isNew ? new TimeIndex() : parseTimeIndex(segment, timeBytes)
  loadAbortedSync(state, segment)
  segment.offsetIndex = offsetIndex ?? new OffsetIndex()
  segment.timeIndex = timeIndex ?? new TimeIndex()
  // How long ago the last entry was is not known of a log that has some.
  segment.bytesSinceIndexEntry = isNew ? 0 : state.config.indexIntervalBytes
  if (offsetIndex === null || timeIndex === null) {
    const what = 'rebuilding the indexes of the active segment'
    state.context.env.log.background(rebuildIndexes(state, segment), what)
  }
}

function loadAbortedSync(state: LogState, segment: Segment): void {
  if (segment.aborted !== null) return
  if (segment.abortedCount === 0) {
    segment.aborted = []
    return
  }
  const { disk } = state.context.env
  const path = segmentPath(state.directory, segment.baseOffset) + TRANSACTION_INDEX_SUFFIX
  segment.aborted = parseAborted(segment, readSyncIfThere(disk, path))
}

/** The aborted transactions whose markers lie in the segment; rebuilt from the log if need be. */
export async function loadAborted(state: LogState, segment: Segment): Promise<void> {
  if (segment.aborted !== null) return
  if (segment.abortedCount === 0) {
    segment.aborted = []
    return
  }
  const { disk } = state.context.env
  const path = segmentPath(state.directory, segment.baseOffset) + TRANSACTION_INDEX_SUFFIX
  const aborted = parseAborted(segment, await readIfThere(disk, path))
  if (aborted !== null) {
    segment.aborted ??= aborted
    return
  }
  for (let attempt = 0; attempt < MAX_REBUILDS; attempt++) {
    const countBefore = segment.abortedCount
    const built = await scanToRebuild(state, segment)
    // A marker that was appended meanwhile is only found by another walk.
    if (segment.abortedCount !== countBefore && built.aborted.length !== segment.abortedCount)
      continue
    segment.aborted = built.aborted
    segment.abortedCount = built.aborted.length
    segment.transactionIndexCrc = UNKNOWN_CRC
    return
  }
  throw new DiskError('EBUSY', path, 'the aborted transactions could not be read')
}

function parseOffsetIndex(segment: Segment, bytes: Buffer | null): OffsetIndex | null {
  if (bytes === null || !fitsCrc(bytes, segment.offsetIndexCrc)) return null
  return OffsetIndex.parse(bytes, segment.endOffset - 1 - segment.baseOffset, segment.bytes)
}

function parseTimeIndex(segment: Segment, bytes: Buffer | null): TimeIndex | null {
  if (bytes === null || !fitsCrc(bytes, segment.timeIndexCrc)) return null
  return TimeIndex.parse(bytes, segment.endOffset - 1 - segment.baseOffset)
}

function parseAborted(segment: Segment, bytes: Buffer | null) {
  if (bytes === null || !fitsCrc(bytes, segment.transactionIndexCrc)) return null
  const entries = decodeTransactionIndex(bytes, segment.baseOffset, segment.endOffset)
  return entries !== null && entries.length === segment.abortedCount ? entries : null
}

function fitsCrc(bytes: Buffer, crc: number): boolean {
  return crc === UNKNOWN_CRC || crc32c(bytes) === crc
}
