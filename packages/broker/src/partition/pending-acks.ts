// Producers that wait until their records are written, or committed: a queue a partition. Three
// parallel rings instead of an object an entry: the hot path of produce allocates nothing here.
//
// Invariant: end offsets never decrease from head to tail, with one exception: the ack of a
// duplicate batch waits for an older offset; it is let through together with what is before it.

import type { ErrorName } from '@weir/protocol'

/** Who waits. `slot` is the waiter's own number for what it waits for. */
export interface AckWaiter {
  /** Monotonic milliseconds after which it gets REQUEST_TIMED_OUT. */
  readonly deadlineMs: number
  /** Called once for each slot; null is success. */
  onAck(slot: number, error: ErrorName | null): void
}

const INITIAL_CAPACITY = 16
/** Never written to: a ring of length 0 grows first. */
const NONE: number[] = []
const NOBODY: (AckWaiter | null)[] = []

export class PendingAcks {
  // Rings of one length: 0 until somebody waits, since most partitions are idle, then a power of two.
  #endOffsets: number[] = NONE
  #waiters: (AckWaiter | null)[] = NOBODY
  #slots: number[] = NONE
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  /** Waits until everything below `endOffset` is done. */
  add(endOffset: number, waiter: AckWaiter, slot: number): void {
    if (this.#size === this.#waiters.length) this.#grow()
    const at = (this.#head + this.#size) & (this.#waiters.length - 1)
    this.#endOffsets[at] = endOffset
    this.#waiters[at] = waiter
    this.#slots[at] = slot
    this.#size++
  }

  /** Answers all whose records are below `endOffset`. */
  completeBelow(endOffset: number, error: ErrorName | null): void {
    while (this.#size > 0) {
      const at = this.#head
      if ((this.#endOffsets[at] ?? 0) > endOffset) return
      this.#take()?.onAck(this.#slots[at] ?? 0, error)
    }
  }

  /** Answers all that wait for an offset above `endOffset`; the others keep waiting. */
  failAbove(endOffset: number, error: ErrorName): void {
    this.#rotate((end, waiter, slot) => {
      if (end <= endOffset) return true
      waiter.onAck(slot, error)
      return false
    })
  }

  failAll(error: ErrorName): void {
    this.completeBelow(Number.POSITIVE_INFINITY, error)
  }

  /** Answers those whose deadline has come. */
  expire(nowMs: number): void {
    this.#rotate((_, waiter, slot) => {
      if (waiter.deadlineMs > nowMs) return true
      waiter.onAck(slot, 'REQUEST_TIMED_OUT')
      return false
    })
  }

  /** Passes over each entry once; `keep` false has taken it out. */
  #rotate(keep: (endOffset: number, waiter: AckWaiter, slot: number) => boolean): void {
    for (let count = this.#size; count > 0 && this.#size > 0; count--) {
      const at = this.#head
      const endOffset = this.#endOffsets[at] ?? 0
      const slot = this.#slots[at] ?? 0
      const waiter = this.#take()
      if (waiter !== null && keep(endOffset, waiter, slot)) this.add(endOffset, waiter, slot)
    }
  }

  #take(): AckWaiter | null {
    const at = this.#head
    const waiter = this.#waiters[at] ?? null
    this.#waiters[at] = null
    this.#head = (at + 1) & (this.#waiters.length - 1)
    this.#size--
    return waiter
  }

  #grow(): void {
    const capacity = this.#waiters.length
    const order = Array.from({ length: capacity }, (_, i) => (this.#head + i) & (capacity - 1))
    const empty = Math.max(INITIAL_CAPACITY, capacity)
    this.#endOffsets = [...order.map(i => this.#endOffsets[i] ?? 0), ...new Array(empty).fill(0)]
    this.#waiters = [...order.map(i => this.#waiters[i] ?? null), ...new Array(empty).fill(null)]
    this.#slots = [...order.map(i => this.#slots[i] ?? 0), ...new Array(empty).fill(0)]
    this.#head = 0
  }
}
