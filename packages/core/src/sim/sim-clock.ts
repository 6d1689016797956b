// The clock of one life of a machine: virtual time, with an offset of the wall clock that tests set.

import type { Clock, Timer } from '../env.ts'
import type { Life, Schedule } from './schedule.ts'

export interface WallClock {
  /** Wall clock of the machine at virtual time 0; a test may change it at any moment. */
  startMs: number
}

export class SimClock implements Clock {
  readonly #schedule: Schedule
  readonly #life: Life
  readonly #wall: WallClock

  constructor(schedule: Schedule, life: Life, wall: WallClock) {
    this.#schedule = schedule
    this.#life = life
    this.#wall = wall
  }

  nowMs(): number {
    return Math.floor(this.#wall.startMs + this.#schedule.nowMs)
  }

  monotonicMs(): number {
    return this.#schedule.nowMs
  }

  after(delayMs: number, fn: () => void): Timer {
    const event = this.#schedule.add(this.#life, delayMs, 'timer', fn)
    return { cancel: () => this.#schedule.cancel(event) }
  }

  soon(fn: () => void): void {
    this.#schedule.add(this.#life, 0, 'soon', fn)
  }

  sleep(delayMs: number): Promise<void> {
    return new Promise(resolve => {
      this.#schedule.add(this.#life, delayMs, 'sleep', resolve)
    })
  }
}
