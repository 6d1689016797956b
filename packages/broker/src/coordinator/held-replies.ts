// Replies that wait until the high watermark has passed everything that was written before them. Who
// waits for too long is told so: the records stay in the log, and may be committed later.
//
// Invariant: the replies are ordered by end offset, and by the time since when they wait.

import type { Env, Timer } from '@weir/core'
import type { KafkaError } from '@weir/protocol'

export interface Waiting {
  resolve(response: unknown): void
  reject(error: KafkaError): void
}

interface Held {
  /** Exclusive. */
  readonly endOffset: number
  readonly sinceMs: number
  readonly waiting: Waiting
  readonly response: unknown
}

const MIN_WAIT_MS = 1

export class HeldReplies {
  readonly #env: Env
  readonly #timeoutMs: () => number
  readonly #onTimeout: (waiting: Waiting) => void
  #held: Held[] = []
  #timer: Timer | null = null

  constructor(env: Env, timeoutMs: () => number, onTimeout: (waiting: Waiting) => void) {
    this.#env = env
    this.#timeoutMs = timeoutMs
    this.#onTimeout = onTimeout
  }

  hold(endOffset: number, waiting: Waiting, response: unknown): void {
    this.#held.push({ endOffset, sinceMs: this.#env.clock.monotonicMs(), waiting, response })
    if (this.#timer === null) this.#arm()
  }

  /** Everything below `highWatermark` is committed. */
  release(highWatermark: number): void {
    const count = this.#countWhile(each => each.endOffset <= highWatermark)
    for (const { waiting, response } of this.#take(count)) waiting.resolve(response)
  }

  rejectAll(error: KafkaError): void {
    for (const { waiting } of this.#take(this.#held.length)) waiting.reject(error)
    this.#timer?.cancel()
    this.#timer = null
  }

  /** A timer that finds nobody is not moved with every reply: it arms the next one. */
  #arm(): void {
    const [first] = this.#held
    if (first === undefined) return
    const waitMs = first.sinceMs + this.#timeoutMs() - this.#env.clock.monotonicMs()
    // Fractions of a millisecond round: a timer that is a hair early must not find the same again.
    this.#timer = this.#env.clock.after(Math.max(waitMs, MIN_WAIT_MS), () => this.#onTimer())
  }

  #onTimer(): void {
    this.#timer = null
    const limitMs = this.#env.clock.monotonicMs() - this.#timeoutMs()
    const count = this.#countWhile(each => each.sinceMs <= limitMs)
    for (const { waiting } of this.#take(count)) this.#onTimeout(waiting)
    this.#arm()
  }

  #countWhile(isDue: (each: Held) => boolean): number {
    const index = this.#held.findIndex(each => !isDue(each))
    return index < 0 ? this.#held.length : index
  }

  #take(count: number): Held[] {
    if (count === 0) return []
    const taken = this.#held.slice(0, count)
    this.#held = this.#held.slice(count)
    return taken
  }
}
