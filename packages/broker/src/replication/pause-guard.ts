// Notices that this process stood still (SIGSTOP, a long collection, a sleeping machine). After a gap of
// more than half a session the cluster may have gone on without it (docs/traps.md N2, R16): nobody is
// served until a heartbeat that was sent after the gap has been answered "not fenced". Where all
// decisions are made in this process nothing was decided while it stood still, and there is no doubt.

import type { Env, Timer } from '@weir/core'
import type { LeadershipGuard } from './replication-links.ts'

/** A part of the session: how often the clock is looked at when nobody asks. */
const LOOKS_A_SESSION = 8

export class PauseGuard implements LeadershipGuard {
  readonly #env: Env
  readonly #sessionTimeoutMs: () => number
  readonly #decidesAlone: () => boolean
  #seenMs: number
  /** Null: not in doubt. */
  #doubtedSinceMs: number | null = null
  #timer: Timer | null = null

  /** `decidesAlone`: this node is the only voter of the quorum. */
  constructor(env: Env, sessionTimeoutMs: () => number, decidesAlone: () => boolean = () => false) {
    this.#env = env
    this.#sessionTimeoutMs = sessionTimeoutMs
    this.#decidesAlone = decidesAlone
    this.#seenMs = env.clock.monotonicMs()
    this.#arm()
  }

  mayServe(): boolean {
    this.#look()
    return this.#doubtedSinceMs === null
  }

  /** A heartbeat was answered "not fenced"; `sentMs` is the monotonic time at which it was sent. */
  confirm(sentMs: number): void {
    this.#look()
    if (this.#doubtedSinceMs !== null && sentMs >= this.#doubtedSinceMs) this.#doubtedSinceMs = null
  }

  close(): void {
    this.#timer?.cancel()
  }

  #look(): void {
    const nowMs = this.#env.clock.monotonicMs()
    const gapMs = nowMs - this.#seenMs
    this.#seenMs = nowMs
    if (gapMs <= this.#sessionTimeoutMs() / 2 || this.#decidesAlone()) return
    this.#doubtedSinceMs = nowMs
    this.#env.log.warn('the process stood still: waiting for the controller before serving', {
      gapMs: Math.round(gapMs),
    })
  }

  #arm(): void {
    this.#timer = this.#env.clock.after(this.#sessionTimeoutMs() / LOOKS_A_SESSION, () => {
      this.#look()
      this.#arm()
    })
  }
}
