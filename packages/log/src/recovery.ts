// Opens the directory of one partition after a stop that was not clean.
//
// Invariants: only the torn tail is cut: bytes that do not hold, behind which nothing holds, and which
// were not known to be synced. Everything else that does not hold is damage: it keeps its offsets, is
// reported, and the rest is served (D2). Segments that a valid checkpoint knows, and that lie below the
// recovery point, are trusted; all others are walked. What is derived is made anew.

import type { Disk, Env } from '@weir/core'
import { namesIn, unlinkIfThere } from './disk-reads.ts'
import {
  decodePartitionMetadata,
  INDEX_SUFFIX,
  LOG_SUFFIX,
  offsetOfFile,
  PARTITION_METADATA,
  segmentPath,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './file-names.ts'
import { LeaderEpochCache } from './leader-epoch-cache.ts'
import { type LogCheckpoint, readLogCheckpoint } from './log-checkpoint.ts'
import { damageOf } from './log-damage.ts'
import type { DamagedRange, LogConfig } from './log-types.ts'
import { type NO_PRODUCERS, newestSnapshot, removeSnapshotsAbove } from './producer-files.ts'
import { ProducerState } from './producer-state.ts'
import { QuickReads } from './quick-reads.ts'
import { finishInterrupted } from './recovery-files.ts'
import {
  type RecoveryPlace,
  syncSegment,
  truncateSegment,
  writeIndexes,
} from './recovery-writes.ts'
import { Segment } from './segment.ts'
import {
  isWhole,
  type ScanInput,
  type ScanOutput,
  scanBytes,
  scanWithCare,
} from './segment-scan.ts'

/** What the checkpoint of the data directory says of the log. */
export interface KnownOffsets {
  readonly recoveryPoint: number
  readonly startOffset: number
  readonly highWatermark: number
}

export interface RecoveryRequest {
  readonly directory: string
  readonly config: LogConfig
  /** What the checkpoint of the data directory says, given the topic id that was found. */
  readonly knownFor: (topicId: string | null) => KnownOffsets | null
  /** False: only say what would be done (weir doctor). */
  readonly mayWrite: boolean
  /** True: also segments that a checkpoint vouches for are walked. */
  readonly mustScanAll?: boolean
  /** Shared by recoveries of one disk. */
  readonly quick?: QuickReads
}

export interface RecoveredLog {
  /** Null: neither the checkpoint nor `partition.metadata` says it. */
  readonly topicId: string | null
  /** False: `partition.metadata` is missing or damaged, or says something else. */
  readonly isMetadataRight: boolean
  readonly segments: Segment[]
  readonly startOffset: number
  readonly endOffset: number
  readonly highWatermark: number
  readonly epochs: LeaderEpochCache
  readonly producers: ProducerState
  readonly firstDirtyOffset: number
  readonly mayHaveGaps: boolean
  readonly damage: readonly DamagedRange[]
  /** What was done, or would be, in the words of a log line. */
  readonly actions: readonly string[]
  readonly scannedBytes: number
  /** What is on the disk; null if it is missing or damaged. */
  readonly checkpoint: LogCheckpoint | null
}

export async function recoverLog(env: Env, request: RecoveryRequest): Promise<RecoveredLog> {
  return await new LogRecovery(env, request).run()
}

interface Walked {
  readonly segment: Segment
  readonly scanned: ScanOutput
}

class LogRecovery {
  readonly #env: Env
  readonly #disk: Disk
  readonly #request: RecoveryRequest
  readonly #quick: QuickReads
  readonly #actions: string[] = []
  /** What is in the directory. */
  #names: readonly string[] = []
  #checkpoint: LogCheckpoint | null = null
  #scannedBytes = 0

  constructor(env: Env, request: RecoveryRequest) {
    this.#env = env
    this.#disk = env.disk
    this.#request = request
    this.#quick = request.quick ?? new QuickReads(env)
  }

  async run(): Promise<RecoveredLog> {
    const { directory, mayWrite } = this.#request
    this.#names = await namesIn(this.#disk, directory)
    const metadata = await this.#quick.readIfThere(`${directory}/${PARTITION_METADATA}`)
    const writtenId = metadata === null ? null : decodePartitionMetadata(metadata)
    const read = await readLogCheckpoint(this.#disk, directory, this.#quick)
    if (read.kind === 'damaged') this.#note(`the checkpoint is damaged (${read.reason}): ignored`)
    this.#checkpoint = read.kind === 'valid' ? read.value : null
    const interrupted = await finishInterrupted(this.#env, directory, this.#names, mayWrite)
    this.#actions.push(...interrupted)
    if (interrupted.length > 0) this.#names = await namesIn(this.#disk, directory)
    const bases = this.#segmentBases()
    const topicId = this.#checkpoint?.topicId ?? writtenId
    const isMetadataRight = topicId !== null && writtenId === topicId
    const recovered = await this.#recover(bases, this.#request.knownFor(topicId))
    return { topicId, isMetadataRight, ...recovered }
  }

  #segmentBases(): number[] {
    const bases = this.#names.map(name => offsetOfFile(name, LOG_SUFFIX))
    return bases.filter(each => each !== null).sort((a, b) => a - b)
  }

  async #recover(
    bases: readonly number[],
    known: KnownOffsets | null,
  ): Promise<Omit<RecoveredLog, 'topicId' | 'isMetadataRight'>> {
    const startOffset = Math.max(this.#checkpoint?.startOffset ?? 0, known?.startOffset ?? 0)
    const recoveryPoint = known?.recoveryPoint ?? 0
    const trusted = await this.#trustedSegments(bases, recoveryPoint)
    const firstScanned = bases.findIndex(base => !trusted.has(base))
    const scanFrom = firstScanned < 0 ? Math.max(0, bases.length - 1) : firstScanned
    const walk = await this.#walk(bases, scanFrom, { trusted, startOffset })
    const segments = walk.segments
    const isStartKnown = this.#checkpoint !== null || known !== null
    if (isStartKnown && (bases[0] ?? 0) > startOffset) {
      // The first file is missing: a segment with nothing in it stands for what was there.
      segments.unshift(this.#newSegment(startOffset))
    }
    const cut = await this.#cutTail(walk, { recoveryPoint, startOffset })
    const first = segments[0]?.baseOffset ?? startOffset
    const begin = Math.max(startOffset, first)
    const endOffset = Math.max(cut.endOffset, begin)
    if (cut.endOffset < begin) await this.#dropBelowStart(segments)
    if (segments.length === 0) segments.push(this.#newSegment(endOffset))
    if (this.#request.mayWrite) {
      await removeSnapshotsAbove(this.#disk, this.#request.directory, this.#names, endOffset)
    }
    const epochs = this.#epochs(walk, endOffset)
    epochs.truncateFromStart(begin)
    const damage = segments.flatMap(segment => segment.damage ?? [])
    const knownHighWatermark = known?.highWatermark ?? 0
    const mayHaveGaps = this.#mayHaveGaps
    return {
      segments,
      startOffset: begin,
      endOffset,
      highWatermark: Math.min(Math.max(knownHighWatermark, begin), endOffset),
      epochs,
      producers: walk.producers,
      firstDirtyOffset: Math.min(this.#checkpoint?.firstDirtyOffset ?? begin, endOffset),
      mayHaveGaps,
      damage,
      actions: this.#actions,
      scannedBytes: this.#scannedBytes,
      checkpoint: this.#checkpoint,
    }
  }

  get #place(): RecoveryPlace {
    return { directory: this.#request.directory, names: this.#names, quick: this.#quick }
  }

  get #mayHaveGaps(): boolean {
    // Without a valid checkpoint nothing is known: then gaps are taken as they are.
    return this.#checkpoint === null ? true : this.#checkpoint.mayHaveGaps
  }

  /** Closed segments whose end is known to be synced, and whose file is as long as it was. */
  async #trustedSegments(
    bases: readonly number[],
    recoveryPoint: number,
  ): Promise<Map<number, Segment>> {
    const trusted = new Map<number, Segment>()
    const summaries = new Map(this.#checkpoint?.segments.map(each => [each.baseOffset, each]))
    for (const base of bases) {
      if (this.#request.mustScanAll === true) break
      const summary = summaries.get(base)
      if (summary === undefined || summary.endOffset > recoveryPoint) continue
      const stat = await this.#disk.stat(segmentPath(this.#request.directory, base) + LOG_SUFFIX)
      if (stat?.bytes !== summary.bytes) continue
      const segment = Segment.fromSummary(summary)
      const damage = this.#checkpoint?.damage.filter(each => each.segmentBaseOffset === base) ?? []
      if (damage.length > 0) segment.damage = [...damage]
      trusted.set(base, segment)
    }
    return trusted
  }

  /** Walks the segments from `scanFrom` on, and those before it that the producers' state needs. */
  async #walk(
    bases: readonly number[],
    scanFrom: number,
    from: { readonly trusted: ReadonlyMap<number, Segment>; readonly startOffset: number },
  ): Promise<WalkResult> {
    const { trusted, startOffset } = from
    // Without any file the log is empty, and its producers are those of its start.
    const snapshot = await newestSnapshot(this.#disk, this.#request.directory, this.#names, {
      atMostOffset: bases[scanFrom] ?? startOffset,
      startOffset: bases[0] ?? 0,
    })
    let producers = snapshot.data
    const walked: Walked[] = []
    const segments: Segment[] = []
    for (const [index, base] of bases.entries()) {
      const known = trusted.get(base)
      const isNeeded = index >= scanFrom || (bases[index + 1] ?? Infinity) > snapshot.offset
      if (!isNeeded && known !== undefined) {
        segments.push(known)
        continue
      }
      const limitOffset = bases[index + 1] ?? Number.POSITIVE_INFINITY
      const scanned = await this.#scan(base, limitOffset, {
        offset: snapshot.offset,
        data: producers,
      })
      producers = scanned.producers
      const segment =
        known !== undefined && index < scanFrom ? known : this.#fromScan(base, scanned)
      segments.push(segment)
      walked.push({ segment, scanned })
    }
    return { segments, walked, producers: new ProducerState(producers) }
  }

  async #scan(
    baseOffset: number,
    limitOffset: number,
    from: { readonly offset: number; readonly data: typeof NO_PRODUCERS },
  ): Promise<ScanOutput> {
    const input: ScanInput = {
      path: segmentPath(this.#request.directory, baseOffset) + LOG_SUFFIX,
      baseOffset,
      limitBytes: Number.POSITIVE_INFINITY,
      limitOffset,
      indexIntervalBytes: this.#request.config.indexIntervalBytes,
      allowsGaps: this.#mayHaveGaps,
      knownEpochs: this.#checkpoint?.epochs ?? null,
      producers: from.data,
      producersFromOffset: from.offset,
    }
    // Most logs of many are small. What does not hold in them is walked with care, like a large one.
    const bytes = await this.#quick.readIfThere(input.path)
    const quick = bytes === null ? null : scanBytes(bytes, input)
    const isSound = quick !== null && isWhole(quick)
    const scanned = isSound ? quick : await scanWithCare(this.#env.workers, input)
    this.#scannedBytes += scanned.fileBytes
    return scanned
  }

  #fromScan(baseOffset: number, scanned: ScanOutput): Segment {
    const segment = this.#newSegment(baseOffset)
    segment.bytes = scanned.validBytes
    segment.writtenBytes = scanned.validBytes
    segment.endOffset = scanned.endOffset
    segment.largestTimestamp = scanned.largestTimestamp
    segment.offsetOfLargestTimestamp = scanned.offsetOfLargestTimestamp
    segment.firstTimestamp = scanned.firstTimestamp
    segment.abortedCount = scanned.aborted.length
    const damage = scanned.damage.map(each => ({ ...each, segmentBaseOffset: baseOffset }))
    if (damage.length > 0) segment.damage = damage
    return segment
  }

  #newSegment(baseOffset: number): Segment {
    return new Segment(baseOffset, this.#env.clock.nowMs())
  }

  /**
   * Tells the torn tail from damage, cuts the tail, and closes the gaps between segments with ranges
   * of damage. Answers where the log ends.
   */
  async #cutTail(
    walk: WalkResult,
    bounds: { readonly recoveryPoint: number; readonly startOffset: number },
  ): Promise<{ readonly endOffset: number }> {
    const { recoveryPoint, startOffset } = bounds
    const { segments } = walk
    if (segments.length === 0 && recoveryPoint > startOffset) {
      segments.push(this.#newSegment(startOffset))
    }
    const tails = new Map(walk.walked.map(each => [each.segment, each.scanned]))
    await this.#dropEmptyTail(segments, recoveryPoint)
    for (const [index, segment] of segments.entries()) {
      const next = segments[index + 1]
      const scanned = tails.get(segment)
      const isLast = next === undefined
      const shouldEnd = isLast ? Math.max(segment.endOffset, recoveryPoint) : next.baseOffset
      if (segment.endOffset < shouldEnd) {
        this.#markMissing(segment, shouldEnd, scanned)
      } else if (isLast && scanned !== undefined && scanned.fileBytes > scanned.validBytes) {
        const bytes = scanned.fileBytes - scanned.validBytes
        this.#note(`cut the torn tail: ${bytes} bytes behind offset ${segment.endOffset}`)
        if (this.#request.mayWrite) await truncateSegment(this.#disk, this.#place, segment)
      }
      if (scanned === undefined || !this.#request.mayWrite) continue
      await writeIndexes(this.#env, this.#place, segment, scanned)
      // What was found is durable from now on: it may be below the next recovery point.
      await syncSegment(this.#disk, this.#place, segment)
    }
    const last = segments[segments.length - 1]
    if (last === undefined) return { endOffset: 0 }
    if (last.damage?.some(each => each.toOffset === last.endOffset) === true) {
      // Damage at the very end: what comes next goes to a segment of its own.
      segments.push(this.#newSegment(last.endOffset))
    }
    return { endOffset: last.endOffset }
  }

  /** Segments behind the last batch that holds, unless something synced is missing. */
  async #dropEmptyTail(segments: Segment[], recoveryPoint: number): Promise<void> {
    for (;;) {
      const last = segments[segments.length - 1]
      if (last === undefined || segments.length === 1) return
      const before = segments[segments.length - 2]
      const isEmpty = last.endOffset === last.baseOffset && last.damage === null
      if (!isEmpty || before === undefined || before.endOffset === last.baseOffset) return
      if (last.baseOffset < recoveryPoint) return
      segments.pop()
      this.#note(`dropped the empty segment ${last.baseOffset} behind a torn one`)
      if (this.#request.mayWrite) await this.#unlinkSegment(last.baseOffset)
    }
  }

  /** All that is left lies below the log's start: the log is empty, and begins there. */
  async #dropBelowStart(segments: Segment[]): Promise<void> {
    for (const segment of segments.splice(0)) {
      this.#note(`removed segment ${segment.baseOffset}: it lies below the log's start`)
      if (this.#request.mayWrite) await this.#unlinkSegment(segment.baseOffset)
    }
  }

  async #unlinkSegment(baseOffset: number): Promise<void> {
    const base = segmentPath(this.#request.directory, baseOffset)
    for (const suffix of [LOG_SUFFIX, INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX]) {
      await unlinkIfThere(this.#disk, base + suffix)
    }
  }

  #markMissing(segment: Segment, shouldEnd: number, scanned: ScanOutput | undefined): void {
    const ranges =
      scanned === undefined ? [] : damageOf(segment, { ...scanned, damage: [] }, shouldEnd)
    const range = ranges[0] ?? {
      fromOffset: segment.endOffset,
      toOffset: shouldEnd,
      fromPosition: segment.bytes,
      toPosition: segment.bytes,
      segmentBaseOffset: segment.baseOffset,
    }
    this.#note(
      `offsets ${range.fromOffset} to ${range.toOffset} are missing or damaged: kept as damage`,
    )
    segment.damage = [...(segment.damage ?? []), range]
    segment.endOffset = shouldEnd
    // The damaged bytes stay where they are, as evidence, and out of the way of new ones.
    segment.bytes = range.toPosition
    segment.writtenBytes = range.toPosition
  }

  /** Those of the checkpoint below what was walked, then those found. */
  #epochs(walk: WalkResult, endOffset: number): LeaderEpochCache {
    const epochs = new LeaderEpochCache(this.#checkpoint?.epochs ?? [])
    for (const { scanned } of walk.walked) {
      for (const [epoch, startOffset] of scanned.epochs) epochs.assign(epoch, startOffset)
    }
    // One that was assigned and never written to begins at the end: it stays.
    epochs.truncateFromEnd(endOffset + 1)
    return epochs
  }

  #note(action: string): void {
    this.#actions.push(action)
  }
}

interface WalkResult {
  readonly segments: Segment[]
  readonly walked: readonly Walked[]
  readonly producers: ProducerState
}
