// The second job of a cleaning, for a worker thread: copies a group of segments without what is outdated.
//
// Invariants (D12): nothing at or above the end offset of the map is dropped; the output is synced before
// the job answers, so that it may take the originals' place.

import { type DiskFile, defineWorkerJob, type WorkerContext } from '@weir/core'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestamp,
  batchLastOffset,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  hasDeleteHorizon,
  isControl,
  isTransactional,
  RECORD_BATCH_HEADER_BYTES,
  type RecordWalker,
} from '@weir/protocol'
import { readEndMarker } from '../control-batch.ts'
import { Segment, type SegmentSummary } from '../segment.ts'
import type { AbortedEntry } from '../transaction-index.ts'
import { emptyBatch, filterBatch } from './clean-batch.ts'
import { CleanTransactions, type CleanTransactionsData } from './clean-transactions.ts'
import { OffsetMap, type OffsetMapData } from './offset-map.ts'
import { type CleaningRefused, type SourceSegment, SourceWalk, Throttle } from './source-walk.ts'

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
  /** The map knows everything below. */
  readonly mapEndOffset: number
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
  /** Kept as they are: their checksum fits, and their inside cannot be read. */
  readonly batchesUnreadable: number
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
  #unreadable = 0

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
      batchesUnreadable: this.#unreadable,
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
    if (filtered === null) {
      this.#unreadable++
      return batch
    }
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
    // What the map has not seen may still be needed: a tombstone, by values of its key before it.
    if (offset >= this.#input.mapEndOffset) return true
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
