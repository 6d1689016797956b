// A clock that stands still until it is advanced. Timers fire in the order of their times, each at its
// own time: whoever looks for a process that was stopped finds none.
//
// `soon` is no matter of time: it goes on with the event loop of the process.

import { assert } from '../assert.ts'
import { DeadlineQueue } from '../deadline-queue.ts'
import type { Clock, Timer } from '../env.ts'

export interface ManualClockOptions {
  /** What the wall clock shows at first, milliseconds since 1970. */
  readonly startMs: number
  /** As Clock.soon. */
  readonly soon: (fn: () => void) => void
}

interface Waiting {
  readonly fn: () => void
  isCancelled: boolean
}

export class ManualClock implements Clock {
  readonly #startMs: number
  readonly #soon: (fn: () => void) => void
  readonly #timers = new DeadlineQueue<Waiting>()
  #elapsedMs = 0

  constructor(options: ManualClockOptions) {
    this.#startMs = options.startMs
    this.#soon = options.soon
  }

  nowMs(): number {
    return Math.floor(this.#startMs + this.#elapsedMs)
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, fn: () => void): Timer {
    const waiting: Waiting = { fn, isCancelled: false }
    const deadline = this.#timers.add(this.#elapsedMs + Math.max(0, delayMs), waiting)
    return {
      cancel: () => {
        waiting.isCancelled = true
        this.#timers.remove(deadline)
      },
    }
  }

  soon(fn: () => void): void {
    this.#soon(fn)
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise(resolve => {
      this.after(delayMs, resolve)
    })
  }

  /** When the next timer is due on the monotonic clock; Infinity if there is none. */
  nextTimerMs(): number {
    return this.#timers.nextDeadlineMs()
  }

  /**
   * Moves the clock on to `untilMs` of the monotonic clock, or to the next timer if that is earlier,
   * and fires what is due then. Answers whether it got there.
   */
  step(untilMs: number): boolean {
    const atMs = Math.min(this.nextTimerMs(), untilMs)
    assert(untilMs >= this.#elapsedMs, 'a clock does not go back', { untilMs })
    this.#elapsedMs = Math.max(this.#elapsedMs, atMs)
    // What a timer adds for this moment is for the next step: the I/O of this one comes first.
    const due: Waiting[] = []
    for (;;) {
      const waiting = this.#timers.takeExpired(this.#elapsedMs)
      if (waiting === undefined) break
      due.push(waiting)
    }
    for (const waiting of due) if (!waiting.isCancelled) waiting.fn()
    return this.#elapsedMs >= untilMs
  }
}
