// One partition that is followed from one leader in one leader epoch: where the next fetch goes on, and
// whether it may go on now. A new epoch makes a new one: what was on its way for the old is ignored.

import type { Partition } from '../partition/partition.ts'

/** First pause after an error; doubled up to replica.fetch.backoff.ms. */
const FIRST_BACKOFF_MS = 10

export class FollowedPartition {
  readonly partition: Partition
  readonly leaderEpoch: number
  /** No longer followed: nothing that arrives for it counts. */
  isGone = false
  /** Its log is being cut, or its leader is asked for something: it is not fetched meanwhile. */
  isBusy = false
  /** Monotonic; fetched again from then on. */
  delayedUntilMs = 0
  /** The leader's session has it. */
  isInSession = false
  /** Appended and not yet written: its next fetch would acknowledge too much. */
  isWriting = false
  /** Its log start is being moved up. */
  isAdvancing = false
  /** Null, or the first damaged offset of the log: all from there on comes from the leader again. */
  damagedFrom: number | null
  #failureCount = 0

  constructor(partition: Partition) {
    this.partition = partition
    this.leaderEpoch = partition.leaderEpoch
    this.damagedFrom = firstDamage(partition)
  }

  get topicId(): string {
    return this.partition.topicId
  }

  /** The next offset wanted: all below is written. */
  get fetchOffset(): number {
    return this.damagedFrom ?? this.partition.log.logEndOffset
  }

  /**
   * The epoch of the last record below `fetchOffset`, -1 if there is none. Not the latest epoch that the
   * log has heard of: an epoch without records is nothing in which it could differ (R3, R4).
   */
  get lastFetchedEpoch(): number {
    const { log } = this.partition
    const offset = this.fetchOffset
    return offset > log.logStartOffset ? log.epochForOffset(offset - 1) : -1
  }

  /**
   * Not with a log that is offline, or full (it would be taken into the ISR and hold up who waits), or
   * that still writes what came in an earlier epoch: the next fetch would acknowledge what is not
   * written (R10).
   */
  mayFetch(nowMs: number): boolean {
    const { log } = this.partition
    if (this.isGone || this.isBusy || log.isOffline || log.isFull) return false
    if (log.writtenEndOffset < this.fetchOffset) return false
    return nowMs >= this.delayedUntilMs
  }

  succeeded(): void {
    this.#failureCount = 0
  }

  /** Waits longer from failure to failure; answers how long. */
  failed(nowMs: number, maxBackoffMs: number): number {
    const delayMs = Math.min(maxBackoffMs, FIRST_BACKOFF_MS * 2 ** this.#failureCount)
    if (delayMs < maxBackoffMs) this.#failureCount++
    this.delayedUntilMs = nowMs + delayMs
    return delayMs
  }
}

/** Where the log of a partition is damaged first; null if it is sound. */
export function firstDamage({ log }: Partition): number | null {
  let first: number | null = null
  for (const { fromOffset } of log.damagedRanges()) {
    if (first === null || fromOffset < first) first = fromOffset
  }
  return first === null ? null : Math.max(first, log.logStartOffset)
}
