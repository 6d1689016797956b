// How a classic group gets from one generation to the next: collecting the members, the timers
// that bound it, and what happens to members that do not come.

import type { ErrorName } from '@weir/protocol'
import type { Timers } from '../timers.ts'
import { type GroupEffects, type GroupsConfig, NEW_MEMBER_JOIN_TIMEOUT_MS } from '../types.ts'
import type { ClassicGroup } from './classic-group.ts'
import { type ClassicMember, EMPTY_BYTES } from './classic-member.ts'
import { joined, joinFailed, syncFailed } from './responses.ts'

/** A group whose members have all stayed away waits for one of them, at least so long each time. */
const MIN_WAIT_FOR_ANY_MS = 1000
const NO_ASSIGNMENTS: ReadonlyMap<string, Buffer> = new Map()

export class Rebalance {
  readonly #config: GroupsConfig
  readonly #timers: Timers

  constructor(config: GroupsConfig, timers: Timers) {
    this.#config = config
    this.#timers = timers
  }

  /** After a change of the members: begins a rebalance, or ends the one that this completes. */
  prepareOrComplete(group: ClassicGroup, nowMs: number, effects: GroupEffects): void {
    if (group.canRebalance) this.prepare(group, nowMs, effects)
    else this.maybeComplete(group, nowMs, effects)
  }

  prepare(group: ClassicGroup, nowMs: number, effects: GroupEffects): void {
    if (group.state === 'CompletingRebalance') {
      this.#takeBackAssignments(group, 'REBALANCE_IN_PROGRESS', effects)
    }
    group.pendingSync.clear()
    this.#timers.cancel(group.syncTimer)
    group.syncTimer = null

    const isInitial = group.state === 'Empty'
    group.transitionTo('PreparingRebalance', nowMs)
    if (isInitial) {
      const delayMs = this.#config.initialRebalanceDelayMs
      const remainingMs = Math.max(group.rebalanceTimeoutMs - delayMs, 0)
      this.#scheduleInitial(group, nowMs, { delayMs, remainingMs })
      // No delay means now: one turn of the timer would only add latency.
      if (delayMs === 0) this.#initialDelayOver(group, { delayMs, remainingMs }, nowMs, effects)
    } else if (group.hasAllMembersJoined) {
      this.complete(group, nowMs, effects)
    } else {
      this.#scheduleComplete(group, nowMs)
    }
  }

  /** Ends the collecting phase if nobody is missing; the initial one has its own delay. */
  maybeComplete(group: ClassicGroup, nowMs: number, effects: GroupEffects): void {
    if (group.state !== 'PreparingRebalance' || group.isInitialRebalance) return
    if (group.hasAllMembersJoined) this.complete(group, nowMs, effects)
  }

  /** Starts the next generation with those who have joined, and the static members that have not. */
  complete(group: ClassicGroup, nowMs: number, effects: GroupEffects): void {
    this.#timers.cancel(group.joinTimer)
    group.joinTimer = null
    for (const member of [...group.members.values()]) {
      if (member.awaitingJoin !== null || member.groupInstanceId !== null) continue
      this.forget(group, member, effects)
    }
    if (group.members.size > 0 && !group.electJoinedLeader()) {
      // Their rebalance timeout may be 0.
      this.#scheduleComplete(group, nowMs, MIN_WAIT_FOR_ANY_MS)
      return
    }
    group.startNextGeneration(nowMs)
    group.hasNewMember = false
    if (group.state === 'Empty') {
      effects.records.push({
        kind: 'group-metadata',
        groupId: group.groupId,
        value: group.toMetadata(NO_ASSIGNMENTS, nowMs + this.#config.wallAheadMs),
      })
      return
    }
    for (const member of group.members.values()) {
      this.answerJoin(group, member, effects)
      this.resetSession(group, member, nowMs)
      member.isNew = false
      group.pendingSync.add(member.memberId)
    }
    this.#scheduleSync(group, nowMs)
  }

  /** Tells a waiting member of the current generation. */
  answerJoin(group: ClassicGroup, member: ClassicMember, effects: GroupEffects): void {
    const waiting = member.awaitingJoin
    if (waiting === null) return
    const { memberId } = member
    const response = joined(group, {
      memberId,
      apiVersion: waiting.apiVersion,
      leader: group.leaderId,
      withMembers: group.leaderId === memberId,
      skipAssignment: false,
    })
    effects.replies.push({ requestId: waiting.requestId, response })
    group.setAwaitingJoin(member, null)
  }

  failWaiting(
    group: ClassicGroup,
    member: ClassicMember,
    failure: { readonly error: ErrorName; readonly memberId: string },
    effects: GroupEffects,
  ): void {
    const { awaitingJoin, awaitingSync } = member
    if (awaitingJoin !== null) {
      const { requestId, apiVersion } = awaitingJoin
      const response = joinFailed(failure.memberId, failure.error, apiVersion)
      effects.replies.push({ requestId, response })
      group.setAwaitingJoin(member, null)
    }
    if (awaitingSync !== null) {
      const { requestId } = awaitingSync
      effects.replies.push({ requestId, response: syncFailed(failure.error) })
      member.awaitingSync = null
    }
  }

  /** Drops a member, with what it waits for; whoever calls decides what that means to the group. */
  forget(group: ClassicGroup, member: ClassicMember, effects: GroupEffects): void {
    this.failWaiting(group, member, { error: 'UNKNOWN_MEMBER_ID', memberId: '' }, effects)
    this.#timers.cancel(member.session)
    member.session = null
    group.removeMember(member.memberId)
  }

  /** The member gave a sign of life: its session starts again. */
  resetSession(group: ClassicGroup, member: ClassicMember, nowMs: number): void {
    this.#scheduleSession(group, member, nowMs + member.sessionTimeoutMs)
  }

  /** A new member cannot send heartbeats until it is told its id. */
  startNewMemberSession(group: ClassicGroup, member: ClassicMember, nowMs: number): void {
    this.#scheduleSession(group, member, nowMs + NEW_MEMBER_JOIN_TIMEOUT_MS)
  }

  addPendingMember(
    group: ClassicGroup,
    memberId: string,
    sessionTimeoutMs: number,
    nowMs: number,
  ): void {
    const timer = this.#timers.schedule(nowMs + sessionTimeoutMs, (expiredMs, effects) => {
      group.pendingJoin.delete(memberId)
      this.#pendingMemberGone(group, expiredMs, effects)
    })
    group.pendingJoin.set(memberId, timer)
  }

  /** False if the id is not that of a pending member. */
  removePendingMember(group: ClassicGroup, memberId: string): boolean {
    const timer = group.pendingJoin.get(memberId)
    if (timer === undefined) return false
    this.#timers.cancel(timer)
    group.pendingJoin.delete(memberId)
    return true
  }

  /** The member has sent SyncGroup; with the last of them the timer of that phase ends. */
  removePendingSync(group: ClassicGroup, memberId: string): void {
    group.pendingSync.delete(memberId)
    if (group.pendingSync.size > 0) return
    this.#timers.cancel(group.syncTimer)
    group.syncTimer = null
  }

  /** The group was deleted: nothing of it may fire any more. */
  cancelTimers(group: ClassicGroup): void {
    this.#timers.cancel(group.joinTimer)
    this.#timers.cancel(group.syncTimer)
    for (const timer of group.pendingJoin.values()) this.#timers.cancel(timer)
    for (const member of group.members.values()) this.#timers.cancel(member.session)
  }

  cancelSession(member: ClassicMember): void {
    this.#timers.cancel(member.session)
    member.session = null
  }

  #takeBackAssignments(group: ClassicGroup, error: ErrorName, effects: GroupEffects): void {
    for (const member of group.members.values()) {
      member.assignment = EMPTY_BYTES
      const waiting = member.awaitingSync
      if (waiting === null) continue
      effects.replies.push({ requestId: waiting.requestId, response: syncFailed(error) })
      member.awaitingSync = null
    }
  }

  #scheduleInitial(
    group: ClassicGroup,
    nowMs: number,
    delay: { readonly delayMs: number; readonly remainingMs: number },
  ): void {
    this.#timers.cancel(group.joinTimer)
    group.joinTimer = this.#timers.schedule(nowMs + delay.delayMs, (expiredMs, effects) =>
      this.#initialDelayOver(group, delay, expiredMs, effects),
    )
  }

  /** Waits once more if somebody came meanwhile, up to the rebalance timeout in all. */
  #initialDelayOver(
    group: ClassicGroup,
    delay: { readonly delayMs: number; readonly remainingMs: number },
    nowMs: number,
    effects: GroupEffects,
  ): void {
    if (!group.hasNewMember || delay.remainingMs === 0) {
      this.complete(group, nowMs, effects)
      return
    }
    group.hasNewMember = false
    const { delayMs, remainingMs } = delay
    this.#scheduleInitial(group, nowMs, {
      delayMs: Math.min(this.#config.initialRebalanceDelayMs, remainingMs),
      remainingMs: Math.max(remainingMs - delayMs, 0),
    })
  }

  #scheduleComplete(group: ClassicGroup, nowMs: number, minWaitMs = 0): void {
    this.#timers.cancel(group.joinTimer)
    const deadlineMs = nowMs + Math.max(group.rebalanceTimeoutMs, minWaitMs)
    group.joinTimer = this.#timers.schedule(deadlineMs, (expiredMs, effects) =>
      this.complete(group, expiredMs, effects),
    )
  }

  #scheduleSync(group: ClassicGroup, nowMs: number): void {
    this.#timers.cancel(group.syncTimer)
    const { generationId } = group
    group.syncTimer = this.#timers.schedule(
      nowMs + group.rebalanceTimeoutMs,
      (expiredMs, effects) => this.#syncOver(group, generationId, expiredMs, effects),
    )
  }

  #syncOver(group: ClassicGroup, generationId: number, nowMs: number, effects: GroupEffects): void {
    if (group.generationId !== generationId) return
    if (group.state !== 'CompletingRebalance' && group.state !== 'Stable') return
    if (group.pendingSync.size === 0) return
    for (const memberId of [...group.pendingSync]) {
      const member = group.members.get(memberId)
      if (member !== undefined) this.forget(group, member, effects)
    }
    this.prepare(group, nowMs, effects)
  }

  #scheduleSession(group: ClassicGroup, member: ClassicMember, deadlineMs: number): void {
    this.#timers.cancel(member.session)
    member.session = this.#timers.schedule(deadlineMs, (expiredMs, effects) =>
      this.#sessionOver(group, member, expiredMs, effects),
    )
  }

  #sessionOver(
    group: ClassicGroup,
    member: ClassicMember,
    nowMs: number,
    effects: GroupEffects,
  ): void {
    member.session = null
    if (member.isExcusedFromHeartbeat) return
    this.forget(group, member, effects)
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
      this.prepareOrComplete(group, nowMs, effects)
    } else {
      this.#pendingMemberGone(group, nowMs, effects)
    }
  }

  #pendingMemberGone(group: ClassicGroup, nowMs: number, effects: GroupEffects): void {
    if (group.state === 'PreparingRebalance' && group.hasAllMembersJoined) {
      this.complete(group, nowMs, effects)
    }
  }
}
