// The two jobs of a cleaning, for worker threads: building the map of newest offsets out of the dirty
// part, and copying a group of segments without what is outdated.
//
// Invariants (D12): every batch that is read is verified, and the first that does not hold ends the
// job; nothing at or above the end offset of the map is dropped; the output is synced before the job
// answers, so that it may take the originals' place; reads and writes keep to a rate.

import { type Clock, type DiskFile, defineWorkerJob, type WorkerContext } from '@weir/core'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestamp,
  batchLastOffset,
  batchMaxTimestamp,
  batchPayload,
  batchProducerEpoch,
  batchProducerId,
  DEFAULT_DECOMPRESSION_LIMIT_BYTES,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  RECORD_BATCH_HEADER_BYTES,
  RecordWalker,
} from '@weir/protocol'
import { readEndMarker } from '../control-batch.ts'
import { Segment, type SegmentSummary } from '../segment.ts'
import { SegmentWindow } from '../segment-window.ts'
import type { AbortedEntry } from '../transaction-index.ts'
import { emptyBatch, filterBatch } from './clean-batch.ts'
import { CleanTransactions, type CleanTransactionsData } from './clean-transactions.ts'
import { OffsetMap, type OffsetMapData } from './offset-map.ts'

export interface SourceSegment {
  readonly path: string
  readonly baseOffset: number
  readonly bytes: number
}

/** A batch that does not hold: nothing is cleaned, the log has to be examined. */
export interface CleaningRefused {
  readonly kind: 'damaged'
  readonly baseOffset: number
  readonly position: number
}

export interface MapInput {
  readonly sources: readonly SourceSegment[]
  readonly fromOffset: number
  readonly endOffset: number
  readonly limitBytes: number
  readonly seed: number
  readonly transactions: CleanTransactionsData
  readonly bytesPerSecond: number
}

export interface MapOutput {
  readonly kind: 'built'
  readonly map: OffsetMapData
  /** The map knows everything below; less than asked for if it is full. */
  readonly endOffset: number
}

export const buildOffsetMap = defineWorkerJob<MapInput, MapOutput | CleaningRefused>({
  module: import.meta.url,
  name: 'buildOffsetMap',
  run: runMap,
})

async function runMap(
  context: WorkerContext,
  input: MapInput,
): Promise<MapOutput | CleaningRefused> {
  const map = new OffsetMap({ seed: input.seed, limitBytes: input.limitBytes })
  const transactions = new CleanTransactions(input.transactions)
  const throttle = new Throttle(context.clock, input.bytesPerSecond)
  let mappedEnd = input.fromOffset
  for (const source of input.sources) {
    const walk = new SourceWalk(context, source)
    try {
      for (let batch = walk.next(); batch !== null; batch = walk.next()) {
        if (batch === 'damaged') return walk.refusal()
        const lastOffset = batchLastOffset(batch, 0)
        if (lastOffset >= input.endOffset) break
        if (lastOffset >= input.fromOffset) {
          if (!mapBatch(map, transactions, batch)) return built(map, input, mappedEnd)
          mappedEnd = lastOffset + 1
        }
        await throttle.used(batch.length)
      }
    } finally {
      walk.close()
    }
  }
  return built(map, input, input.endOffset)
}

function built(map: OffsetMap, input: MapInput, endOffset: number): MapOutput {
  return { kind: 'built', map: map.data(input.limitBytes), endOffset }
}

/** False: it does not fit any more. */
function mapBatch(map: OffsetMap, transactions: CleanTransactions, batch: Buffer): boolean {
  const attributes = batchAttributes(batch, 0)
  const lastOffset = batchLastOffset(batch, 0)
  if (isControl(attributes)) {
    transactions.onMarker(batchProducerId(batch, 0), readEndMarker(batch, 0), lastOffset)
    return true
  }
  if (isTransactional(attributes)) {
    if (transactions.isAborted(batchProducerId(batch, 0), lastOffset)) return true
  }
  const payload = batchPayload(batch, 0, DEFAULT_DECOMPRESSION_LIMIT_BYTES)
  const walker = new RecordWalker()
  walker.reset(payload, 0, payload.length)
  const baseOffset = batchBaseOffset(batch, 0)
  while (!walker.isAtEnd && walker.next()) {
    if (walker.keyLength < 0) continue
    if (!map.hasRoomFor(1)) return false
    const keyEnd = walker.keyAt + walker.keyLength
    map.put(payload, walker.keyAt, keyEnd, baseOffset + walker.offsetDelta)
  }
  return true
}

/** What is kept of a live producer although its records are outdated. */
export interface LastOfProducer {
  readonly producerId: number
  readonly producerEpoch: number
  /** Of its last batch with data; -1 if only a marker is left of it. */
  readonly lastDataOffset: number
}

export interface CleanInput {
  readonly sources: readonly SourceSegment[]
  readonly outputPath: string
  readonly map: OffsetMapData
  readonly transactions: CleanTransactionsData
  readonly lastOfProducers: readonly LastOfProducer[]
  readonly nowMs: number
  readonly deleteRetentionMs: number
  readonly indexIntervalBytes: number
  readonly bytesPerSecond: number
}

export interface CleanOutput {
  readonly kind: 'cleaned'
  readonly summary: SegmentSummary
  readonly aborted: AbortedEntry[]
  readonly offsetIndex: Uint8Array
  readonly timeIndex: Uint8Array
  readonly transactions: CleanTransactionsData
  readonly sourceBytes: number
  readonly recordsKept: number
  readonly recordsDropped: number
  readonly batchesChanged: number
}

export const cleanGroup = defineWorkerJob<CleanInput, CleanOutput | CleaningRefused>({
  module: import.meta.url,
  name: 'cleanGroup',
  run: (context, input) => new GroupCleaning(context, input).run(),
})

const WRITE_BYTES = 512 * 1024

class GroupCleaning {
  readonly #context: WorkerContext
  readonly #input: CleanInput
  readonly #map: OffsetMap
  readonly #transactions: CleanTransactions
  readonly #lastOfProducers: ReadonlyMap<number, LastOfProducer>
  readonly #segment: Segment
  readonly #aborted: AbortedEntry[] = []
  readonly #throttle: Throttle
  #pending: Buffer[] = []
  #pendingBytes = 0
  #written = 0
  #sourceBytes = 0
  #kept = 0
  #dropped = 0
  #changed = 0

  constructor(context: WorkerContext, input: CleanInput) {
    this.#context = context
    this.#input = input
    this.#map = new OffsetMap(input.map)
    this.#transactions = new CleanTransactions(input.transactions)
    this.#lastOfProducers = new Map(input.lastOfProducers.map(each => [each.producerId, each]))
    this.#segment = new Segment(input.sources[0]?.baseOffset ?? 0, input.nowMs)
    this.#segment.startIndexes()
    this.#throttle = new Throttle(context.clock, input.bytesPerSecond)
  }

  async run(): Promise<CleanOutput | CleaningRefused> {
    const { sources, outputPath } = this.#input
    const output = this.#context.disk.openSync(outputPath, 'write')
    try {
      output.truncateSync(0)
      for (const [index, source] of sources.entries()) {
        const refusal = await this.#cleanSource(source, index === sources.length - 1, output)
        if (refusal !== null) return refusal
      }
      this.#flush(output)
      await output.sync()
    } finally {
      output.closeSync()
    }
    return this.#output()
  }

  #output(): CleanOutput {
    const segment = this.#segment
    segment.appendTimeEntry()
    segment.abortedCount = this.#aborted.length
    return {
      kind: 'cleaned',
      summary: segment.summary(),
      aborted: this.#aborted,
      offsetIndex: Uint8Array.from(segment.offsetIndex?.bytes() ?? []),
      timeIndex: Uint8Array.from(segment.timeIndex?.bytes() ?? []),
      transactions: this.#transactions.data(),
      sourceBytes: this.#sourceBytes,
      recordsKept: this.#kept,
      recordsDropped: this.#dropped,
      batchesChanged: this.#changed,
    }
  }

  async #cleanSource(
    source: SourceSegment,
    isLastSource: boolean,
    output: DiskFile,
  ): Promise<CleaningRefused | null> {
    const walk = new SourceWalk(this.#context, source)
    try {
      for (let batch = walk.next(); batch !== null; batch = walk.next()) {
        if (batch === 'damaged') return walk.refusal()
        // The last batch of the group stays, empty if need be: so no offset seems to be missing
        // between this segment and the next one.
        const isLast = isLastSource && walk.isAtEnd
        const result = this.#clean(batch, isLast)
        this.#sourceBytes += batch.length
        if (result !== batch) this.#changed++
        if (result !== null) this.#add(result, output)
        await this.#throttle.used(batch.length + (result?.length ?? 0))
      }
      return null
    } finally {
      walk.close()
    }
  }

  /** The batch as it stays; null: nothing of it. */
  #clean(batch: Buffer, isLast: boolean): Buffer | null {
    const attributes = batchAttributes(batch, 0)
    const decision = isControl(attributes)
      ? this.#decideMarker(batch)
      : { isDiscarded: this.#isOfAborted(batch, attributes), isEmptyMarker: false }
    const mustStay = isLast || this.#isLastOfProducer(batch)
    const isDropped = decision.isDiscarded
    const filtered = filterBatch(batch, {
      keep: (offset, payload, walker) => !isDropped && this.#keeps(batch, offset, payload, walker),
      newHorizonMs: this.#input.nowMs + this.#input.deleteRetentionMs,
      isEmptyMarker: decision.isEmptyMarker,
    })
    this.#kept += filtered.kept
    this.#dropped += filtered.dropped
    if (filtered.batch !== null) return filtered.batch
    if (!mustStay) return null
    return batch.length === RECORD_BATCH_HEADER_BYTES ? batch : emptyBatch(batch)
  }

  #isOfAborted(batch: Buffer, attributes: number): boolean {
    if (!isTransactional(attributes)) return false
    return this.#transactions.isAborted(batchProducerId(batch, 0), batchLastOffset(batch, 0))
  }

  #decideMarker(batch: Buffer): { readonly isDiscarded: boolean; readonly isEmptyMarker: boolean } {
    const marker = readEndMarker(batch, 0)
    const producerId = batchProducerId(batch, 0)
    const { isEmpty, aborted } = this.#transactions.onMarker(
      producerId,
      marker,
      batchLastOffset(batch, 0),
    )
    if (aborted !== null) this.#aborted.push(aborted)
    if (!isEmpty) return { isDiscarded: false, isEmptyMarker: false }
    return { isDiscarded: this.#isPastHorizon(batch), isEmptyMarker: true }
  }

  #isPastHorizon(batch: Buffer): boolean {
    if (!hasDeleteHorizon(batchAttributes(batch, 0))) return false
    return batchBaseTimestamp(batch, 0) <= this.#input.nowMs
  }

  #keeps(batch: Buffer, offset: number, payload: Buffer, walker: RecordWalker): boolean {
    if (isControl(batchAttributes(batch, 0))) return true
    // Records without a key were refused when they came; one that is there all the same stays out.
    if (walker.keyLength < 0) return false
    const newest = this.#map.get(payload, walker.keyAt, walker.keyAt + walker.keyLength)
    if (newest > offset) return false
    return walker.valueLength >= 0 || !this.#isPastHorizon(batch)
  }

  #isLastOfProducer(batch: Buffer): boolean {
    const last = this.#lastOfProducers.get(batchProducerId(batch, 0))
    if (last === undefined) return false
    if (last.lastDataOffset >= 0) return batchLastOffset(batch, 0) === last.lastDataOffset
    const isMarker = isControl(batchAttributes(batch, 0))
    return isMarker && batchProducerEpoch(batch, 0) === last.producerEpoch
  }

  #add(batch: Buffer, output: DiskFile): void {
    const segment = this.#segment
    const baseOffset = batchBaseOffset(batch, 0)
    segment.add(
      {
        lastOffset: batchLastOffset(batch, 0),
        bytes: batch.length,
        maxTimestamp: batchMaxTimestamp(batch, 0),
        isAfterGap: baseOffset !== segment.endOffset,
      },
      this.#input.indexIntervalBytes,
    )
    this.#pending.push(batch)
    this.#pendingBytes += batch.length
    if (this.#pendingBytes >= WRITE_BYTES) this.#flush(output)
  }

  #flush(output: DiskFile): void {
    let rest = Buffer.concat(this.#pending)
    this.#pending = []
    this.#pendingBytes = 0
    while (rest.length > 0) {
      const written = output.writeSync([rest], this.#written)
      this.#written += written
      rest = rest.subarray(written)
    }
  }
}

/** The batches of a segment file one by one, each a copy, verified. */
class SourceWalk {
  readonly #file: DiskFile
  readonly #window: SegmentWindow
  readonly #source: SourceSegment
  #position = 0

  constructor(context: WorkerContext, source: SourceSegment) {
    this.#source = source
    this.#file = context.disk.openSync(source.path, 'read')
    this.#window = new SegmentWindow(this.#file, Math.min(this.#file.sizeSync(), source.bytes))
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#source.bytes
  }

  next(): Buffer | null | 'damaged' {
    if (this.isAtEnd) return null
    const size = this.#window.batchSize(this.#position)
    if (size === 0 || !this.#window.fitsCrc(this.#position, size)) return 'damaged'
    const batch = this.#window.copy(this.#position, size)
    this.#position += size
    return batch
  }

  refusal(): CleaningRefused {
    return { kind: 'damaged', baseOffset: this.#source.baseOffset, position: this.#position }
  }

  close(): void {
    this.#file.closeSync()
  }
}

/** Keeps reads and writes to a rate, by sleeping now and then. */
class Throttle {
  readonly #clock: Clock
  readonly #bytesPerSecond: number
  readonly #startMs: number
  #bytes = 0

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock
    this.#bytesPerSecond = bytesPerSecond
    this.#startMs = clock.monotonicMs()
  }

  async used(bytes: number): Promise<void> {
    this.#bytes += bytes
    const dueMs = (this.#bytes / this.#bytesPerSecond) * 1000
    const aheadMs = dueMs - (this.#clock.monotonicMs() - this.#startMs)
    if (aheadMs > MIN_SLEEP_MS) await this.#clock.sleep(aheadMs)
  }
}

const MIN_SLEEP_MS = 20
