// Compaction of one log: what may be cleaned, the two jobs, and the swap of cleaned segments for their
// originals, which a crash at any moment leaves whole (D13).
//
// Invariants: nothing at or above the active segment, the high watermark, an undecided transaction or
// younger than the lag is touched; readers of the originals keep their files; the log that is read
// before and after a swap has the same newest record for every key.

import { DiskError } from '@weir/core'
import { unlinkIfThere } from '../disk-reads.ts'
import {
  CLEANED_SUFFIX,
  DELETED_SUFFIX,
  LOG_SUFFIX,
  SWAP_SUFFIX,
  segmentPath,
} from '../file-names.ts'
import { loadAborted, writeIndexFiles } from '../index-files.ts'
import { writeLogCheckpoint } from '../log-checkpoint.ts'
import { examineSegment } from '../log-damage.ts'
import { removeIndexFiles } from '../log-delete.ts'
import type { LogState } from '../log-state.ts'
import { loadProducersSync } from '../producer-files.ts'
import { Segment } from '../segment.ts'
import { OffsetIndex, TimeIndex } from '../sparse-index.ts'
import type { AbortedEntry } from '../transaction-index.ts'
import { type CleanOutput, cleanGroup, type LastOfProducer } from './clean-job.ts'
import { CleanTransactions, type CleanTransactionsData } from './clean-transactions.ts'
import { buildOffsetMap, type MapOutput } from './map-job.ts'
import type { CleaningRefused, SourceSegment } from './source-walk.ts'

export interface CleanerOptions {
  /** Memory for the map of keys. */
  readonly mapBytes: number
  /** Reads and writes together. */
  readonly bytesPerSecond: number
}

export interface CleaningStats {
  readonly sourceBytes: number
  readonly cleanedBytes: number
  readonly recordsKept: number
  readonly recordsDropped: number
  /** Kept as they are: their checksum fits, and their inside cannot be read. */
  readonly batchesUnreadable: number
  /** Everything below is clean now. */
  readonly endOffset: number
}

export interface Cleanable {
  /** Of the bytes that could be cleaned, those that no cleaning has seen; in [0, 1]. */
  readonly dirtyRatio: number
  readonly isDue: boolean
  /** Exclusive. */
  readonly endOffset: number
}

/** What a cleaning of the log would cover; null: nothing to do. */
export function cleanableOf(state: LogState, nowMs: number): Cleanable | null {
  if (!state.config.cleanupCompact || state.refusal !== null || state.isGone) return null
  if (state.segments.some(segment => segment.damage !== null && segment.damage.length > 0)) {
    return null
  }
  const limit = Math.min(state.highWatermark, state.firstUnstableOffset)
  const from = Math.max(state.firstDirtyOffset, state.startOffset)
  let endOffset = from
  let cleanBytes = 0
  let dirtyBytes = 0
  let oldestMs = Number.POSITIVE_INFINITY
  for (const segment of state.segments) {
    if (segment === state.activeSegment || segment.endOffset > limit) break
    if (segment.endOffset <= from) {
      cleanBytes += segment.bytes
      continue
    }
    const isTooYoung =
      state.config.minCompactionLagMs > 0 &&
      segment.newestMs > nowMs - state.config.minCompactionLagMs
    if (isTooYoung || segment.syncedBytes < segment.bytes) break
    dirtyBytes += segment.bytes
    oldestMs = Math.min(
      oldestMs,
      segment.firstTimestamp >= 0 ? segment.firstTimestamp : segment.createdMs,
    )
    endOffset = segment.endOffset
  }
  if (dirtyBytes === 0) return null
  const dirtyRatio = dirtyBytes / (cleanBytes + dirtyBytes)
  const isOverdue = nowMs - oldestMs > state.config.maxCompactionLagMs
  return {
    dirtyRatio,
    endOffset,
    isDue: isOverdue || dirtyRatio >= state.config.minCleanableDirtyRatio,
  }
}

/** Null: there was nothing to do, or the log changed or turned out to be damaged. */
export async function cleanLog(
  state: LogState,
  options: CleanerOptions,
): Promise<CleaningStats | null> {
  const { structureEpoch } = state
  try {
    return await new Cleaning(state, options).run()
  } catch (error) {
    // A segment that was read went away meanwhile: what is left is cleaned another time.
    const isMissing = error instanceof DiskError && error.code === 'ENOENT'
    const hasChanged = structureEpoch !== state.structureEpoch || state.exclusive !== null
    if (isMissing && (hasChanged || state.isGone)) return null
    throw error
  }
}

class Cleaning {
  readonly #state: LogState
  readonly #options: CleanerOptions
  #sourceBytes = 0
  #cleanedBytes = 0
  #kept = 0
  #dropped = 0
  #unreadable = 0
  /** What was cut off meanwhile must not come back with a segment that was copied before. */
  readonly #cutEpoch: number
  /** Where the copies are made: the log may move to another one meanwhile. */
  readonly #directory: string

  constructor(state: LogState, options: CleanerOptions) {
    this.#state = state
    this.#options = options
    this.#cutEpoch = state.cutEpoch
    this.#directory = state.directory
  }

  get #isObsolete(): boolean {
    const { isGone, cutEpoch, isCutting, directory } = this.#state
    const hasMoved = directory !== this.#directory
    return isGone || isCutting || hasMoved || cutEpoch !== this.#cutEpoch
  }

  async run(): Promise<CleaningStats | null> {
    const state = this.#state
    const { env } = state.context
    const cleanable = cleanableOf(state, env.clock.nowMs())
    if (cleanable === null) return null
    if (state.producers === null && !loadProducersSync(state)) return null
    const segments = state.segments.filter(each => each.endOffset <= cleanable.endOffset)
    const aborted = await this.#abortedTransactions()
    const fromOffset = Math.max(state.firstDirtyOffset, state.segments[0]?.baseOffset ?? 0)
    const dirty = segments.filter(each => each.endOffset > fromOffset)
    const map = await env.workers.run(buildOffsetMap, {
      sources: dirty.map(each => this.#source(each)),
      fromOffset,
      endOffset: cleanable.endOffset,
      limitBytes: this.#options.mapBytes,
      seed: env.random.u32() | 0,
      transactions: CleanTransactions.begin(aborted, fromOffset),
      bytesPerSecond: this.#options.bytesPerSecond,
    })
    if (this.#isObsolete) return null
    if (map.kind === 'damaged') return await this.#refused(map)
    if (map.endOffset <= fromOffset) return null
    const upTo = segments.filter(each => each.baseOffset < map.endOffset)
    const isComplete = await this.#cleanGroups(upTo, map, aborted)
    if (!isComplete || this.#isObsolete) return null
    state.firstDirtyOffset = Math.max(state.firstDirtyOffset, map.endOffset)
    state.isDirty = true
    await writeLogCheckpoint(state)
    return {
      sourceBytes: this.#sourceBytes,
      cleanedBytes: this.#cleanedBytes,
      recordsKept: this.#kept,
      recordsDropped: this.#dropped,
      batchesUnreadable: this.#unreadable,
      endOffset: map.endOffset,
    }
  }

  #source(segment: Segment): SourceSegment {
    return {
      path: segmentPath(this.#state.directory, segment.baseOffset) + LOG_SUFFIX,
      baseOffset: segment.baseOffset,
      bytes: segment.bytes,
    }
  }

  async #abortedTransactions(): Promise<AbortedEntry[]> {
    const all: AbortedEntry[] = []
    for (const segment of [...this.#state.segments]) {
      if (segment.abortedCount === 0) continue
      await loadAborted(this.#state, segment)
      all.push(...(segment.aborted ?? []))
    }
    return all
  }

  /** False: the log changed meanwhile, or turned out to be damaged. */
  async #cleanGroups(
    segments: readonly Segment[],
    map: MapOutput,
    aborted: readonly AbortedEntry[],
  ): Promise<boolean> {
    const state = this.#state
    let transactions = CleanTransactions.begin(aborted, segments[0]?.baseOffset ?? 0)
    for (const group of groupsOf(segments, state.config)) {
      const next = await this.#cleanOne(group, map, transactions)
      if (next === null) return false
      transactions = next
    }
    return true
  }

  async #cleanOne(
    group: readonly Segment[],
    map: MapOutput,
    transactions: CleanTransactionsData,
  ): Promise<CleanTransactionsData | null> {
    const state = this.#state
    const { env } = state.context
    const first = group[0]
    if (first === undefined || this.#isObsolete || group.some(each => each.isDeleted)) return null
    const path = segmentPath(state.directory, first.baseOffset) + LOG_SUFFIX
    const output = await env.workers.run(cleanGroup, {
      sources: group.map(each => this.#source(each)),
      outputPath: path + CLEANED_SUFFIX,
      map: map.map,
      mapEndOffset: map.endOffset,
      transactions,
      lastOfProducers: this.#lastOfProducers(),
      nowMs: env.clock.nowMs(),
      deleteRetentionMs: state.config.deleteRetentionMs,
      indexIntervalBytes: state.config.indexIntervalBytes,
      bytesPerSecond: this.#options.bytesPerSecond,
    })
    if (this.#isObsolete) {
      await unlinkIfThere(env.disk, path + CLEANED_SUFFIX)
      return null
    }
    if (output.kind === 'damaged') {
      await unlinkIfThere(env.disk, path + CLEANED_SUFFIX)
      await this.#refused(output)
      return null
    }
    this.#sourceBytes += output.sourceBytes
    this.#cleanedBytes += output.summary.bytes
    this.#kept += output.recordsKept
    this.#dropped += output.recordsDropped
    this.#unreadable += output.batchesUnreadable
    if (output.batchesChanged === 0 && group.length === 1) {
      await unlinkIfThere(env.disk, path + CLEANED_SUFFIX)
      return output.transactions
    }
    return (await this.#swap(group, output)) ? output.transactions : null
  }

  #lastOfProducers(): LastOfProducer[] {
    return [...(this.#state.producers?.entries() ?? [])].map(entry => ({
      producerId: entry.producerId,
      producerEpoch: entry.producerEpoch,
      lastDataOffset: entry.batches.at(-1)?.lastOffset ?? -1,
    }))
  }

  async #refused(refusal: CleaningRefused): Promise<null> {
    const state = this.#state
    const segment = state.segments.find(each => each.baseOffset === refusal.baseOffset)
    if (segment !== undefined) {
      const reason = 'met by the cleaner'
      await examineSegment(state, segment, { position: refusal.position, reason })
    }
    return null
  }

  /** The cleaned file takes the place of the group. False: the group is not what it was. */
  #swap(group: readonly Segment[], output: CleanOutput): Promise<boolean> {
    const state = this.#state
    return state.runExclusive(async () => {
      const path = segmentPath(state.directory, output.summary.baseOffset) + LOG_SUFFIX
      const { disk } = state.context.env
      const at = state.segments.indexOf(group[0] as Segment)
      const isSame = group.every((each, index) => state.segments[at + index] === each)
      if (at < 0 || !isSame || this.#isObsolete || state.context.directory.failure !== null) {
        await unlinkIfThere(disk, path + CLEANED_SUFFIX)
        return false
      }
      if (!state.mayHaveGaps) {
        state.mayHaveGaps = true
        await writeLogCheckpoint(state)
      }
      await this.#replaceFiles(group, path)
      await this.#writeIndexes(this.#replaceSegments(group, at, output))
      await writeLogCheckpoint(state)
      return true
    })
  }

  /** From the first rename on the cleaning is finished even by a start after a crash. */
  async #replaceFiles(group: readonly Segment[], path: string): Promise<void> {
    const state = this.#state
    const { files, env } = state.context
    const { disk } = env
    // Readers get on with the originals by their open files; by name these go now.
    const references = group.map(each => each.fileReference(state.directory))
    for (const reference of references) files.acquire(reference)
    try {
      await disk.rename(path + CLEANED_SUFFIX, path + SWAP_SUFFIX)
      await disk.syncDir(state.directory)
      for (const reference of references) {
        await disk.rename(reference.path, reference.path + DELETED_SUFFIX)
      }
      for (const segment of group) await removeIndexFiles(state, segment.baseOffset)
      await disk.rename(path + SWAP_SUFFIX, path)
      await disk.syncDir(state.directory)
    } finally {
      for (const reference of references) files.release(reference)
    }
    const paths = references.map(each => each.path + DELETED_SUFFIX)
    const unlink = async () => {
      for (const each of paths) await unlinkIfThere(disk, each)
    }
    state.context.later(state.config.fileDeleteDelayMs, unlink, 'deleting cleaned segments')
  }

  #replaceSegments(group: readonly Segment[], at: number, output: CleanOutput): Segment {
    const state = this.#state
    const segment = Segment.fromSummary(output.summary)
    segment.offsetIndex = new OffsetIndex(
      Buffer.from(output.offsetIndex),
      output.offsetIndex.length / 8,
    )
    segment.timeIndex = new TimeIndex(Buffer.from(output.timeIndex), output.timeIndex.length / 12)
    segment.aborted = output.aborted
    segment.hasDirtyIndexes = true
    state.segments.splice(at, group.length, segment)
    state.tail?.dropBelow(segment.endOffset)
    state.structureEpoch++
    for (const old of group) {
      old.isDeleted = true
      state.context.indexes.forget(old)
      if (old.reference === null) continue
      const retired = state.context.files.retire(old.reference)
      state.context.env.log.background(retired, 'closing a cleaned segment')
    }
    return segment
  }

  async #writeIndexes(segment: Segment): Promise<void> {
    try {
      await writeIndexFiles(this.#state, segment)
      this.#state.context.indexes.touch(segment)
    } catch (error) {
      // A full disk: the index stays in memory. Anything else is met again, and told, elsewhere.
      if (!(error instanceof DiskError)) throw error
      this.#state.context.env.log.warn('writing an index failed', { error: error.message })
    }
  }
}

/** Neighbours that fit one segment together. */
function groupsOf(
  segments: readonly Segment[],
  config: { readonly segmentBytes: number; readonly maxIndexBytes: number },
): Segment[][] {
  const groups: Segment[][] = []
  let bytes = 0
  for (const segment of segments) {
    const last = groups[groups.length - 1]
    const fits =
      last !== undefined &&
      bytes + segment.bytes <= config.segmentBytes &&
      last[0]?.canHold(segment.endOffset) === true
    if (fits) {
      last.push(segment)
      bytes += segment.bytes
    } else {
      groups.push([segment])
      bytes = segment.bytes
    }
  }
  return groups
}
