// Messages for a node that cannot be reached, until it asks for them.

import type { Env } from '@weir/core'
import type { Message } from '@weir/raft'

const MAX_MESSAGES = 1024
/** A node that does not ask for so long is gone. */
const ABANDONED_MS = 10_000
/** A poll without messages is answered after this, so that both sides see the other alive. */
const POLL_TIMEOUT_MS = 500

export class Mailbox {
  /** Of whom it is. */
  readonly directoryId: string
  readonly #env: Env
  #messages: Message[] = []
  #waiting: ((messages: readonly Message[]) => void) | null = null
  #isFlushing = false
  #askedMs: number

  constructor(env: Env, directoryId: string) {
    this.#env = env
    this.directoryId = directoryId
    this.#askedMs = env.clock.monotonicMs()
  }

  /** Nobody asks any more: what is in it can go. */
  get isAbandoned(): boolean {
    const silentMs = this.#env.clock.monotonicMs() - this.#askedMs
    return this.#waiting === null && silentMs > ABANDONED_MS
  }

  /** Drops when nobody asked for too long. */
  add(message: Message): void {
    if (this.#messages.length < MAX_MESSAGES) this.#messages.push(message)
    if (this.#waiting === null || this.#isFlushing) return
    // The other messages of this turn go along.
    this.#isFlushing = true
    this.#env.clock.soon(() => {
      this.#isFlushing = false
      this.#answer()
    })
  }

  /** The messages so far, or as soon as there are some; none after a while. */
  take(): Promise<readonly Message[]> {
    this.#askedMs = this.#env.clock.monotonicMs()
    this.#answer()
    if (this.#messages.length > 0) return Promise.resolve(this.#messages.splice(0))
    return new Promise(settle => {
      this.#waiting = settle
      this.#env.clock.after(POLL_TIMEOUT_MS, () => {
        if (this.#waiting === settle) this.#answer()
      })
    })
  }

  #answer(): void {
    const waiting = this.#waiting
    this.#waiting = null
    waiting?.(this.#messages.splice(0))
  }
}
