// Spreads work over turns of the event loop: what comes in one frame, or in one turn from many clients,
// may be worth tens of milliseconds, and others should be served in between. First come, first served.
// It counts bytes, not time, so that simulated runs can be repeated.
//
// Invariant: while somebody waits the share of this turn is used up, so that nobody overtakes.

import type { Clock } from '@weir/core'

interface Waiting {
  readonly bytes: number
  readonly go: () => void
}

export class TurnBudget {
  readonly #clock: Clock
  readonly #bytesATurn: number
  readonly #waiting: Waiting[] = []
  #usedBytes = 0
  #isCounting = false

  constructor(clock: Clock, bytesATurn: number) {
    this.#clock = clock
    this.#bytesATurn = bytesATurn
  }

  /** Nothing more should be begun in this turn. */
  get isSpent(): boolean {
    return this.#usedBytes >= this.#bytesATurn
  }

  /** Counts what is done in this turn, whatever is left of it. */
  use(bytes: number): void {
    this.#usedBytes += bytes
    if (this.#isCounting) return
    this.#isCounting = true
    this.#clock.soon(() => this.#nextTurn())
  }

  /** Resolves in a turn that has done less than its share so far; null: this one. */
  take(bytes: number): Promise<void> | null {
    if (!this.isSpent) {
      this.use(bytes)
      return null
    }
    return new Promise(resolve => {
      this.#waiting.push({ bytes, go: resolve })
    })
  }

  #nextTurn(): void {
    this.#isCounting = false
    this.#usedBytes = 0
    while (this.#usedBytes < this.#bytesATurn) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.use(next.bytes)
      next.go()
    }
  }
}
