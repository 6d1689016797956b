// What all connections of a load count into.

import { Latency, type LatencySummary } from './latency.ts'

export interface Counts {
  readonly requests: number
  readonly bytes: number
  readonly latency: LatencySummary
}

const NOT_YET_THERE = new Set(['NOT_LEADER_OR_FOLLOWER', 'UNKNOWN_TOPIC_OR_PARTITION'])

export class Meter {
  readonly latency = new Latency()
  requests = 0
  bytes = 0
  /** The first failure; it ends the load. */
  error: string | null = null
  /** Answers that only asked for patience, and got it. */
  refusedCount = 0
  readonly #isPatient: boolean
  #isWarmingUp = true

  /** A patient one takes a leader that is not there, at any time, as a request to try again. */
  constructor(options: { readonly isPatient?: boolean } = {}) {
    this.#isPatient = options.isPatient ?? false
  }

  /**
   * Takes the error of an answer. True: it was none. A leader may need a moment after the topic was
   * made: until the warm-up ends such an answer only means that the request is sent again.
   */
  accept(error: string, what: string): boolean {
    if (error === 'NONE') return true
    const mayPass = (this.#isWarmingUp || this.#isPatient) && NOT_YET_THERE.has(error)
    if (mayPass) this.refusedCount++
    else this.error ??= `${what} was answered with ${error}`
    return false
  }

  /** Forgets what was counted so far: the warm-up. */
  reset(): void {
    this.#isWarmingUp = false
    this.requests = 0
    this.bytes = 0
    this.refusedCount = 0
    this.latency.reset()
  }

  counts(): Counts {
    return { requests: this.requests, bytes: this.bytes, latency: this.latency.summary() }
  }
}
