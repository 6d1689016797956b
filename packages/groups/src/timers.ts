// The deadlines of one shard. Each knows what to do when it comes; the shell arms one timer for
// the earliest of them. A deadline belongs to the object that it is about, which cancels it.

import { type Deadline, DeadlineQueue } from '@weir/core'
import type { GroupEffects } from './types.ts'

export type OnDeadline = (nowMs: number, effects: GroupEffects) => void
export type Timer = Deadline<OnDeadline>

export class Timers {
  readonly #queue = new DeadlineQueue<OnDeadline>()

  nextDeadlineMs(): number {
    return this.#queue.nextDeadlineMs()
  }

  schedule(deadlineMs: number, action: OnDeadline): Timer {
    return this.#queue.add(deadlineMs, action)
  }

  cancel(timer: Timer | null): void {
    if (timer !== null) this.#queue.remove(timer)
  }

  /** Runs the earliest deadline that has passed, if there is one. */
  runOne(nowMs: number, effects: GroupEffects): void {
    this.#queue.takeExpired(nowMs)?.(nowMs, effects)
  }

  clear(): void {
    this.#queue.clear()
  }
}
