// Collects the logs that were appended to in a turn and lets each write once, at its end.
//
// Invariant: at most one `clock.soon` is outstanding, however many logs wait.

import type { Clock } from '@weir/core'

export class WriteScheduler<T> {
  readonly #clock: Clock
  readonly #write: (log: T) => void
  #waiting: T[] = []

  constructor(clock: Clock, write: (log: T) => void) {
    this.#clock = clock
    this.#write = write
  }

  /** `write` is called for the log once at the end of this turn; it must not throw. */
  add(log: T): void {
    this.#waiting.push(log)
    if (this.#waiting.length === 1) this.#clock.soon(() => this.#run())
  }

  #run(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const log of waiting) this.#write(log)
  }
}
