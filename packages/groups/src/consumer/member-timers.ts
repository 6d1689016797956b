// The timers of the members of consumer groups: a member that is silent for a session, or does not do
// in time what it was told to, is fenced.

import type { Timers } from '../timers.ts'
import type { ConsumerGroupsConfig, GroupEffects } from '../types.ts'
import type { ConsumerGroup } from './consumer-group.ts'

/** A removal that the log has refused is tried again after this. */
const FENCE_RETRY_MS = 1000

export type Fence = (
  group: ConsumerGroup,
  memberId: string,
  nowMs: number,
  effects: GroupEffects,
) => void

export class MemberTimers {
  readonly #config: ConsumerGroupsConfig
  readonly #timers: Timers
  readonly #fence: Fence

  constructor(config: ConsumerGroupsConfig, timers: Timers, fence: Fence) {
    this.#config = config
    this.#timers = timers
    this.#fence = fence
  }

  /** The member gave a sign of life. */
  scheduleSession(group: ConsumerGroup, memberId: string, nowMs: number): void {
    const member = group.members.get(memberId)
    const sessionMs =
      member?.metadata.classic?.sessionTimeoutMs ?? this.#config.sessionTimeoutMs(group.groupId)
    this.#fenceAt(group, group.sessionTimers, { memberId, deadlineMs: nowMs + sessionMs })
  }

  /** A member that has to give up partitions has its rebalance timeout for that. */
  scheduleRebalance(group: ConsumerGroup, memberId: string, nowMs: number): void {
    this.cancelRebalance(group, memberId)
    const member = group.members.get(memberId)
    if (member?.current.state !== 'unrevoked') return
    const deadlineMs = nowMs + member.metadata.rebalanceTimeoutMs
    this.#fenceAt(group, group.rebalanceTimers, { memberId, deadlineMs })
  }

  /** A classic member has its rebalance timeout to join again; the first reminder counts. */
  expectRejoin(group: ConsumerGroup, memberId: string, nowMs: number): void {
    const member = group.members.get(memberId)
    if (member === undefined || group.rebalanceTimers.has(memberId)) return
    const deadlineMs = nowMs + member.metadata.rebalanceTimeoutMs
    this.#fenceAt(group, group.rebalanceTimers, { memberId, deadlineMs })
  }

  cancelRebalance(group: ConsumerGroup, memberId: string): void {
    this.#cancel(group.rebalanceTimers, memberId)
  }

  /** The member was removed by replay: its timers go with it. */
  cancelMember(group: ConsumerGroup, memberId: string): void {
    this.#cancel(group.sessionTimers, memberId)
    this.#cancel(group.rebalanceTimers, memberId)
  }

  cancelAll(group: ConsumerGroup): void {
    for (const timers of [group.sessionTimers, group.rebalanceTimers]) {
      for (const timer of timers.values()) this.#timers.cancel(timer)
      timers.clear()
    }
  }

  /**
   * The member is removed at the deadline. The timer stays armed until replay has removed it: the
   * log may refuse the records, and then the member must not stay for ever.
   */
  #fenceAt(
    group: ConsumerGroup,
    timers: ConsumerGroup['sessionTimers'],
    options: { readonly memberId: string; readonly deadlineMs: number },
  ): void {
    const { memberId, deadlineMs } = options
    this.#cancel(timers, memberId)
    if (!group.members.has(memberId)) return
    const timer = this.#timers.schedule(deadlineMs, (expiredMs, effects) => {
      const retryMs = expiredMs + FENCE_RETRY_MS
      this.#fenceAt(group, timers, { memberId, deadlineMs: retryMs })
      this.#fence(group, memberId, expiredMs, effects)
    })
    timers.set(memberId, timer)
  }

  #cancel(timers: ConsumerGroup['sessionTimers'], memberId: string): void {
    this.#timers.cancel(timers.get(memberId) ?? null)
    timers.delete(memberId)
  }
}
