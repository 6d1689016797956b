// The producers' state on the disk: snapshots (Kafka's, and ours with five batches each) and how the
// state of an offset is made again out of the newest snapshot below it and the log behind that.
//
// Invariant: a state is only used for the exact end offset that it was made for.

import type { Disk } from '@weir/core'
import { decodeCheckpoint, encodeCheckpoint, writeCacheFile } from './checkpoint-file.ts'
import { namesIn, readIfThere, readSyncIfThere, unlinkIfThere } from './disk-reads.ts'
import {
  LOG_SUFFIX,
  offsetOfFile,
  PRODUCERS_SUFFIX,
  SNAPSHOT_SUFFIX,
  segmentPath,
} from './file-names.ts'
import type { LogState } from './log-state.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'
import { ProducerState, type ProducerStateData } from './producer-state.ts'
import type { Segment } from './segment.ts'
import { type ScanOutput, scanWithCare } from './segment-scan.ts'

const KIND = 'producers'

export const NO_PRODUCERS: ProducerStateData = { entries: [], undecided: [] }

export interface EncodedProducers {
  readonly snapshot: Buffer
  /** Null when the snapshot says it all. */
  readonly full: Buffer | null
}

export function encodeProducers(producers: ProducerState): EncodedProducers {
  const data = producers.data()
  const isMore = data.undecided.length > 0 || data.entries.some(each => each.batches.length > 1)
  return {
    snapshot: encodeProducerSnapshot(producers),
    full: isMore ? encodeCheckpoint(KIND, data) : null,
  }
}

/** Caches, like indexes: not synced for their own sake, but a half-written one is never used. */
export async function writeProducers(
  state: LogState,
  offset: number,
  encoded: EncodedProducers,
): Promise<void> {
  const { disk } = state.context.env
  const base = segmentPath(state.directory, offset)
  await unlinkIfThere(disk, base + PRODUCERS_SUFFIX)
  await writeCacheFile(disk, base + SNAPSHOT_SUFFIX, encoded.snapshot)
  if (encoded.full !== null) await writeCacheFile(disk, base + PRODUCERS_SUFFIX, encoded.full)
}

function decode(snapshot: Buffer | null, full: Buffer | null): ProducerState | null {
  if (full !== null) {
    const read = decodeCheckpoint(KIND, full)
    if (read.kind === 'valid') return new ProducerState(read.value as ProducerStateData)
  }
  return snapshot === null ? null : decodeProducerSnapshot(snapshot)
}

/** For the first append to an idle log. False: the snapshot is of no use and a rebuild has begun. */
export function loadProducersSync(state: LogState): boolean {
  if (state.hasNoProducers) {
    state.producers = new ProducerState()
    return true
  }
  const { disk, log } = state.context.env
  const base = segmentPath(state.directory, state.endOffset)
  state.producers = decode(
    readSyncIfThere(disk, base + SNAPSHOT_SUFFIX),
    readSyncIfThere(disk, base + PRODUCERS_SUFFIX),
  )
  if (state.producers !== null) {
    state.producers.highWatermarkMoved(state.highWatermark)
    return true
  }
  state.refusal = 'being recovered'
  const rebuild = state.runExclusive(async () => {
    await rebuildProducers(state)
    if (state.refusal === 'being recovered') state.refusal = null
  })
  log.background(rebuild, `producers of ${state.directoryName}`)
  return false
}

export interface FoundSnapshot {
  readonly offset: number
  readonly data: ProducerStateData
}

/** `names`: what is in the directory. The newest valid snapshot within the bounds (inclusive); an empty one at `startOffset` if none. */
export async function newestSnapshot(
  disk: Disk,
  directory: string,
  names: readonly string[],
  bounds: { readonly atMostOffset: number; readonly startOffset: number },
): Promise<FoundSnapshot> {
  const offsets = names
    .map(each => offsetOfFile(each, SNAPSHOT_SUFFIX))
    .filter(each => each !== null)
    .filter(each => each <= bounds.atMostOffset && each >= bounds.startOffset)
    .sort((a, b) => b - a)
  for (const offset of offsets) {
    const base = segmentPath(directory, offset)
    const snapshot = await readIfThere(disk, base + SNAPSHOT_SUFFIX)
    const producers = decode(snapshot, await readIfThere(disk, base + PRODUCERS_SUFFIX))
    if (producers !== null) return { offset, data: producers.data() }
  }
  return { offset: bounds.startOffset, data: NO_PRODUCERS }
}

async function findSnapshot(state: LogState, atMostOffset: number): Promise<FoundSnapshot> {
  const { disk } = state.context.env
  const startOffset = state.segments[0]?.baseOffset ?? state.startOffset
  const names = await namesIn(disk, state.directory)
  return await newestSnapshot(disk, state.directory, names, { atMostOffset, startOffset })
}

/** Those above the end are of a log that was cut: they must never be taken for one of the new log. */
export async function removeSnapshotsAbove(
  disk: Disk,
  directory: string,
  names: readonly string[],
  endOffset: number,
): Promise<void> {
  for (const name of names) {
    const offset = offsetOfFile(name, SNAPSHOT_SUFFIX) ?? offsetOfFile(name, PRODUCERS_SUFFIX)
    if (offset !== null && offset > endOffset) await disk.unlink(`${directory}/${name}`)
  }
}

/** Only those at the base of a segment, and the one at the end, are of use. */
export async function removeStraySnapshots(state: LogState): Promise<void> {
  const { disk } = state.context.env
  const bases = new Set(state.segments.map(segment => segment.baseOffset))
  for (const name of await namesIn(disk, state.directory)) {
    const offset = offsetOfFile(name, SNAPSHOT_SUFFIX) ?? offsetOfFile(name, PRODUCERS_SUFFIX)
    if (offset === null || offset === state.endOffset || bases.has(offset)) continue
    await disk.unlink(`${state.directory}/${name}`)
  }
}

/** Makes the state for the log's written end anew: newest snapshot below, then the log. */
export async function rebuildProducers(state: LogState): Promise<void> {
  const found = await findSnapshot(state, state.endOffset)
  let data = found.data
  for (let index = Math.max(0, state.floorSegment(found.offset)); ; index++) {
    const segment = state.segments[index]
    if (segment === undefined) break
    if (segment.writtenBytes === 0) continue
    const scanned = await scan(state, segment, { offset: found.offset, data })
    data = scanned.producers
  }
  state.producers = new ProducerState(data)
  state.producers.highWatermarkMoved(state.highWatermark)
  state.hasNoProducers = state.producers.size === 0
}

/** After the active segment was cut: its timestamps and aborted transactions are those that are left. */
export async function rebuildActive(state: LogState): Promise<void> {
  const segment = state.activeSegment
  const isIntact = segment.offsetOfLargestTimestamp < segment.endOffset && segment.aborted !== null
  if (isIntact) return
  segment.largestTimestamp = -1
  segment.offsetOfLargestTimestamp = -1
  segment.firstTimestamp = -1
  segment.aborted = []
  segment.abortedCount = 0
  if (segment.writtenBytes === 0) return
  const scanned = await scanToRebuild(state, segment)
  segment.largestTimestamp = scanned.largestTimestamp
  segment.offsetOfLargestTimestamp = scanned.offsetOfLargestTimestamp
  segment.firstTimestamp = scanned.firstTimestamp
  segment.aborted = scanned.aborted
  segment.abortedCount = scanned.aborted.length
}

/** All that is derived from one segment. */
export async function scanToRebuild(state: LogState, segment: Segment): Promise<ScanOutput> {
  let from = await findSnapshot(state, segment.baseOffset)
  for (let index = Math.max(0, state.floorSegment(from.offset)); ; index++) {
    const each = state.segments[index]
    if (each === undefined || each === segment) break
    const scanned = await scan(state, each, from)
    from = { offset: from.offset, data: scanned.producers }
  }
  return scan(state, segment, from)
}

function scan(state: LogState, segment: Segment, from: FoundSnapshot): Promise<ScanOutput> {
  return scanWithCare(state.context.env.workers, {
    path: segmentPath(state.directory, segment.baseOffset) + LOG_SUFFIX,
    baseOffset: segment.baseOffset,
    limitBytes: segment.writtenBytes,
    limitOffset: Number.POSITIVE_INFINITY,
    indexIntervalBytes: state.config.indexIntervalBytes,
    allowsGaps: state.mayHaveGaps,
    knownEpochs: null,
    producers: from.data,
    producersFromOffset: from.offset,
  })
}
