// What a log manager does by the clock: again and again, or once after a delay. Nothing begins after
// the close.

import type { Env, Timer } from '@weir/core'

export class BackgroundTasks {
  readonly #env: Env
  readonly #timers = new Set<Timer>()
  readonly #deletions = new Set<() => Promise<unknown>>()
  #isClosed = false

  constructor(env: Env) {
    this.#env = env
  }

  /** The next run begins `delayMs` after the end of the last one. */
  every(delayMs: () => number, task: () => Promise<unknown>, what: string): void {
    this.#later(
      delayMs(),
      async () => {
        try {
          await task()
        } finally {
          this.every(delayMs, task, what)
        }
      },
      what,
    )
  }

  /** Once; a close does it at once: a clean start looks for no leftovers. */
  deleteLater(delayMs: number, task: () => Promise<unknown>, what: string): void {
    if (this.#isClosed) {
      this.#env.log.background(task(), what)
      return
    }
    this.#deletions.add(task)
    const run = () => {
      this.#deletions.delete(task)
      return task()
    }
    this.#later(delayMs, run, what)
  }

  #later(delayMs: number, task: () => Promise<unknown>, what: string): void {
    if (this.#isClosed) return
    const timer = this.#env.clock.after(delayMs, () => {
      this.#timers.delete(timer)
      if (!this.#isClosed) this.#env.log.background(task(), what)
    })
    this.#timers.add(timer)
  }

  /** Begins nothing more by the clock. */
  stop(): void {
    this.#isClosed = true
    for (const timer of this.#timers) timer.cancel()
  }

  /** Does the deletions that still wait. */
  async finishDeletions(): Promise<void> {
    await Promise.allSettled([...this.#deletions].map(task => task()))
  }
}
