// A min-heap of deadlines. Every state machine that has timeouts keeps one; the shell arms a single
// timer for `nextDeadlineMs()` and calls the machine's `expire(nowMs)`.
//
// Invariant: #heap[i].deadlineMs <= that of its children; each entry knows its index, so that
// cancelling costs O(log n). Entries with equal deadlines come out in the order of insertion.

export interface Deadline<T> {
  readonly value: T
  readonly deadlineMs: number
}

interface Entry<T> extends Deadline<T> {
  readonly sequence: number
  index: number
}

export class DeadlineQueue<T> {
  readonly #heap: Entry<T>[] = []
  #nextSequence = 0

  get size(): number {
    return this.#heap.length
  }

  /** Infinity when nothing waits. */
  nextDeadlineMs(): number {
    return this.#heap[0]?.deadlineMs ?? Number.POSITIVE_INFINITY
  }

  /** Returns a handle for `remove`. */
  add(deadlineMs: number, value: T): Deadline<T> {
    const entry: Entry<T> = {
      value,
      deadlineMs,
      sequence: this.#nextSequence++,
      index: this.#heap.length,
    }
    this.#heap.push(entry)
    this.#siftUp(entry)
    return entry
  }

  /** Returns false if the deadline is not in the queue any more. */
  remove(handle: Deadline<T>): boolean {
    const entry = handle as Entry<T>
    if (this.#heap[entry.index] !== entry) return false
    this.#removeAt(entry.index)
    return true
  }

  /** Takes out the earliest value whose deadline is at or before `nowMs`; undefined if none is. */
  takeExpired(nowMs: number): T | undefined {
    const first = this.#heap[0]
    if (first === undefined || first.deadlineMs > nowMs) return undefined
    this.#removeAt(0)
    return first.value
  }

  clear(): void {
    for (const entry of this.#heap) entry.index = -1
    this.#heap.length = 0
  }

  #removeAt(index: number): void {
    const removed = this.#heap[index]
    const last = this.#heap.pop()
    if (removed === undefined || last === undefined) return
    removed.index = -1
    if (last === removed) return
    last.index = index
    this.#heap[index] = last
    this.#siftUp(last)
    this.#siftDown(last)
  }

  #siftUp(entry: Entry<T>): void {
    while (entry.index > 0) {
      const parent = this.#heap[(entry.index - 1) >> 1]
      if (parent === undefined || !isBefore(entry, parent)) return
      this.#swap(entry, parent)
    }
  }

  #siftDown(entry: Entry<T>): void {
    for (;;) {
      const left = this.#heap[2 * entry.index + 1]
      const right = this.#heap[2 * entry.index + 2]
      const child =
        right !== undefined && left !== undefined && isBefore(right, left) ? right : left
      if (child === undefined || !isBefore(child, entry)) return
      this.#swap(child, entry)
    }
  }

  #swap(a: Entry<T>, b: Entry<T>): void {
    const index = a.index
    a.index = b.index
    b.index = index
    this.#heap[a.index] = a
    this.#heap[b.index] = b
  }
}

function isBefore<T>(a: Entry<T>, b: Entry<T>): boolean {
  return a.deadlineMs < b.deadlineMs || (a.deadlineMs === b.deadlineMs && a.sequence < b.sequence)
}
