// The one event heap of a simulation: what happens next, in virtual time.
//
// Invariant: time never goes back; events of one instant run in the order in which they were added.
// An event belongs to a life (one run of one machine) or to the harness; those of a dead life never
// run, those of a paused one wait until it goes on.

import { type Deadline, DeadlineQueue } from '../deadline-queue.ts'

/** One run of one simulated machine, from its start to its crash. */
export interface Life {
  readonly machine: string
  readonly number: number
  isAlive: boolean
  isPaused: boolean
  readonly held: SimEvent[]
}

export interface SimEvent {
  readonly life: Life | null
  readonly label: string
  readonly run: () => void
  isCancelled: boolean
  place: Deadline<SimEvent> | null
}

export class Schedule {
  readonly #queue = new DeadlineQueue<SimEvent>()
  #nowMs = 0

  /** Virtual milliseconds since the simulation began; fractions count. */
  get nowMs(): number {
    return this.#nowMs
  }

  get size(): number {
    return this.#queue.size
  }

  add(life: Life | null, delayMs: number, label: string, run: () => void): SimEvent {
    const event: SimEvent = { life, label, run, isCancelled: false, place: null }
    if (life !== null && !life.isAlive) {
      event.isCancelled = true
      return event
    }
    event.place = this.#queue.add(this.#nowMs + Math.max(0, delayMs), event)
    return event
  }

  cancel(event: SimEvent): void {
    event.isCancelled = true
    if (event.place !== null) this.#queue.remove(event.place)
    event.place = null
  }

  /** Takes the next event at or before the limit and moves the clock to it. Null: none is left. */
  takeUntil(limitMs: number): SimEvent | null {
    for (;;) {
      const atMs = this.#queue.nextDeadlineMs()
      if (atMs > limitMs || atMs === Number.POSITIVE_INFINITY) return null
      const event = this.#queue.takeExpired(atMs)
      if (event === undefined) return null
      event.place = null
      this.#nowMs = atMs
      if (event.isCancelled || event.life?.isAlive === false) continue
      if (event.life?.isPaused === true) {
        event.life.held.push(event)
        continue
      }
      return event
    }
  }

  /** Moves the clock when nothing happens before `atMs`. */
  advanceTo(atMs: number): void {
    this.#nowMs = Math.max(this.#nowMs, atMs)
  }

  /** Lets a paused life go on: what it missed happens now, in its order. */
  release(life: Life): void {
    const held = life.held.splice(0)
    for (const event of held) {
      if (!event.isCancelled) event.place = this.#queue.add(this.#nowMs, event)
    }
  }
}
