// One group of the classic protocol: members, votes, state. It knows nothing of requests, timers
// of other groups, or the log; `Rebalance` drives it.
//
// States: Empty -> PreparingRebalance (collecting JoinGroup) -> CompletingRebalance (waiting for
// the leader's SyncGroup) -> Stable -> PreparingRebalance ...; Dead once it is deleted.
// Invariant: `#joinWaiters` counts the members whose `awaitingJoin` is set.
// Invariant: `#support` counts, for each protocol name, the members that list it.

import { assert } from '@weir/core'
import type { GroupMetadata } from '../records.ts'
import type { Timer } from '../timers.ts'
import { ClassicMember, EMPTY_BYTES, type MemberProtocol, type Waiting } from './classic-member.ts'
import { CONSUMER_PROTOCOL_TYPE, subscribedTopicsOf } from './subscription.ts'

export type ClassicState =
  | 'Empty'
  | 'PreparingRebalance'
  | 'CompletingRebalance'
  | 'Stable'
  | 'Dead'

const LEGAL_PREDECESSORS: ReadonlyMap<ClassicState, readonly ClassicState[]> = new Map([
  ['Empty', ['PreparingRebalance']],
  ['PreparingRebalance', ['Stable', 'CompletingRebalance', 'Empty']],
  ['CompletingRebalance', ['PreparingRebalance']],
  ['Stable', ['CompletingRebalance']],
  ['Dead', ['Stable', 'PreparingRebalance', 'CompletingRebalance', 'Empty', 'Dead']],
])

export type MemberError = 'UNKNOWN_MEMBER_ID' | 'FENCED_INSTANCE_ID'

export class ClassicGroup {
  readonly kind = 'classic'
  readonly groupId: string
  generationId = 0
  /** Null in a group that only stores offsets. Kept when the last member leaves. */
  protocolType: string | null = null
  protocolName: string | null = null
  leaderId: string | null = null
  /** In the order of joining. */
  readonly members = new Map<string, ClassicMember>()
  /** Group instance id -> member id. */
  readonly staticMembers = new Map<string, string>()
  /** Ids given out with MEMBER_ID_REQUIRED that did not join yet. */
  readonly pendingJoin = new Map<string, Timer>()
  /** Members of this generation that did not send SyncGroup yet. */
  readonly pendingSync = new Set<string>()
  /** Someone joined during the initial delay, which extends it. */
  hasNewMember = false
  joinTimer: Timer | null = null
  syncTimer: Timer | null = null
  /** When the state was entered; null if a record of old did not say. */
  stateChangedMs: number | null = null
  #state: ClassicState = 'Empty'
  #previousState: ClassicState = 'Empty'
  #subscribedTopics: ReadonlySet<string> | null = null
  #joinWaiters = 0
  readonly #support = new Map<string, number>()

  constructor(groupId: string) {
    this.groupId = groupId
  }

  get state(): ClassicState {
    return this.#state
  }

  get isInitialRebalance(): boolean {
    return this.#state === 'PreparingRebalance' && this.#previousState === 'Empty'
  }

  get joinWaiters(): number {
    return this.#joinWaiters
  }

  get hasAllMembersJoined(): boolean {
    return this.members.size === this.#joinWaiters && this.pendingJoin.size === 0
  }

  get canRebalance(): boolean {
    return LEGAL_PREDECESSORS.get('PreparingRebalance')?.includes(this.#state) === true
  }

  get usesConsumerProtocol(): boolean {
    return this.protocolType === CONSUMER_PROTOCOL_TYPE
  }

  /** Null if the members' subscriptions are not of the consumer protocol or do not parse. */
  get subscribedTopics(): ReadonlySet<string> | null {
    return this.#subscribedTopics
  }

  /** A group that consumes, but whose subscription is not known, counts as subscribed to all. */
  isSubscribedToTopic(topic: string): boolean {
    return this.#subscribedTopics?.has(topic) ?? this.usesConsumerProtocol
  }

  transitionTo(state: ClassicState, nowMs: number): void {
    assert(
      LEGAL_PREDECESSORS.get(state)?.includes(this.#state) === true,
      'illegal transition of a group',
      { groupId: this.groupId, from: this.#state, to: state },
    )
    this.#previousState = this.#state
    this.#state = state
    this.stateChangedMs = nowMs
  }

  /** The longest of the members' rebalance timeouts. */
  get rebalanceTimeoutMs(): number {
    let longestMs = 0
    for (const member of this.members.values()) {
      longestMs = Math.max(longestMs, member.rebalanceTimeoutMs)
    }
    return longestMs
  }

  addMember(member: ClassicMember): void {
    assert(!this.members.has(member.memberId), 'member joined twice', { id: member.memberId })
    this.members.set(member.memberId, member)
    if (member.groupInstanceId !== null) {
      this.staticMembers.set(member.groupInstanceId, member.memberId)
    }
    this.#countSupport(member.protocols, 1)
    if (this.leaderId === null) this.leaderId = member.memberId
    if (member.awaitingJoin !== null) this.#joinWaiters++
  }

  /** The requests of the member must have been answered before. */
  removeMember(memberId: string): void {
    this.pendingSync.delete(memberId)
    const member = this.members.get(memberId)
    if (member === undefined) return
    assert(member.awaitingJoin === null && member.awaitingSync === null, 'member still waits', {
      memberId,
    })
    this.members.delete(memberId)
    this.#countSupport(member.protocols, -1)
    if (
      member.groupInstanceId !== null &&
      this.staticMembers.get(member.groupInstanceId) === memberId
    ) {
      this.staticMembers.delete(member.groupInstanceId)
    }
    if (this.leaderId === memberId) this.leaderId = this.members.keys().next().value ?? null
  }

  /** Puts `member` in the place of the static member `oldMemberId`, at the end of the order. */
  replaceMember(oldMemberId: string, member: ClassicMember): void {
    const wasLeader = this.leaderId === oldMemberId
    this.removeMember(oldMemberId)
    this.addMember(member)
    if (wasLeader) this.leaderId = member.memberId
  }

  setProtocols(member: ClassicMember, protocols: readonly MemberProtocol[]): void {
    this.#countSupport(member.protocols, -1)
    member.protocols = protocols
    this.#countSupport(protocols, 1)
  }

  setAwaitingJoin(member: ClassicMember, waiting: Waiting | null): void {
    if (member.awaitingJoin !== null) this.#joinWaiters--
    if (waiting !== null) this.#joinWaiters++
    member.awaitingJoin = waiting
  }

  /** Kafka's order of checks: the instance first, then the member id. Null if all is well. */
  memberError(memberId: string, groupInstanceId: string | null): MemberError | null {
    if (groupInstanceId !== null) {
      const current = this.staticMembers.get(groupInstanceId)
      if (current === undefined) return 'UNKNOWN_MEMBER_ID'
      if (current !== memberId) return 'FENCED_INSTANCE_ID'
    }
    return this.members.has(memberId) ? null : 'UNKNOWN_MEMBER_ID'
  }

  /** Whether a member with these protocols could be in the group together with the others. */
  supportsProtocols(protocolType: string, protocols: readonly MemberProtocol[]): boolean {
    if (this.#state === 'Empty') return protocolType !== '' && protocols.length > 0
    // Without members, as it waits for one that was given an id, it takes any.
    return (
      protocolType === this.protocolType &&
      protocols.some(each => (this.#support.get(each.name) ?? 0) === this.members.size)
    )
  }

  /**
   * The protocol with the most votes among those that all members support; each member votes for
   * the first such one in its list. Among equals the one that is voted for first.
   */
  selectProtocol(members: Iterable<ClassicMember> = this.members.values()): string | null {
    const all = [...members]
    const counts = new Map<string, number>()
    for (const { protocols } of all) {
      for (const name of new Set(protocols.map(each => each.name))) {
        counts.set(name, (counts.get(name) ?? 0) + 1)
      }
    }
    const candidates = new Set([...counts].filter(each => each[1] === all.length).map(([n]) => n))
    const votes = new Map<string, number>()
    for (const member of all) {
      const name = member.vote(candidates)
      if (name !== null) votes.set(name, (votes.get(name) ?? 0) + 1)
    }
    let winner: string | null = null
    for (const [name, count] of votes) {
      if (winner === null || count > (votes.get(winner) ?? 0)) winner = name
    }
    return winner
  }

  /** False if no member has joined again, so that the group cannot go on. */
  electJoinedLeader(): boolean {
    const leader = this.leaderId === null ? undefined : this.members.get(this.leaderId)
    if (leader === undefined) return false
    if (leader.awaitingJoin !== null) return true
    for (const member of this.members.values()) {
      if (member.awaitingJoin === null) continue
      this.leaderId = member.memberId
      return true
    }
    return false
  }

  startNextGeneration(nowMs: number): void {
    this.generationId++
    this.protocolName = this.members.size === 0 ? null : this.selectProtocol()
    this.#subscribedTopics = subscribedTopicsOf(this)
    this.transitionTo(this.members.size === 0 ? 'Empty' : 'CompletingRebalance', nowMs)
    this.pendingSync.clear()
  }

  /** What a record says of the group, with the given assignments. */
  toMetadata(assignments: ReadonlyMap<string, Buffer>, nowMs: number): GroupMetadata {
    return {
      protocolType: this.protocolType ?? '',
      generationId: this.generationId,
      protocolName: this.protocolName,
      leaderId: this.leaderId,
      stateChangedMs: nowMs,
      members: [...this.members.values()].map(each => ({
        memberId: each.memberId,
        groupInstanceId: each.groupInstanceId,
        clientId: each.clientId,
        clientHost: each.clientHost,
        rebalanceTimeoutMs: each.rebalanceTimeoutMs,
        sessionTimeoutMs: each.sessionTimeoutMs,
        subscription: each.metadata(this.protocolName),
        assignment: assignments.get(each.memberId) ?? EMPTY_BYTES,
      })),
    }
  }

  /**
   * Makes the group what the record says. Members that are here already keep their timers and
   * their whole list of protocols; answers `members` that were dropped.
   */
  applyMetadata(metadata: GroupMetadata): ClassicMember[] {
    const previous = new Map(this.members)
    this.members.clear()
    this.staticMembers.clear()
    this.#support.clear()
    this.#joinWaiters = 0
    this.leaderId = null
    for (const each of metadata.members) {
      const live = previous.get(each.memberId)
      previous.delete(each.memberId)
      const member = live ?? memberOfRecord(each, metadata.protocolName)
      member.assignment = each.assignment
      this.addMember(member)
    }
    this.generationId = metadata.generationId
    this.protocolType = metadata.protocolType === '' ? null : metadata.protocolType
    this.protocolName = metadata.protocolName
    this.leaderId = metadata.leaderId
    this.stateChangedMs = metadata.stateChangedMs
    this.#previousState = this.#state
    this.#state = metadata.members.length === 0 ? 'Empty' : 'Stable'
    this.#subscribedTopics = subscribedTopicsOf(this)
    return [...previous.values()]
  }

  #countSupport(protocols: readonly MemberProtocol[], change: 1 | -1): void {
    for (const name of new Set(protocols.map(each => each.name))) {
      const count = (this.#support.get(name) ?? 0) + change
      if (count === 0) this.#support.delete(name)
      else this.#support.set(name, count)
    }
  }
}

function memberOfRecord(
  record: GroupMetadata['members'][number],
  protocolName: string | null,
): ClassicMember {
  const protocols =
    protocolName === null ? [] : [{ name: protocolName, metadata: record.subscription }]
  return new ClassicMember({ ...record, protocols })
}
