// Bounds what is applied in one turn of the event loop: a node that was away may have megabytes of
// entries to follow, and has other things to do. An entry is a decision and applied whole.

import type { Clock } from '@weir/core'

/** Some thousand changes of partitions: a few milliseconds. */
const BYTES_A_TURN = 32 * 1024

export class ApplyTurns {
  readonly #clock: Clock
  #bytes = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  applied(bytes: number): void {
    this.#bytes += bytes
  }

  /** Goes on at once, or in the next turn if this one has had enough. */
  async next(): Promise<void> {
    if (this.#bytes < BYTES_A_TURN) return
    this.#bytes = 0
    await new Promise<void>(resolve => this.#clock.soon(resolve))
  }
}
