// The time of the coordinators: milliseconds since 1970 that never jump. Records want a wall clock,
// timeouts one that only goes forward; a step of the system's clock must not end every session.

import type { Clock } from '@weir/core'

export class CoordinatorClock {
  readonly #clock: Clock
  readonly #offsetMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#offsetMs = clock.nowMs() - clock.monotonicMs()
  }

  nowMs(): number {
    return Math.floor(this.#offsetMs + this.#clock.monotonicMs())
  }
}
