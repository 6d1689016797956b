// The time of a test that moves it by hand.

import type { ManualClock } from '@weir/core/memory'
import type { TestBroker } from './test-broker.ts'

/** Turns of the event loop between two moments, so that brokers get each other's answers in time. */
const TURNS_OF_A_CLUSTER = 4

export class TestTime {
  readonly #clock: ManualClock
  readonly #brokers: readonly TestBroker[]

  constructor(clock: ManualClock, brokers: readonly TestBroker[]) {
    this.#clock = clock
    this.#brokers = brokers
  }

  get nowMs(): number {
    return this.#clock.nowMs()
  }

  /** Everything that is due on the way happens, each at its time. */
  async advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError(`time goes forward only, not by ${ms} ms`)
    const untilMs = this.#clock.monotonicMs() + ms
    do await this.#settle()
    while (!this.#clock.step(untilMs))
    await this.#settle()
  }

  /** Lets time pass as it does outside, until the promise is settled; settles as it does. */
  async runUntil<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false
    const settle = () => {
      isSettled = true
    }
    promise.then(settle, settle)
    let lastMs = performance.now()
    for (;;) {
      await this.#settle()
      if (isSettled) return promise
      await new Promise(resolve => setTimeout(resolve, 1))
      const nowMs = performance.now()
      await this.advance(nowMs - lastMs)
      lastMs = nowMs
    }
  }

  async #settle(): Promise<void> {
    const turns = this.#brokers.length > 1 ? TURNS_OF_A_CLUSTER : 1
    for (let turn = 0; turn < turns; turn++) {
      await new Promise(resolve => setImmediate(resolve))
      for (const broker of this.#brokers) await broker.settled()
    }
  }
}
