// The clock of one life of a broker: its timers die with it.

import type { Clock, Timer } from '@weir/core'

export class LifeClock implements Clock {
  readonly #clock: Clock
  readonly #timers = new Set<Timer>()
  #isAlive = true

  constructor(clock: Clock) {
    this.#clock = clock
  }

  nowMs(): number {
    return this.#clock.nowMs()
  }

  monotonicMs(): number {
    return this.#clock.monotonicMs()
  }

  after(delayMs: number, fn: () => void): Timer {
    if (!this.#isAlive) return NO_TIMER
    const timer = this.#clock.after(delayMs, () => {
      this.#timers.delete(timer)
      fn()
    })
    this.#timers.add(timer)
    return {
      cancel: () => {
        timer.cancel()
        this.#timers.delete(timer)
      },
    }
  }

  soon(fn: () => void): void {
    this.#clock.soon(() => {
      if (this.#isAlive) fn()
    })
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise(resolve => {
      this.after(delayMs, resolve)
    })
  }

  end(): void {
    this.#isAlive = false
    for (const timer of this.#timers) timer.cancel()
    this.#timers.clear()
  }
}

const NO_TIMER: Timer = { cancel: () => undefined }
