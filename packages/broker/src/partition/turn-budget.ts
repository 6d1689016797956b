// Spreads the work of large requests over turns of the event loop: what came in one frame is worth
// tens of milliseconds, and others should be served in between. First come, first served.

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

  /** Resolves in a turn that has done less than its share so far; null: this one. */
  take(bytes: number): Promise<void> | null {
    if (this.#waiting.length === 0 && this.#usedBytes < this.#bytesATurn) {
      this.#use(bytes)
      return null
    }
    return new Promise(resolve => {
      this.#waiting.push({ bytes, go: resolve })
    })
  }

  #use(bytes: number): void {
    this.#usedBytes += bytes
    if (this.#isCounting) return
    this.#isCounting = true
    this.#clock.soon(() => this.#nextTurn())
  }

  #nextTurn(): void {
    this.#isCounting = false
    this.#usedBytes = 0
    while (this.#usedBytes < this.#bytesATurn) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.#use(next.bytes)
      next.go()
    }
  }
}
