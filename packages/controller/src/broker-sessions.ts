// Which brokers have been heard of lately: soft state of the active controller, in monotonic
// milliseconds. It says when a broker is fenced, never whether that is safe (docs/traps.md P11).
//
// A controller that did not run for a while (a pause of the process) has not listened either: a gap of
// more than half a session between two looks at the clock gives everybody a fresh session (N2).

export interface SessionTimes {
  /** A broker that was silent for this long is fenced. */
  readonly sessionTimeoutMs: () => number
  /** How long a broker has to come back whose connections were reset. */
  readonly resetGraceMs: () => number
}

export interface BrokerSession {
  readonly brokerEpoch: number
  deadlineMs: number
  /** The last metadata offset that the broker said to have; -1 if it has said nothing yet. */
  metadataOffset: number
}

export class BrokerSessions {
  readonly #times: SessionTimes
  readonly #sessions = new Map<number, BrokerSession>()
  /** When the clock was last looked at. */
  #lastLookMs = Number.NEGATIVE_INFINITY

  constructor(times: SessionTimes) {
    this.#times = times
  }

  get(brokerId: number, brokerEpoch: number): BrokerSession | undefined {
    const session = this.#sessions.get(brokerId)
    return session?.brokerEpoch === brokerEpoch ? session : undefined
  }

  has(brokerId: number): boolean {
    return this.#sessions.has(brokerId)
  }

  isAlive(brokerId: number, nowMs: number): boolean {
    const session = this.#sessions.get(brokerId)
    return session !== undefined && session.deadlineMs > nowMs
  }

  /** A whole session from now on; a new one if the broker has none of this epoch. */
  renew(brokerId: number, brokerEpoch: number, nowMs: number): BrokerSession {
    const deadlineMs = nowMs + this.#times.sessionTimeoutMs()
    const present = this.get(brokerId, brokerEpoch)
    if (present !== undefined) {
      present.deadlineMs = deadlineMs
      return present
    }
    const session = { brokerEpoch, deadlineMs, metadataOffset: -1 }
    this.#sessions.set(brokerId, session)
    return session
  }

  /** The broker's connections were reset: most likely it has died. */
  shorten(brokerId: number, nowMs: number): void {
    const session = this.#sessions.get(brokerId)
    if (session === undefined) return
    session.deadlineMs = Math.min(session.deadlineMs, nowMs + this.#times.resetGraceMs())
  }

  end(brokerId: number): void {
    this.#sessions.delete(brokerId)
  }

  renewAll(nowMs: number): void {
    this.#lastLookMs = nowMs
    const deadlineMs = nowMs + this.#times.sessionTimeoutMs()
    for (const session of this.#sessions.values()) session.deadlineMs = deadlineMs
  }

  /** Those whose time is up. */
  expired(nowMs: number): number[] {
    const isPause = nowMs - this.#lastLookMs > this.#times.sessionTimeoutMs() / 2
    if (isPause) this.renewAll(nowMs)
    this.#lastLookMs = nowMs
    return [...this.#sessions].filter(([, { deadlineMs }]) => deadlineMs <= nowMs).map(([id]) => id)
  }

  /** Looked at often enough to notice a pause; Infinity without sessions. */
  nextDeadlineMs(): number {
    if (this.#sessions.size === 0) return Number.POSITIVE_INFINITY
    let next = this.#lastLookMs + this.#times.sessionTimeoutMs() / 4
    for (const { deadlineMs } of this.#sessions.values()) next = Math.min(next, deadlineMs)
    return next
  }
}
