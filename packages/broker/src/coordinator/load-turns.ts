// Shares the event loop among the shards that load: one of them replays at a time, for a few
// milliseconds, then I/O and requests come first. A broker that takes over fifty shards at once
// serves its other work meanwhile.

import type { Env } from '@weir/core'

/** How long a shard may replay before it waits for its next turn. */
const TURN_MS = 4

export class LoadTurns {
  readonly #env: Env
  readonly #waiting: (() => void)[] = []
  #turnEndMs = 0

  constructor(env: Env) {
    this.#env = env
  }

  /** True when the turn that began last is over. */
  get isOver(): boolean {
    return this.#env.clock.monotonicMs() >= this.#turnEndMs
  }

  /** Resolves when it is the caller's turn: first come, first served. */
  next(): Promise<void> {
    return new Promise(resolve => {
      this.#waiting.push(resolve)
      if (this.#waiting.length === 1) this.#arm()
    })
  }

  #arm(): void {
    this.#env.clock.soon(() => {
      const resolve = this.#waiting.shift()
      if (this.#waiting.length > 0) this.#arm()
      this.#turnEndMs = this.#env.clock.monotonicMs() + TURN_MS
      resolve?.()
    })
  }
}
