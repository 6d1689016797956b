// Shares a turn of the event loop among the connections of a server: Node hands out up to a thousand ready
// sockets in one turn, and a request of each of them (a group whose members all join at once) may take
// tens of milliseconds together. Who comes when the turn has had enough goes on in the next, first come,
// first served, and timers and other servers run in between.
//
// It counts the time that requests take; in simulation that is none, so runs can be repeated.

import type { Clock } from '@weir/core'

const TURN_MS = 4
/** Less than this in one turn needs no end of it: nothing is armed for a few small requests. */
const COUNTS_FROM_MS = 0.5

export interface TurnUser {
  /** It may go on now, without asking again. */
  onTurn(): void
}

export class RequestTurns {
  readonly #clock: Clock
  readonly #waiting = new Set<TurnUser>()
  #usedMs = 0
  #isArmed = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** False: `onTurn` is called in a later turn. */
  mayWork(user: TurnUser): boolean {
    if (this.#waiting.size === 0 && this.#usedMs < TURN_MS) return true
    this.#waiting.add(user)
    this.#arm()
    return false
  }

  /** Something was done from one monotonic time to another. */
  worked(fromMs: number, toMs: number): void {
    this.#usedMs += toMs - fromMs
    if (this.#usedMs > COUNTS_FROM_MS) this.#arm()
  }

  leave(user: TurnUser): void {
    this.#waiting.delete(user)
  }

  #arm(): void {
    if (this.#isArmed) return
    this.#isArmed = true
    this.#clock.soon(() => this.#nextTurn())
  }

  #nextTurn(): void {
    this.#isArmed = false
    this.#usedMs = 0
    let count = this.#waiting.size
    for (const user of this.#waiting) {
      if (count-- === 0 || this.#usedMs >= TURN_MS) break
      this.#waiting.delete(user)
      user.onTurn()
    }
    if (this.#waiting.size > 0) this.#arm()
  }
}
