// The least log start over the live replicas of a partition, and who waits for it: DeleteRecords is done
// when nobody has the records any more.

import type { Env, Timer } from '@weir/core'
import type { ErrorName } from '@weir/protocol'

interface Waiting {
  readonly offset: number
  readonly settle: (error: ErrorName | null) => void
  readonly timer: Timer
}

export class LowWatermark {
  readonly #env: Env
  /** Null while this broker does not lead. */
  readonly #read: () => number | null
  /** One a DeleteRecords request that is under way; each ends by its timeout. */
  readonly #waiting = new Set<Waiting>()

  constructor(env: Env, read: () => number | null) {
    this.#env = env
    this.#read = read
  }

  get offset(): number {
    return this.#read() ?? -1
  }

  /** Resolves when no live replica has anything below `offset`; never rejects. */
  wait(offset: number, timeoutMs: number): Promise<ErrorName | null> {
    const low = this.#read()
    // It was done here: somebody else leads the rest of it.
    if (low === null) return Promise.resolve('NOT_LEADER_OR_FOLLOWER')
    if (low >= offset) return Promise.resolve(null)
    return new Promise(resolve => {
      const settle = (error: ErrorName | null) => {
        this.#waiting.delete(waiting)
        waiting.timer.cancel()
        resolve(error)
      }
      const timer = this.#env.clock.after(timeoutMs, () => settle('REQUEST_TIMED_OUT'))
      const waiting: Waiting = { offset, settle, timer }
      this.#waiting.add(waiting)
    })
  }

  /** A replica may have moved its log start, or the leadership has changed. */
  check(): void {
    if (this.#waiting.size === 0) return
    const low = this.#read()
    for (const waiting of [...this.#waiting]) {
      if (low === null) waiting.settle('NOT_LEADER_OR_FOLLOWER')
      else if (low >= waiting.offset) waiting.settle(null)
    }
  }
}
