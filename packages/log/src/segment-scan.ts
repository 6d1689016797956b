// Walks a whole segment file and says what is in it: the batches that hold, what is damaged between
// them, where the torn tail begins; and builds everything that is derived from the log (indexes,
// epochs, producers, aborted transactions). A worker job.
//
// Invariants (D2, D3, D16): a batch counts only if its checksum fits and base offset and epoch, which
// are outside the checksum, fit their neighbours; what does not hold and is followed by a batch that
// does is damage; what is followed by none is the tail. Zeros end the log.

import { defineWorkerJob, type WorkerContext, type Workers } from '@weir/core'
import {
  batchAttributes,
  batchBaseOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchProducerId,
  batchRecordCount,
  isControl,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
} from '@weir/protocol'
import { readEndMarker } from './control-batch.ts'
import { type EpochEntry, LeaderEpochCache } from './leader-epoch-cache.ts'
import { ProducerState, type ProducerStateData } from './producer-state.ts'
import { MAX_RELATIVE_OFFSET, Segment } from './segment.ts'
import { SegmentWindow } from './segment-window.ts'
import type { AbortedEntry } from './transaction-index.ts'

export interface ScanInput {
  readonly path: string
  readonly baseOffset: number
  /** Bytes of the file to look at; Infinity: all. */
  readonly limitBytes: number
  /** Batches end at or below it (the next segment's base); Infinity: unknown. */
  readonly limitOffset: number
  readonly indexIntervalBytes: number
  /** True for logs that were cleaned: offsets may be missing between batches. */
  readonly allowsGaps: boolean
  /** Which epoch began where, as a checkpoint knows it; null: not known, then epochs must not fall. */
  readonly knownEpochs: readonly EpochEntry[] | null
  /** The producers' state at `producersFromOffset`; batches below that do not change it. */
  readonly producers: ProducerStateData
  readonly producersFromOffset: number
}

export interface ScannedRange {
  readonly fromOffset: number
  readonly toOffset: number
  readonly fromPosition: number
  readonly toPosition: number
}

export interface ScanOutput {
  readonly fileBytes: number
  /** Where the last batch that holds ends; what follows is the torn tail. */
  readonly validBytes: number
  readonly endOffset: number
  readonly batchCount: number
  readonly largestTimestamp: number
  readonly offsetOfLargestTimestamp: number
  readonly firstTimestamp: number
  readonly epochs: EpochEntry[]
  /** Damage in the middle; not the tail. */
  readonly damage: ScannedRange[]
  readonly offsetIndex: Uint8Array
  readonly timeIndex: Uint8Array
  readonly aborted: AbortedEntry[]
  readonly producers: ProducerStateData
}

export const scanSegment = defineWorkerJob<ScanInput, ScanOutput>({
  module: import.meta.url,
  name: 'scanSegment',
  run: runScan,
})

function runScan(context: WorkerContext, input: ScanInput): ScanOutput {
  const file = context.disk.openSync(input.path, 'read')
  try {
    const fileBytes = Math.min(file.sizeSync(), input.limitBytes)
    return new SegmentScan(new SegmentWindow(file, fileBytes), input).run()
  } finally {
    file.closeSync()
  }
}

/** The same walk over a small file that has been read. */
export function scanBytes(bytes: Buffer, input: ScanInput): ScanOutput {
  const source = {
    readSync: (target: Buffer, targetOffset: number, length: number, position: number) =>
      bytes.copy(target, targetOffset, position, position + length),
  }
  // A walk changes the producers' state, and another one may have to begin with the same.
  const producers = structuredClone(input.producers)
  return new SegmentScan(new SegmentWindow(source, bytes.length), { ...input, producers }).run()
}

class SegmentScan {
  readonly #window: SegmentWindow
  readonly #input: ScanInput
  readonly #segment: Segment
  readonly #producers: ProducerState
  readonly #epochs = new LeaderEpochCache()
  readonly #aborted: AbortedEntry[] = []
  readonly #damage: ScannedRange[] = []
  readonly #knownEpochs: LeaderEpochCache | null
  readonly #firstKnownOffset: number
  readonly #firstKnownEpoch: number
  #expected: number
  #epoch = -1
  #batchCount = 0

  constructor(window: SegmentWindow, input: ScanInput) {
    this.#window = window
    this.#input = input
    this.#segment = new Segment(input.baseOffset, 0)
    this.#segment.startIndexes()
    this.#producers = new ProducerState(input.producers)
    this.#expected = input.baseOffset
    const known = input.knownEpochs
    this.#knownEpochs = known === null ? null : new LeaderEpochCache(known)
    this.#firstKnownOffset = known?.[0]?.[1] ?? 0
    this.#firstKnownEpoch = known?.[0]?.[0] ?? -1
  }

  run(): ScanOutput {
    let position = 0
    let validBytes = 0
    while (position < this.#window.fileBytes) {
      const size = this.#validSize(position)
      if (size > 0) {
        this.#take(position, size)
        position += size
        validBytes = position
        continue
      }
      const next = this.#findNext(position)
      if (next < 0) break
      const at = this.#window.at(next, RECORD_BATCH_HEADER_BYTES)
      this.#damage.push({
        fromOffset: this.#expected,
        toOffset: batchBaseOffset(this.#window.buffer, at),
        fromPosition: position,
        toPosition: next,
      })
      this.#expected = batchBaseOffset(this.#window.buffer, at)
      // Positions in the index are those of the file, damage included.
      this.#segment.bytes = next
      position = next
    }
    return this.#output(validBytes)
  }

  #output(validBytes: number): ScanOutput {
    const segment = this.#segment
    segment.appendTimeEntry()
    return {
      fileBytes: this.#window.fileBytes,
      validBytes,
      endOffset: this.#expected,
      batchCount: this.#batchCount,
      largestTimestamp: segment.largestTimestamp,
      offsetOfLargestTimestamp: segment.offsetOfLargestTimestamp,
      firstTimestamp: segment.firstTimestamp,
      epochs: this.#epochs.entries(),
      damage: this.#damage,
      offsetIndex: Uint8Array.from(segment.offsetIndex?.bytes() ?? []),
      timeIndex: Uint8Array.from(segment.timeIndex?.bytes() ?? []),
      aborted: this.#aborted,
      producers: this.#producers.data(),
    }
  }

  /** The batch holds; it is counted in. */
  #take(position: number, size: number): void {
    const at = this.#window.at(position, RECORD_BATCH_HEADER_BYTES)
    const b = this.#window.buffer
    const baseOffset = batchBaseOffset(b, at)
    const lastOffset = baseOffset + batchLastOffsetDelta(b, at)
    this.#epoch = batchLeaderEpoch(b, at)
    this.#epochs.assign(this.#epoch, baseOffset)
    const isAfterGap = baseOffset !== this.#expected
    const maxTimestamp = batchMaxTimestamp(b, at)
    const isProducers = batchProducerId(b, at) >= 0 && baseOffset >= this.#input.producersFromOffset
    const added = { lastOffset, bytes: size, maxTimestamp, isAfterGap }
    if (this.#batchCount === 0) this.#segment.firstTimestamp = maxTimestamp
    this.#segment.add(added, this.#input.indexIntervalBytes)
    this.#batchCount++
    this.#expected = lastOffset + 1
    if (!isProducers) return
    // The walk below may move the window, so a control batch is looked at in a copy.
    if (isControl(batchAttributes(b, at))) {
      const copy = this.#window.copy(position, size)
      const aborted = this.#producers.update(copy, 0, readEndMarker(copy, 0))
      if (aborted !== null) this.#aborted.push(aborted)
      return
    }
    this.#producers.update(b, at, null)
  }

  /** The size of the batch at `position` if it holds as the next one of the log, else 0. */
  #validSize(position: number): number {
    const size = this.#plausibleSize(position, this.#input.allowsGaps)
    if (size === 0 || !this.#window.fitsCrc(position, size)) return 0
    if (!this.#input.allowsGaps) return size
    return this.#isBeforeNext(position, size) ? size : 0
  }

  /** In a log with gaps only the next batch can tell that a base offset is too high. */
  #isBeforeNext(position: number, size: number): boolean {
    const at = this.#window.at(position, RECORD_BATCH_HEADER_BYTES)
    const b = this.#window.buffer
    const baseOffset = batchBaseOffset(b, at)
    if (baseOffset === this.#expected) return true
    const end = baseOffset + batchLastOffsetDelta(b, at) + 1
    const nextSize = this.#window.batchSize(position + size)
    if (nextSize === 0) return true
    const nextAt = this.#window.at(position + size, RECORD_BATCH_HEADER_BYTES)
    const nextBase = batchBaseOffset(this.#window.buffer, nextAt)
    if (nextBase >= end || nextBase < this.#expected) return true
    return !this.#window.fitsCrc(position + size, nextSize)
  }

  #plausibleSize(position: number, allowsGaps: boolean): number {
    const size = this.#window.batchSize(position)
    if (size === 0) return 0
    const at = this.#window.at(position, RECORD_BATCH_HEADER_BYTES)
    const b = this.#window.buffer
    const baseOffset = batchBaseOffset(b, at)
    const delta = batchLastOffsetDelta(b, at)
    if (baseOffset < this.#expected || delta < 0) return 0
    if (!allowsGaps && baseOffset !== this.#expected) return 0
    const lastOffset = baseOffset + delta
    const isInRange =
      lastOffset < this.#input.limitOffset &&
      lastOffset - this.#input.baseOffset <= MAX_RELATIVE_OFFSET
    if (!isInRange) return 0
    return this.#isEpochPossible(batchLeaderEpoch(b, at), baseOffset) ? size : 0
  }

  #isEpochPossible(epoch: number, baseOffset: number): boolean {
    if (this.#knownEpochs === null) return epoch >= this.#epoch
    // Below the log's start the epochs were forgotten: they were not above the first one kept.
    if (baseOffset < this.#firstKnownOffset) {
      return epoch >= this.#epoch && epoch <= this.#firstKnownEpoch
    }
    return epoch === this.#knownEpochs.epochForOffset(baseOffset)
  }

  /** Position of the next batch that holds, behind damage at `position`; -1: there is none. */
  #findNext(position: number): number {
    // Where the damaged batch says that it ends, which is right unless its length is what is damaged.
    const size = this.#window.batchSize(position)
    if (size > 0 && this.#isProvenBehind(position, position + size)) return position + size
    const { fileBytes } = this.#window
    let at = position + 1
    while (at + RECORD_BATCH_HEADER_BYTES <= fileBytes) {
      const found = this.#nextMagic(at)
      if (found < 0) return -1
      if (this.#isProvenBehind(position, found)) return found
      at = found + 1
    }
    return -1
  }

  #isCandidate(position: number): boolean {
    const size = this.#plausibleSize(position, true)
    return size > 0 && this.#window.fitsCrc(position, size)
  }

  /**
   * A checksum alone proves no batch behind damage: a record may hold whole batches as its value, and
   * the base offset is outside of it (a write that is torn inside of it leaves zeros there). Something
   * else has to say the same offset: the batch behind it, the end of the segment, or the header in
   * front of which it was found.
   */
  #isProvenBehind(damagedAt: number, position: number): boolean {
    if (!this.#isCandidate(position)) return false
    const at = this.#window.at(position, RECORD_BATCH_HEADER_BYTES)
    const baseOffset = batchBaseOffset(this.#window.buffer, at)
    const endOffset = baseOffset + batchLastOffsetDelta(this.#window.buffer, at) + 1
    // What is damaged had one offset at least.
    if (baseOffset <= this.#expected) return false
    if (endOffset === this.#input.limitOffset || this.#isSaidBy(damagedAt, baseOffset)) return true
    return this.#isFollowed(position, endOffset)
  }

  /** One of the fields of the damaged header may be wrong; the others still say what follows. */
  #isSaidBy(damagedAt: number, baseOffset: number): boolean {
    const at = this.#window.at(damagedAt, RECORD_BATCH_HEADER_BYTES)
    if (at < 0) return false
    const b = this.#window.buffer
    if (batchMagic(b, at) !== RECORD_BATCH_MAGIC) return false
    const isByDelta = this.#expected + batchLastOffsetDelta(b, at) + 1 === baseOffset
    return isByDelta || this.#expected + batchRecordCount(b, at) === baseOffset
  }

  #isFollowed(position: number, endOffset: number): boolean {
    const next = position + this.#window.batchSize(position)
    const size = this.#window.batchSize(next)
    if (size === 0) return false
    const at = this.#window.at(next, RECORD_BATCH_HEADER_BYTES)
    const nextBase = batchBaseOffset(this.#window.buffer, at)
    const fits = this.#input.allowsGaps ? nextBase >= endOffset : nextBase === endOffset
    return fits && this.#isCandidate(next)
  }

  /** The next position from `from` on where a batch of magic 2 could begin; -1: none. */
  #nextMagic(from: number): number {
    const magicAt = 16
    let position = from
    while (position + RECORD_BATCH_HEADER_BYTES <= this.#window.fileBytes) {
      const left = this.#window.fileBytes - position
      const piece = Math.min(left, this.#window.buffer.length)
      const at = this.#window.at(position, piece)
      if (at < 0) return -1
      const found = this.#window.buffer.indexOf(RECORD_BATCH_MAGIC, at + magicAt)
      if (found >= 0 && found < at + piece) return position + (found - at - magicAt)
      if (piece === left) return -1
      position += piece - magicAt
    }
    return -1
  }
}

const MAX_SCANS = 5

/**
 * Walks the segment, and once more if anything did not hold: a disk may answer wrongly once. What is
 * answered is what two walks agree on (or the last of a few).
 */
export async function scanWithCare(workers: Workers, input: ScanInput): Promise<ScanOutput> {
  let scanned = await workers.run(scanSegment, input)
  for (let count = 1; count < MAX_SCANS && !isWhole(scanned); count++) {
    const again = await workers.run(scanSegment, input)
    const isSame =
      again.validBytes === scanned.validBytes &&
      JSON.stringify(again.damage) === JSON.stringify(scanned.damage)
    scanned = again
    if (isSame) break
  }
  return scanned
}

/** All of the file holds. */
export function isWhole(scanned: ScanOutput): boolean {
  return scanned.damage.length === 0 && scanned.validBytes === scanned.fileBytes
}
