// The timer of the active controller: sessions that end, work that is due. One timer for the earliest
// deadline, armed again whenever something may have moved it.

import type { Env, Timer } from '@weir/core'
import { KafkaError } from '@weir/protocol'
import type { QuorumController } from './quorum-controller.ts'

/** The log takes no more just now, or another node leads: look again after this. */
const RETRY_MS = 10

export class ControllerDeadlines {
  readonly #env: Env
  readonly #controller: QuorumController
  #timer: Timer | null = null
  #isClosed = false

  constructor(env: Env, controller: QuorumController) {
    this.#env = env
    this.#controller = controller
  }

  /** Something that the controller waits for may have changed. */
  arm(): void {
    this.#timer?.cancel()
    this.#timer = null
    const { active } = this.#controller
    if (active === null || this.#isClosed) return
    const dueMs = active.nextDeadlineMs()
    if (dueMs === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(0, dueMs - this.#env.clock.monotonicMs())
    this.#timer = this.#env.clock.after(delayMs, () => this.#expire())
  }

  close(): void {
    this.#isClosed = true
    this.#timer?.cancel()
  }

  #expire(): void {
    const nowMs = this.#env.clock.monotonicMs()
    const decision = this.#controller.submit(active => active.expire(nowMs))
    // More of the same work needs no commit before it: decisions build on each other.
    this.#timer = this.#env.clock.after(0, () => this.arm())
    this.#env.log.background(
      decision.catch(error => this.#retry(error)),
      'work of the controller that is due',
    )
  }

  #retry(error: unknown): void {
    if (!(error instanceof KafkaError)) throw error
    this.#timer?.cancel()
    this.#timer = null
    if (this.#isClosed || !this.#controller.isActive) return
    this.#timer = this.#env.clock.after(RETRY_MS, () => this.arm())
  }
}
