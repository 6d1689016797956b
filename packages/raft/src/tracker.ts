// Everybody that a leader replicates to (members by the applied configuration, and observers), the
// votes of a candidate, and the decisions that count them.
//
// Invariant: every voter and learner of the membership has a Progress; who else has one observes.

import { isJoint } from './confchange.ts'
import { type FlowLimits, Progress } from './progress.ts'
import { jointValue, jointVote, type VoteResult } from './quorum.ts'
import type { Membership } from './types.ts'

export class Tracker {
  readonly selfId: number
  readonly #limits: FlowLimits
  #membership: Membership
  #voterIds: readonly number[] = []
  #learnerIds: ReadonlySet<number> = new Set()
  #progress = new Map<number, Progress>()
  #votes = new Map<number, boolean>()

  constructor(selfId: number, membership: Membership, limits: FlowLimits) {
    this.selfId = selfId
    this.#limits = limits
    this.#membership = membership
    this.setMembership(membership, 1)
  }

  get membership(): Membership {
    return this.#membership
  }

  /** Voters of both configurations, in order. */
  get voterIds(): readonly number[] {
    return this.#voterIds
  }

  get isJoint(): boolean {
    return isJoint(this.#membership)
  }

  /** Whether a configuration is known at all; a node without one does not vote. */
  get isInitialised(): boolean {
    return this.#voterIds.length > 0
  }

  get peers(): IterableIterator<[number, Progress]> {
    return this.#progress.entries()
  }

  get observerCount(): number {
    let count = 0
    for (const id of this.#progress.keys()) if (!this.isMember(id)) count++
    return count
  }

  isVoter(id: number): boolean {
    return this.#voterIds.includes(id)
  }

  isMember(id: number): boolean {
    return this.#learnerIds.has(id) || this.isVoter(id)
  }

  roleOf(id: number): 'voter' | 'learner' | 'observer' {
    if (this.isVoter(id)) return 'voter'
    return this.#learnerIds.has(id) ? 'learner' : 'observer'
  }

  progressOf(id: number): Progress | undefined {
    return this.#progress.get(id)
  }

  /** Takes a membership over; new members start to be probed at `nextIndex`. */
  setMembership(membership: Membership, nextIndex: number): void {
    const before = [...this.#voterIds, ...this.#learnerIds]
    const after = new Set([...membership.voters, ...membership.outgoingVoters])
    this.#membership = membership
    this.#voterIds = [...after].sort((a, b) => a - b)
    this.#learnerIds = new Set([...membership.learners, ...membership.nextLearners])
    for (const id of [...this.#voterIds, ...this.#learnerIds])
      if (!this.#progress.has(id)) this.#progress.set(id, this.#fresh(nextIndex))
    for (const id of before) if (!this.isMember(id)) this.#progress.delete(id)
  }

  #fresh(nextIndex: number): Progress {
    const progress = new Progress(nextIndex, this.#limits)
    // Not to be counted as silent before it could answer.
    progress.isActive = true
    return progress
  }

  /** A new term: nothing is known of anybody. Observers have to ask again. */
  reset(nextIndex: number): void {
    this.#votes.clear()
    for (const id of [...this.#progress.keys()])
      if (this.isMember(id)) this.#progress.set(id, this.#fresh(nextIndex))
      else this.#progress.delete(id)
  }

  observe(id: number, nextIndex: number): Progress {
    const known = this.#progress.get(id)
    if (known !== undefined) return known
    const progress = this.#fresh(nextIndex)
    this.#progress.set(id, progress)
    return progress
  }

  /** An observer has to ask again; a learner is probed from `nextIndex` down. */
  forgetLog(id: number, nextIndex: number): void {
    if (this.#learnerIds.has(id)) this.#progress.set(id, this.#fresh(nextIndex))
    else this.dropObserver(id)
  }

  dropObserver(id: number): void {
    if (!this.isMember(id)) this.#progress.delete(id)
  }

  /** One change at a time: the next waits until the last is applied, and a joint one is left. */
  isChangePending(lastChangeIndex: number, appliedIndex: number): boolean {
    return lastChangeIndex > appliedIndex
  }

  clearVotes(): void {
    this.#votes.clear()
  }

  recordVote(id: number, isGranted: boolean): void {
    if (!this.#votes.has(id)) this.#votes.set(id, isGranted)
  }

  voteResult(): VoteResult {
    const { voters, outgoingVoters } = this.#membership
    return jointVote(voters, outgoingVoters, id => this.#votes.get(id))
  }

  /** What a majority (of both configurations) holds. */
  matchedByQuorum(): number {
    const { voters, outgoingVoters } = this.#membership
    return jointValue(voters, outgoingVoters, id => this.#progress.get(id)?.matchIndex ?? 0)
  }

  /** The newest batch of reads for which a majority said that this leader still leads. */
  readsConfirmedByQuorum(): number {
    const { voters, outgoingVoters } = this.#membership
    return jointValue(voters, outgoingVoters, id => this.#progress.get(id)?.readSequence ?? 0)
  }

  /** Whether a majority answered since the last call. */
  isQuorumActive(): boolean {
    const { voters, outgoingVoters } = this.#membership
    const result = jointVote(
      voters,
      outgoingVoters,
      id => id === this.selfId || (this.#progress.get(id)?.isActive ?? false),
    )
    for (const [id, progress] of this.#progress) if (id !== this.selfId) progress.isActive = false
    return result === 'won'
  }
}
