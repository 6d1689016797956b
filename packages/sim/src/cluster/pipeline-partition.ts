// One partition of a producer that has several batches under way: which may be sent now, with which
// sequences, and what an answer means. As Kafka's own clients do it, of either kind:
//
//   oneByOne   as the Java client: what is sent again goes alone, from the oldest on
//   together   as librdkafka: once all is back, everything that is open is sent again, in order
//
// A batch that is refused for good leaves a gap in the sequences: nothing behind it can be taken any more.
// Those before it are brought to an end first; those behind begin at 0 again, in a newer epoch.
//
// Invariants: nothing is sent for the first time when MAX_IN_FLIGHT batches were, from the oldest that is not
// done on, those that are done included: a broker would forget the oldest; a batch gets other sequences
// only when it cannot be there under its former ones.

export const MAX_IN_FLIGHT = 5
/** Those that are done, for copies that come late: more than a broker remembers. */
const KEPT_DONE = 9

export type RetryStyle = 'oneByOne' | 'together'

export interface NewPipelineBatch {
  readonly values: readonly string[]
  readonly timestamp: number
  readonly isCompressed: boolean
  readonly isTooLarge: boolean
  readonly createdMs: number
}

export interface PipelineBatch extends NewPipelineBatch {
  producerEpoch: number
  /** Null until it is sent. */
  baseSequence: number | null
  /** How many were sent for the first time before it. */
  ordinal: number
  isOnWire: boolean
  /** It came back, and is not sent again before that. */
  retryAtMs: number
  /** Of its first record, once it is done. */
  baseOffset: number
}

export class PipelinePartition {
  readonly #style: RetryStyle
  /** Those that are not done, in order; only the first of them have sequences. */
  readonly #open: PipelineBatch[] = []
  readonly #done: PipelineBatch[] = []
  #producerEpoch = 0
  #nextSequence = 0
  #nextOrdinal = 0
  /** The sequence that nobody will have; null if all is well. */
  #gap: number | null = null
  /** Its first batch goes alone: a broker that knows nothing of a producer takes any sequence. */
  #isKnown = false

  constructor(style: RetryStyle) {
    this.#style = style
  }

  get openCount(): number {
    return this.#open.length
  }

  /** The last ones, oldest first. */
  get done(): readonly PipelineBatch[] {
    return this.#done
  }

  add(batch: NewPipelineBatch): void {
    const unsent = { producerEpoch: -1, baseSequence: null, ordinal: -1, isOnWire: false }
    this.#open.push({ ...batch, ...unsent, retryAtMs: 0, baseOffset: -1 })
  }

  /** Whether all before it are acknowledged: a broker that has those has to take it. */
  isNext(batch: PipelineBatch): boolean {
    return this.#open[0] === batch && !this.#isBehindGap(batch)
  }

  /** It cannot go on in its epoch, and there is no newer one yet. */
  needsEpoch(currentEpoch: number): boolean {
    return this.#gap !== null && this.#inFlight.length === 0 && this.#producerEpoch === currentEpoch
  }

  /** The batch to send now, on its way from here on; null if there is none. */
  take(nowMs: number, currentEpoch: number): PipelineBatch | null {
    const inFlight = this.#inFlight
    const again = inFlight.find(({ isOnWire }) => !isOnWire)
    if (again !== undefined) return this.#takeAgain(again, inFlight, nowMs)
    // With nothing under way it may also go over to an epoch that another partition needed.
    if (inFlight.length === 0) this.#begin(currentEpoch)
    const fresh = this.#open[inFlight.length]
    const limit = this.#isKnown ? MAX_IN_FLIGHT : 1
    const sentCount = this.#nextOrdinal - (inFlight[0]?.ordinal ?? this.#nextOrdinal)
    if (fresh === undefined || sentCount >= limit || this.#gap !== null) return null
    fresh.ordinal = this.#nextOrdinal++
    fresh.producerEpoch = this.#producerEpoch
    fresh.baseSequence = this.#nextSequence
    this.#nextSequence += fresh.values.length
    fresh.isOnWire = true
    return fresh
  }

  #takeAgain(
    batch: PipelineBatch,
    inFlight: readonly PipelineBatch[],
    nowMs: number,
  ): PipelineBatch | null {
    if (batch.retryAtMs > nowMs) return null
    // Those before it may be on their way once more; none behind it may.
    const isTurn =
      this.#style === 'oneByOne'
        ? batch === inFlight[0]
        : inFlight.slice(inFlight.indexOf(batch)).every(({ isOnWire }) => !isOnWire)
    if (!isTurn) return null
    batch.isOnWire = true
    return batch
  }

  onSuccess(batch: PipelineBatch, baseOffset: number): void {
    batch.isOnWire = false
    batch.baseOffset = baseOffset
    this.#isKnown = true
    this.#remove(batch)
    this.#done.push(batch)
    if (this.#done.length > KEPT_DONE) this.#done.shift()
  }

  /** An error that passes, or nobody knows what became of it. */
  onReturn(batch: PipelineBatch, retryAtMs: number): void {
    batch.isOnWire = false
    batch.retryAtMs = retryAtMs
    if (this.#isBehindGap(batch)) batch.baseSequence = null
  }

  /** It is not there and never will be. */
  onRefusal(batch: PipelineBatch): void {
    this.#remove(batch)
    this.#gap ??= batch.baseSequence
    for (const behind of this.#inFlight)
      if (!behind.isOnWire && this.#isBehindGap(behind)) behind.baseSequence = null
  }

  get #inFlight(): PipelineBatch[] {
    return this.#open.filter(({ baseSequence }) => baseSequence !== null)
  }

  #isBehindGap({ baseSequence }: PipelineBatch): boolean {
    return this.#gap !== null && baseSequence !== null && baseSequence > this.#gap
  }

  #remove(batch: PipelineBatch): void {
    this.#open.splice(this.#open.indexOf(batch), 1)
  }

  #begin(epoch: number): void {
    if (epoch === this.#producerEpoch) return
    this.#producerEpoch = epoch
    this.#nextSequence = 0
    this.#gap = null
  }
}
