// What a partition remembers of its producers: epoch, the last batches with their sequences, open
// transactions. It follows the log: it changes only by batches that are in the log.
//
// Invariants: at most KEPT_BATCHES batches a producer, all of its current epoch, in order of sequence;
// a producer with an open transaction is never forgotten; `firstUnstableOffset` is the first offset
// of the oldest transaction that is open, or whose marker is not below the high watermark yet.

import { assert } from '@weir/core'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLastSequence,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  isControl,
  isTransactional,
} from '@weir/protocol'
import type { EndMarker } from './control-batch.ts'
import type { ActiveProducer, AppendOrigin, LogErrorName } from './log-types.ts'
import type { AbortedEntry } from './transaction-index.ts'

const KEPT_BATCHES = 5
const NO_EPOCH = -1
const NO_SEQUENCE = -1
const MAX_SEQUENCE = 2147483647

export interface ProducerBatch {
  readonly firstSequence: number
  readonly lastSequence: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly timestamp: number
}

/** Plain data: goes to worker threads and back. */
export interface ProducerEntry {
  readonly producerId: number
  producerEpoch: number
  lastTimestamp: number
  coordinatorEpoch: number
  /** -1 when no transaction is open. */
  transactionFirstOffset: number
  batches: ProducerBatch[]
}

export type ProducerCheck =
  | { readonly kind: 'accepted' }
  | { readonly kind: 'duplicate'; readonly batch: ProducerBatch }
  | { readonly kind: 'refused'; readonly error: LogErrorName; readonly message: string }

const ACCEPTED: ProducerCheck = Object.freeze({ kind: 'accepted' })

export interface ProducerStateData {
  readonly entries: ProducerEntry[]
  /** Transactions that ended with a marker which is not known to be below the high watermark. */
  readonly undecided: { readonly firstOffset: number; readonly lastOffset: number }[]
}

export class ProducerState {
  readonly #producers = new Map<number, ProducerEntry>()
  #undecided: { readonly firstOffset: number; readonly lastOffset: number }[] = []
  /** Kept, because the minimum is asked for at every read and changes rarely; -1: recompute. */
  #firstOpenOffset = Number.POSITIVE_INFINITY

  constructor(data?: ProducerStateData) {
    if (data === undefined) return
    for (const entry of data.entries) this.#producers.set(entry.producerId, entry)
    this.#undecided = [...data.undecided]
    this.#recomputeFirstOpen()
  }

  get size(): number {
    return this.#producers.size
  }

  data(): ProducerStateData {
    return { entries: [...this.#producers.values()], undecided: [...this.#undecided] }
  }

  entries(): Iterable<ProducerEntry> {
    return this.#producers.values()
  }

  /** Infinity when every transaction is decided, below the high watermark. */
  get firstUnstableOffset(): number {
    const undecided = this.#undecided[0]
    if (undecided === undefined) return this.#firstOpenOffset
    let first = this.#firstOpenOffset
    for (const each of this.#undecided) first = Math.min(first, each.firstOffset)
    return first
  }

  /** First offset of the oldest open transaction; Infinity if there is none. */
  get firstOpenOffset(): number {
    return this.#firstOpenOffset
  }

  /** The markers below are final. */
  highWatermarkMoved(highWatermark: number): void {
    if (this.#undecided.length === 0) return
    this.#undecided = this.#undecided.filter(each => each.lastOffset >= highWatermark)
  }

  /** Whether a batch with a producer id may be appended; changes nothing. */
  check(b: Buffer, at: number, origin: AppendOrigin, marker: EndMarker | null): ProducerCheck {
    if (origin === 'replication') return ACCEPTED
    const entry = this.#producers.get(batchProducerId(b, at))
    const epoch = batchProducerEpoch(b, at)
    if (marker !== null) return checkMarker(entry, epoch, marker)
    if (entry === undefined) return ACCEPTED
    const firstSequence = batchBaseSequence(b, at)
    if (origin === 'client' && entry.producerEpoch === epoch) {
      const lastSequence = batchLastSequence(b, at)
      for (const batch of entry.batches) {
        if (batch.firstSequence === firstSequence && batch.lastSequence === lastSequence) {
          return { kind: 'duplicate', batch }
        }
      }
    }
    if (epoch < entry.producerEpoch) {
      return refused(
        'INVALID_PRODUCER_EPOCH',
        `producer ${entry.producerId}: epoch ${epoch}, current is ${entry.producerEpoch}`,
      )
    }
    if (firstSequence !== NO_SEQUENCE) {
      const refusal = checkSequence(entry, epoch, firstSequence)
      if (refusal !== null) return refusal
    }
    if (entry.transactionFirstOffset >= 0 && !isTransactional(batchAttributes(b, at))) {
      return refused(
        'INVALID_TXN_STATE',
        `producer ${entry.producerId} has an open transaction and sends a plain batch`,
      )
    }
    return ACCEPTED
  }

  /**
   * Takes in a batch of the log that carries a producer id. Answers the aborted transaction which the
   * batch, a marker, ends (its last stable offset as of now), if any.
   */
  update(b: Buffer, at: number, marker: EndMarker | null): AbortedEntry | null {
    const producerId = batchProducerId(b, at)
    const epoch = batchProducerEpoch(b, at)
    let entry = this.#producers.get(producerId)
    if (entry === undefined) {
      entry = {
        producerId,
        producerEpoch: epoch,
        lastTimestamp: batchMaxTimestamp(b, at),
        coordinatorEpoch: -1,
        transactionFirstOffset: -1,
        batches: [],
      }
      this.#producers.set(producerId, entry)
    }
    if (epoch !== entry.producerEpoch) {
      entry.producerEpoch = epoch
      entry.batches = []
    }
    entry.lastTimestamp = batchMaxTimestamp(b, at)
    if (marker !== null) return this.#applyMarker(entry, marker, batchLastOffset(b, at))
    const attributes = batchAttributes(b, at)
    if (isControl(attributes)) return null
    const firstOffset = batchBaseOffset(b, at)
    if (batchBaseSequence(b, at) !== NO_SEQUENCE) {
      if (entry.batches.length === KEPT_BATCHES) entry.batches.shift()
      entry.batches.push({
        firstSequence: batchBaseSequence(b, at),
        lastSequence: batchLastSequence(b, at),
        firstOffset,
        lastOffset: firstOffset + batchLastOffsetDelta(b, at),
        timestamp: entry.lastTimestamp,
      })
    }
    if (isTransactional(attributes) && entry.transactionFirstOffset < 0) {
      entry.transactionFirstOffset = firstOffset
      if (firstOffset < this.#firstOpenOffset) this.#firstOpenOffset = firstOffset
    }
    return null
  }

  /** Forgets producers that have been silent in the log's own time. True if there were any. */
  expire(nowMs: number, expirationMs: number): boolean {
    let hasChanged = false
    for (const entry of this.#producers.values()) {
      if (entry.transactionFirstOffset >= 0) continue
      if (nowMs - entry.lastTimestamp < expirationMs) continue
      this.#producers.delete(entry.producerId)
      hasChanged = true
    }
    return hasChanged
  }

  active(): ActiveProducer[] {
    return [...this.#producers.values()].map(entry => ({
      producerId: entry.producerId,
      producerEpoch: entry.producerEpoch,
      lastSequence: entry.batches.at(-1)?.lastSequence ?? NO_SEQUENCE,
      lastTimestamp: entry.lastTimestamp,
      coordinatorEpoch: entry.coordinatorEpoch,
      currentTransactionStartOffset: entry.transactionFirstOffset,
    }))
  }

  #applyMarker(entry: ProducerEntry, marker: EndMarker, offset: number): AbortedEntry | null {
    entry.coordinatorEpoch = marker.coordinatorEpoch
    const firstOffset = entry.transactionFirstOffset
    if (firstOffset < 0) return null
    assert(firstOffset <= offset, 'a transaction that ends before it begins', {
      firstOffset,
      offset,
    })
    entry.transactionFirstOffset = -1
    if (firstOffset === this.#firstOpenOffset) this.#recomputeFirstOpen()
    // The order of markers is the order of offsets.
    this.#undecided.push({ firstOffset, lastOffset: offset })
    if (marker.kind === 'commit') return null
    const lastStableOffset = Math.min(this.#firstOpenOffset, offset + 1)
    return { producerId: entry.producerId, firstOffset, lastOffset: offset, lastStableOffset }
  }

  #recomputeFirstOpen(): void {
    let first = Number.POSITIVE_INFINITY
    for (const entry of this.#producers.values()) {
      const offset = entry.transactionFirstOffset
      if (offset >= 0 && offset < first) first = offset
    }
    this.#firstOpenOffset = first
  }
}

function checkMarker(
  entry: ProducerEntry | undefined,
  epoch: number,
  marker: EndMarker,
): ProducerCheck {
  if (entry === undefined) return ACCEPTED
  if (epoch < entry.producerEpoch) {
    return refused(
      'INVALID_PRODUCER_EPOCH',
      `marker of producer ${entry.producerId}: epoch ${epoch}, current is ${entry.producerEpoch}`,
    )
  }
  if (marker.coordinatorEpoch < entry.coordinatorEpoch) {
    return refused(
      'TRANSACTION_COORDINATOR_FENCED',
      `marker of producer ${entry.producerId}: coordinator epoch ${marker.coordinatorEpoch}, current is ${entry.coordinatorEpoch}`,
    )
  }
  return ACCEPTED
}

function checkSequence(
  entry: ProducerEntry,
  epoch: number,
  firstSequence: number,
): ProducerCheck | null {
  if (epoch !== entry.producerEpoch) {
    if (firstSequence === 0 || entry.producerEpoch === NO_EPOCH) return null
    return refused(
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      `producer ${entry.producerId}: new epoch ${epoch} begins with sequence ${firstSequence}`,
    )
  }
  const last = entry.batches[entry.batches.length - 1]?.lastSequence ?? NO_SEQUENCE
  if (firstSequence === last + 1 || (firstSequence === 0 && last === MAX_SEQUENCE)) return null
  return refused(
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    `producer ${entry.producerId} epoch ${epoch}: sequence ${firstSequence} after ${last}`,
  )
}

function refused(error: LogErrorName, message: string): ProducerCheck {
  return { kind: 'refused', error, message }
}
