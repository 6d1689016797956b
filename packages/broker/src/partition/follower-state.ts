// What the leader of a partition knows of one follower: a fetch offset is an acknowledgement.
// Lives as long as the leader's epoch: an old fetch must not count for a new leader (R10).

export interface FollowerFetch {
  readonly replicaId: number
  /** The follower has written everything below. */
  readonly fetchOffset: number
  readonly logStartOffset: number
  /** Of the follower's registration; -1 when it did not say. */
  readonly brokerEpoch: number
}

export class FollowerState {
  readonly replicaId: number
  /** The next offset that the follower asked for: it has written all below. -1 before its first fetch. */
  logEndOffset = -1
  logStartOffset = -1
  /** Of the registration under which it fetched last. */
  brokerEpoch = -1
  /** Monotonic time at which it last had everything. */
  #lastCaughtUpMs: number
  #lastFetchMs = Number.NEGATIVE_INFINITY
  /** The leader's log end at that fetch. */
  #lastFetchLeaderEnd = Number.POSITIVE_INFINITY

  /** A member of the ISR is taken to be caught up when the leader begins; anybody else is not. */
  constructor(replicaId: number, caughtUpMs: number) {
    this.replicaId = replicaId
    this.#lastCaughtUpMs = caughtUpMs
  }

  get lastCaughtUpMs(): number {
    return this.#lastCaughtUpMs
  }

  onFetch(fetch: FollowerFetch, leaderEndOffset: number, nowMs: number): void {
    // Who asks for what was the end at its last fetch had everything then: a follower that is always
    // one fetch behind a busy leader keeps up.
    if (fetch.fetchOffset >= leaderEndOffset) this.#lastCaughtUpMs = nowMs
    else if (fetch.fetchOffset >= this.#lastFetchLeaderEnd) {
      this.#lastCaughtUpMs = Math.max(this.#lastCaughtUpMs, this.#lastFetchMs)
    }
    this.logEndOffset = fetch.fetchOffset
    this.logStartOffset = fetch.logStartOffset
    this.brokerEpoch = fetch.brokerEpoch
    this.#lastFetchMs = nowMs
    this.#lastFetchLeaderEnd = leaderEndOffset
  }

  /** That it had everything a moment ago is no reason to wait for it any more. */
  leftIsr(): void {
    this.#lastCaughtUpMs = Number.NEGATIVE_INFINITY
  }

  /** The clock's look at it: an idle partition is not fetched, and its follower has everything. */
  refresh(leaderEndOffset: number, nowMs: number): void {
    if (this.logEndOffset >= leaderEndOffset) this.#lastCaughtUpMs = nowMs
  }

  isCaughtUp(leaderEndOffset: number, nowMs: number, lagTimeMaxMs: number): boolean {
    if (this.logEndOffset < 0) return nowMs - this.#lastCaughtUpMs <= lagTimeMaxMs
    return this.logEndOffset >= leaderEndOffset || nowMs - this.#lastCaughtUpMs <= lagTimeMaxMs
  }
}
