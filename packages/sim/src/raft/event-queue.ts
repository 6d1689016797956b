// Simulated time: a heap of what happens when. Events of one moment happen in the order in which
// they were added, so that a run depends on its seed alone.

interface Event {
  readonly atMs: number
  readonly order: number
  readonly act: () => void
}

function isBefore(a: Event, b: Event): boolean {
  return a.atMs !== b.atMs ? a.atMs < b.atMs : a.order < b.order
}

export class EventQueue {
  #heap: Event[] = []
  #order = 0
  #nowMs = 0

  get nowMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, act: () => void): void {
    this.#order++
    const event: Event = { atMs: this.#nowMs + delayMs, order: this.#order, act }
    const heap = this.#heap
    let at = heap.length
    heap.push(event)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(event, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = event
  }

  /** Runs events up to a moment (inclusive). Answers how many there were. */
  runUntil(untilMs: number): number {
    let count = 0
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.atMs > untilMs) break
      this.#removeFirst()
      this.#nowMs = next.atMs
      next.act()
      count++
    }
    this.#nowMs = untilMs
    return count
  }

  #removeFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = at * 2 + 1
      const left = heap[child]
      if (left === undefined) break
      const right = heap[child + 1]
      let smaller = left
      if (right !== undefined && isBefore(right, left)) {
        smaller = right
        child++
      }
      if (!isBefore(smaller, last)) break
      heap[at] = smaller
      at = child
    }
    heap[at] = last
  }
}
