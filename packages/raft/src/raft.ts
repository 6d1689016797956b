// One node of the consensus as a synchronous state machine, in the manner of etcd's raft: feed it
// messages, ticks and proposals; take `ready()`, do what it says in its order, call `advance()`.
//
// It reads no clock, does no I/O and takes its randomness as a function. Between `ready()` and
// `advance()` it may be fed; what comes of that is in the next `ready()`.

import { assert } from '@weir/core'
import { decodeConfigChange } from './codec.ts'
import { campaign, handleVoteReply, handleVoteRequest } from './election.ts'
import { applyChange, changeRefusal, maybeLeaveJoint, proposeChange } from './membership-change.ts'
import { ReadyBuilder } from './ready-builder.ts'
import {
  broadcastAppend,
  broadcastHeartbeat,
  handleAppend,
  handleAppendReply,
  handleHeartbeat,
  handleHeartbeatReply,
  maybeCommit,
  maybeFinishTransfer,
  sendAppend,
  startRead,
} from './replication.ts'
import { handleSnapshotReply, handleSnapshotRequest } from './snapshot-transfer.ts'
import { type RaftOptions, RaftState, refused } from './state.ts'
import { memberStatus, raftStatus } from './status.ts'
import type {
  ConfigChange,
  Entry,
  MemberStatus,
  Membership,
  Message,
  ObserveRequest,
  ProposeOutcome,
  RaftStatus,
  Ready,
  Role,
  SnapshotMeta,
} from './types.ts'
import { UncommittedBudget } from './uncommitted-budget.ts'

/** An observer that is silent for this many election timeouts is forgotten. */
const OBSERVER_TIMEOUTS = 10

function isFromLeader(message: Message): boolean {
  return message.type === 'append' || message.type === 'heartbeat' || message.type === 'snapshot'
}

export class Raft {
  readonly #state: RaftState
  readonly #ready: ReadyBuilder

  constructor(options: RaftOptions) {
    this.#state = new RaftState(options)
    this.#ready = new ReadyBuilder(this.#state, options.hardState)
  }

  get id(): number {
    return this.#state.id
  }

  get role(): Role {
    return this.#state.role
  }

  get term(): number {
    return this.#state.term
  }

  get leaderId(): number | null {
    return this.#state.leaderId
  }

  get commitIndex(): number {
    return this.#state.log.commitIndex
  }

  get appliedIndex(): number {
    return this.#state.log.appliedIndex
  }

  get lastIndex(): number {
    return this.#state.log.lastIndex
  }

  get firstIndex(): number {
    return this.#state.log.firstIndex
  }

  /** The configuration as applied: another object after each change. */
  get membership(): Membership {
    return this.#state.tracker.membership
  }

  /** Null outside of [firstIndex - 1, lastIndex]. */
  termAt(index: number): number | null {
    return this.#state.log.termAt(index)
  }

  /** Entries in [from, end) that are still in the log. */
  entriesBetween(from: number, end: number): Entry[] {
    return this.#state.log.between(from, end, Number.POSITIVE_INFINITY)
  }

  status(): RaftStatus {
    return raftStatus(this.#state)
  }

  /** What this leader knows of one node; null if it does not lead or replicate to it. */
  memberStatus(id: number): MemberStatus | null {
    return memberStatus(this.#state, id)
  }

  // --- Time ---

  /** One tick of the driver's clock. */
  tick(): void {
    const state = this.#state
    state.electionElapsed++
    if (state.isLeader) this.#tickLeader()
    else if (state.electionElapsed >= state.electionTimeoutTicks && state.canCampaign()) {
      state.electionElapsed = 0
      campaign(state, 'pre-vote')
    }
  }

  #tickLeader(): void {
    const state = this.#state
    if (state.electionElapsed >= state.limits.electionTicks) {
      state.electionElapsed = 0
      state.transferTarget = null
      if (!state.tracker.isQuorumActive()) {
        state.becomeFollower(state.term, null)
        return
      }
    }
    this.#dropSilentObservers()
    state.heartbeatElapsed++
    if (state.heartbeatElapsed < state.limits.heartbeatTicks) return
    state.heartbeatElapsed = 0
    broadcastHeartbeat(state)
  }

  #dropSilentObservers(): void {
    const { tracker, limits } = this.#state
    const limit = limits.electionTicks * OBSERVER_TIMEOUTS
    for (const [id, progress] of [...tracker.peers]) {
      progress.silentTicks++
      if (progress.silentTicks > limit) tracker.dropObserver(id)
    }
  }

  // --- Messages ---

  /** Takes a message from another node. Nothing that a message says can make it throw but a bug. */
  step(message: Message): void {
    const state = this.#state
    if (message.to !== state.id || message.from === state.id) return
    if (message.type === 'observe') this.#handleObserve(message)
    else if (this.#settleTerm(message)) this.#dispatch(message)
  }

  /** Compares terms. False if the message has nothing more to say. */
  #settleTerm(message: Message): boolean {
    const state = this.#state
    if (message.term > state.term) {
      const isVoteRequest = message.type === 'vote' || message.type === 'pre-vote'
      if (isVoteRequest && !message.isTransfer && state.isInLease()) return false
      const isTrial =
        message.type === 'pre-vote' || (message.type === 'pre-vote-reply' && message.isGranted)
      if (!isTrial) state.becomeFollower(message.term, isFromLeader(message) ? message.from : null)
      return true
    }
    if (message.term === state.term) return true
    // Tells a leader or candidate of the past what the term is: it would disturb for ever.
    if (isFromLeader(message)) state.send(state.appendReply(message.from, 0))
    if (message.type === 'pre-vote')
      state.send({
        type: 'pre-vote-reply',
        from: state.id,
        to: message.from,
        term: state.term,
        isGranted: false,
        ...state.commitNews(),
      })
    return false
  }

  #dispatch(message: Message): void {
    switch (message.type) {
      case 'pre-vote':
      case 'vote':
        handleVoteRequest(this.#state, message)
        break
      case 'pre-vote-reply':
      case 'vote-reply':
        handleVoteReply(this.#state, message)
        break
      case 'append':
      case 'heartbeat':
      case 'snapshot':
        this.#dispatchFromLeader(message)
        break
      case 'read-reply':
        this.#state.readStates.push({ context: message.context, index: message.index })
        break
      case 'timeout-now':
        if (this.#state.role === 'follower') campaign(this.#state, 'transfer')
        break
      default:
        if (this.#state.isLeader) this.#dispatchToLeader(message)
    }
  }

  #dispatchFromLeader(message: Message): void {
    const state = this.#state
    assert(!state.isLeader, 'two leaders in one term', { term: state.term, other: message.from })
    if (state.role !== 'follower') state.becomeFollower(message.term, message.from)
    state.electionElapsed = 0
    state.leaderId = message.from
    if (message.type === 'append') handleAppend(state, message)
    else if (message.type === 'heartbeat') handleHeartbeat(state, message)
    else if (message.type === 'snapshot') handleSnapshotRequest(state, message)
  }

  #dispatchToLeader(message: Message): void {
    if (message.type === 'append-reply') handleAppendReply(this.#state, message)
    else if (message.type === 'heartbeat-reply') handleHeartbeatReply(this.#state, message)
    else if (message.type === 'snapshot-reply') handleSnapshotReply(this.#state, message)
    else if (message.type === 'read' && !this.#state.reads.isFull)
      startRead(this.#state, message.context, message.from)
  }

  #handleObserve(message: ObserveRequest): void {
    const { tracker, limits, log, isLeader } = this.#state
    if (!isLeader || tracker.isMember(message.from)) return
    const known = tracker.progressOf(message.from)
    if (known === undefined && tracker.observerCount >= limits.maxObservers) return
    const progress = tracker.observe(message.from, Math.min(message.lastIndex, log.lastIndex) + 1)
    progress.silentTicks = 0
    progress.isActive = true
    if (known === undefined) sendAppend(this.#state, message.from, true)
  }

  // --- Requests of this node ---

  /** Appends to the log, on the leader. All of `data` or nothing. */
  propose(data: readonly Buffer[]): ProposeOutcome {
    const state = this.#state
    assert(data.length > 0, 'empty proposal')
    if (!state.isLeader) return refused('not-leader')
    if (state.transferTarget !== null) return refused('transferring')
    const entries = data.map(one => ({ kind: 'normal' as const, data: one }))
    const bytes = UncommittedBudget.sizeOf(entries.map(one => ({ ...one, index: 0, term: 0 })))
    if (!state.budget.accepts(bytes)) return refused('busy')
    const firstIndex = state.appendOwn(entries)
    broadcastAppend(state)
    return { kind: 'appended', firstIndex, term: state.term }
  }

  /** Why `change` cannot be made, in words; null if it can. */
  changeRefusal(change: ConfigChange): string | null {
    return changeRefusal(this.#state, change)
  }

  /**
   * Proposes a change of the membership. It takes effect when its entry is applied, and the next is
   * refused until then. A new voter has to have the log already, as a learner or an observer.
   */
  proposeChange(change: ConfigChange): ProposeOutcome {
    return proposeChange(this.#state, change)
  }

  /**
   * Asks for an index at which a read is linearizable: it comes in `Ready.reads`, unless a message
   * is lost or the leader changes; then ask again. False if it cannot even be asked.
   */
  readIndex(context: number): boolean {
    const state = this.#state
    if (state.isLeader) {
      if (state.reads.isFull) return false
      startRead(state, context, state.id)
      return true
    }
    if (state.leaderId === null) return false
    state.send({ type: 'read', from: state.id, to: state.leaderId, term: state.term, context })
    return true
  }

  /** Campaigns now, with a pre-vote: somebody has reason to believe that the leader is gone. */
  campaign(): void {
    campaign(this.#state, 'pre-vote')
  }

  /** The connection to the leader broke: this node no longer defends it against others. */
  forgetLeader(): void {
    if (this.#state.role === 'follower') this.#state.leaderId = null
  }

  /** Hands leadership to a voter. Given up after an election timeout. False if it cannot be. */
  transferLeadership(to: number): boolean {
    const state = this.#state
    if (!state.isLeader || to === state.id || !state.tracker.isVoter(to)) return false
    if (state.transferTarget === to) return true
    state.transferTarget = to
    state.electionElapsed = 0
    maybeFinishTransfer(state, to)
    sendAppend(state, to, true)
    return true
  }

  /** Asks the node `to` to send its log, which this node then follows without being a member. */
  observe(to: number): void {
    const { id, term, log } = this.#state
    this.#state.send({ type: 'observe', from: id, to, term, lastIndex: log.lastIndex })
  }

  /**
   * Another log comes under this id: nothing is known of it. For observers and learners; a voter's log is
   * the one that it voted with, for ever.
   */
  forgetObserver(id: number): void {
    if (this.#state.isLeader) this.#state.tracker.forgetLog(id, this.#state.log.lastIndex + 1)
  }

  /** Messages to this node were lost for sure: what was sent ahead has to be asked for again. */
  reportUnreachable(id: number): void {
    const progress = this.#state.tracker.progressOf(id)
    if (this.#state.isLeader && progress?.state === 'replicate') progress.becomeProbe()
  }

  /** A chunk could not be read: the transfer starts again, with the newest snapshot. */
  reportSnapshotFailure(id: number): void {
    const progress = this.#state.tracker.progressOf(id)
    if (this.#state.isLeader && progress?.state === 'snapshot') progress.becomeProbe()
  }

  // --- Snapshots of this node ---

  /** What a snapshot of the state machine is, taken now, after all that is applied. */
  snapshotMeta(): Omit<SnapshotMeta, 'bytes'> {
    const { log, tracker } = this.#state
    const index = log.appliedIndex
    return { index, term: log.termAt(index) ?? 0, membership: tracker.membership }
  }

  /** A snapshot is on disk: entries up to `compactTo` (inclusive, at most its index) may go. */
  compact(snapshot: SnapshotMeta, compactTo: number): void {
    const state = this.#state
    assert(compactTo <= snapshot.index, 'compaction beyond the snapshot', {
      compactTo,
      snapshotIndex: snapshot.index,
    })
    if (state.snapshot === null || snapshot.index > state.snapshot.index) state.snapshot = snapshot
    state.log.compact(compactTo)
  }

  // --- The driver's round ---

  hasReady(): boolean {
    return this.#ready.hasWork()
  }

  /** What is to be done, see `Ready`. `advance()` has to follow before the next one. */
  ready(): Ready {
    return this.#ready.take()
  }

  /** The last `ready()` is done: written, sent and applied. */
  advance(): void {
    const state = this.#state
    const { committed } = this.#ready.finish()
    const own = state.tracker.progressOf(state.id)
    if (state.isLeader && own?.acknowledge(state.log.stableIndex) === true)
      if (maybeCommit(state)) broadcastAppend(state)
    for (const entry of committed) this.#applied(entry)
    maybeLeaveJoint(state)
  }

  #applied(entry: Entry): void {
    const { log } = this.#state
    // A snapshot may have come in meanwhile.
    if (entry.index <= log.appliedIndex) return
    log.markApplied(entry.index)
    if (entry.kind === 'config') applyChange(this.#state, decodeConfigChange(entry.data))
  }
}
