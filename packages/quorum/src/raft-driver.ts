// Drives the consensus core of one node: ticks, messages and proposals in; its rounds out, to disk,
// network and state machine.
//
// Invariant: no message leaves before what it promises is on disk (Q1): a round's promises are sent
// after its writes are synced. A disk error ends the node (Q10): `onFatal`, and nothing more is sent.

import { type Env, errorMessage, type Timer } from '@weir/core'
import {
  type ConfigChange,
  type Entry,
  type Membership,
  type Message,
  type ProposeOutcome,
  Raft,
  type RaftLimits,
  type RaftStatus,
  type Ready,
} from '@weir/raft'
import { ApplyTurns } from './apply-turns.ts'
import { ContactTimes, type QuorumStatus } from './quorum-status.ts'
import { type MessageSink, SnapshotTasks } from './snapshot-tasks.ts'
import type { Leadership, StateMachine } from './state-machine.ts'
import type { QuorumStorage, Recovered } from './storage/quorum-storage.ts'
import { type ProposalOutcome, ProposalWaiters, ReadWaiters } from './waiters.ts'

export interface DriverOptions {
  readonly nodeId: number
  readonly tickMs: number
  readonly limits: RaftLimits
  /** A snapshot is taken when the log has grown by this much since the last. */
  readonly snapshotBytes: number
  /** Entries that stay in the log behind a snapshot, for followers that are a little late. */
  readonly trailingEntries: number
}

export interface DriverEvents {
  /** The node cannot go on: its disk failed, or an invariant is broken. Called once. */
  onFatal(error: Error): void
}

/**
 * After the connection to the leader broke a node campaigns within 50 to 150 ms, each voter in its own
 * part of that time: two that ask at once would take each other's votes.
 */
const RESET_CAMPAIGN_MIN_MS = 50
const RESET_CAMPAIGN_SPREAD_MS = 100

export class RaftDriver {
  readonly #env: Env
  readonly #options: DriverOptions
  readonly #storage: QuorumStorage
  readonly #machine: StateMachine
  readonly #sink: MessageSink
  readonly #events: DriverEvents
  readonly #raft: Raft
  readonly #proposals = new ProposalWaiters()
  readonly #reads = new ReadWaiters()
  readonly #contacts = new ContactTimes()
  readonly #snapshots: SnapshotTasks
  readonly #turns: ApplyTurns
  #leadership: Leadership = { term: -1, leaderId: null, isActive: false }
  #ticker: Timer | null = null
  /** When something came from the leader. */
  #heardMs = 0
  #isStopped = false
  #isScheduled = false
  /** The rounds that are being done; null when there is nothing to do. */
  #pump: Promise<void> | null = null
  /** To be done between two rounds. */
  #between: (() => Promise<void>)[] = []

  constructor(
    env: Env,
    options: DriverOptions,
    parts: {
      readonly storage: QuorumStorage
      readonly recovered: Recovered
      readonly machine: StateMachine
      readonly sink: MessageSink
      readonly events: DriverEvents
    },
  ) {
    this.#env = env
    this.#turns = new ApplyTurns(env.clock)
    this.#options = options
    this.#storage = parts.storage
    this.#machine = parts.machine
    this.#sink = parts.sink
    this.#events = parts.events
    const { hardState, snapshot, entries } = parts.recovered
    this.#raft = new Raft({
      ...options.limits,
      id: options.nodeId,
      hardState,
      snapshot: snapshot?.meta ?? null,
      entries,
      random: limit => env.random.below(limit),
    })
    this.#snapshots = new SnapshotTasks(env, options, {
      raft: this.#raft,
      storage: this.#storage,
      machine: this.#machine,
      sink: this.#sink,
      betweenRounds: task => this.#later(task),
      failed: error => this.#fail(error),
    })
    if (snapshot !== null)
      this.#machine.restore(snapshot.data, snapshot.meta.index, snapshot.meta.term)
    if (this.#raft.status().isDamaged)
      env.log.error(
        'the disk lost entries that this node had acknowledged: it does not vote until a leader has brought them back',
        { lastIndex: this.#raft.lastIndex, promisedIndex: hardState.acked.index },
      )
  }

  get leadership(): Leadership {
    return this.#leadership
  }

  get appliedIndex(): number {
    return this.#raft.appliedIndex
  }

  get membership(): Membership {
    return this.#raft.membership
  }

  raftStatus(): RaftStatus {
    return this.#raft.status()
  }

  start(): void {
    this.#tickLater()
    const { voters, outgoingVoters } = this.#raft.membership
    // Nobody to wait for.
    const isAlone = voters.length === 1 && outgoingVoters.length === 0
    if (isAlone && voters[0] === this.#options.nodeId) this.#raft.campaign()
    this.#kick()
  }

  #tickLater(): void {
    this.#ticker = this.#env.clock.after(this.#options.tickMs, () => {
      if (this.#isStopped) return
      this.#raft.tick()
      this.#kick()
      this.#tickLater()
    })
  }

  /** Finishes the round under way and sends nothing more. The storage stays open. */
  async stop(): Promise<void> {
    this.#halt()
    await this.#pump
    await this.#snapshots.stopped()
  }

  #halt(): void {
    this.#isStopped = true
    this.#snapshots.stop()
    this.#ticker?.cancel()
    this.#proposals.abandonAll()
    this.#reads.abandonAll()
  }

  #fail(error: unknown): void {
    if (this.#isStopped) return
    this.#halt()
    const cause = error instanceof Error ? error : new Error(errorMessage(error))
    this.#env.log.error('the quorum node cannot go on', { error: cause.message })
    this.#events.onFatal(cause)
  }

  // --- Input ---

  /** A message from another node. */
  step(message: Message): void {
    if (this.#isStopped) return
    try {
      this.#raft.step(message)
    } catch (error) {
      this.#fail(error)
      return
    }
    if (message.from === this.#raft.leaderId) this.#heardMs = this.#env.clock.monotonicMs()
    if (this.#raft.role === 'leader') this.#noteContact(message)
    this.#kick()
  }

  #noteContact({ type, from }: Message): void {
    if (type !== 'append-reply' && type !== 'heartbeat-reply' && type !== 'snapshot-reply') return
    const member = this.#raft.memberStatus(from)
    if (member !== null) this.#contacts.heard(member, this.#raft.lastIndex, this.#env.clock.nowMs())
  }

  /** Appends entries; all of them or none. `whenApplied` tells what became of them. */
  propose(data: readonly Buffer[]): ProposeOutcome {
    if (this.#isStopped) return { kind: 'refused', reason: 'not-leader' }
    const outcome = this.#raft.propose(data)
    if (outcome.kind === 'appended') this.#kick()
    return outcome
  }

  /** What became of the entry `index` that was proposed in `term`. */
  whenApplied(index: number, term: number): Promise<ProposalOutcome> {
    if (this.#isStopped) return Promise.resolve({ kind: 'unknown' })
    return this.#proposals.wait(index, term)
  }

  /** Proposes one entry and waits until it is applied here. Refused: null. */
  async proposeAndWait(data: Buffer): Promise<ProposalOutcome | null> {
    const outcome = this.propose([data])
    if (outcome.kind === 'refused') return null
    return await this.whenApplied(outcome.firstIndex, outcome.term)
  }

  proposeChange(change: ConfigChange): ProposeOutcome {
    if (this.#isStopped) return { kind: 'refused', reason: 'not-leader' }
    const outcome = this.#raft.proposeChange(change)
    this.#kick()
    return outcome
  }

  /** Why a change would be refused, in words; null if it would not. */
  changeRefusal(change: ConfigChange): string | null {
    return this.#raft.changeRefusal(change)
  }

  transferLeadership(to: number): boolean {
    const isBegun = !this.#isStopped && this.#raft.transferLeadership(to)
    this.#kick()
    return isBegun
  }

  /**
   * Resolves when this node's state is at least as new as anything that was acknowledged before
   * the call; null after `timeoutMs`, or if leadership changes: then ask again.
   */
  async readBarrier(timeoutMs: number): Promise<number | null> {
    if (this.#isStopped) return null
    const { context, answer } = this.#reads.ask()
    if (!this.#raft.readIndex(context)) this.#reads.cancel(context)
    this.#kick()
    const timer = this.#env.clock.after(timeoutMs, () => this.#reads.cancel(context))
    const index = await answer
    timer.cancel()
    return index
  }

  /** Asks `to` to send its log, for a node that is no member. */
  observe(to: number): void {
    if (this.#isStopped) return
    this.#raft.observe(to)
    this.#kick()
  }

  /** For a node that does not campaign: one that was not heard of for so long does not lead it. */
  forgetSilentLeader(limitMs: number): void {
    const isSilent = this.#env.clock.monotonicMs() - this.#heardMs > limitMs
    if (this.#isStopped || !isSilent || this.#raft.role !== 'follower') return
    this.#raft.forgetLeader()
    this.#leadershipMayHaveChanged()
  }

  /** That id belongs to another log from now on. Voters are known by their disks and never change so. */
  forgetObserver(nodeId: number): void {
    if (!this.#isStopped) this.#raft.forgetObserver(nodeId)
  }

  /** The connection to a node broke: if it leads, its process is probably gone. */
  connectionReset(nodeId: number): void {
    if (this.#isStopped) return
    this.#raft.reportUnreachable(nodeId)
    if (this.#raft.leaderId !== nodeId) return
    const { term } = this.#raft
    this.#raft.forgetLeader()
    this.#leadershipMayHaveChanged()
    this.#env.clock.after(this.#resetCampaignDelay(nodeId), () => {
      if (this.#isStopped || this.#raft.term !== term || this.#raft.leaderId !== null) return
      this.#raft.campaign()
      this.#kick()
    })
  }

  #resetCampaignDelay(leaderId: number): number {
    const candidates = this.#raft.membership.voters.filter(id => id !== leaderId).sort(byNumber)
    const place = Math.max(0, candidates.indexOf(this.#options.nodeId))
    const part = RESET_CAMPAIGN_SPREAD_MS / Math.max(1, candidates.length)
    return RESET_CAMPAIGN_MIN_MS + place * part + (this.#env.random.fraction() * part) / 2
  }

  status(directoryOf: (id: number) => string): QuorumStatus {
    return this.#contacts.status(this.#raft.status(), directoryOf, this.#env.clock.nowMs())
  }

  // --- Rounds ---

  /** Does rounds after this turn: what comes in until then shares one sync. */
  #kick(): void {
    this.#leadershipMayHaveChanged()
    if (this.#isScheduled || this.#pump !== null || this.#isStopped) return
    if (!this.#raft.hasReady()) return
    this.#isScheduled = true
    this.#env.clock.soon(() => {
      this.#isScheduled = false
      if (this.#pump !== null || this.#isStopped) return
      this.#pump = this.#rounds()
      this.#env.log.background(this.#pump, 'rounds of the quorum')
    })
  }

  async #rounds(): Promise<void> {
    try {
      while (!this.#isStopped && (this.#raft.hasReady() || this.#between.length > 0)) {
        for (const task of this.#between.splice(0)) await task()
        if (this.#raft.hasReady()) await this.#round(this.#raft.ready())
        await this.#turns.next()
      }
    } catch (error) {
      this.#fail(error)
    } finally {
      this.#pump = null
    }
  }

  async #round(ready: Ready): Promise<void> {
    this.#send(ready.messages)
    await this.#storage.write(ready)
    if (this.#isStopped) return
    if (ready.snapshot !== null) await this.#restore()
    this.#send(ready.promises)
    this.#apply(ready.committed)
    for (const read of ready.reads) this.#reads.confirmed(read)
    this.#raft.advance()
    this.#reads.applied(this.#raft.appliedIndex)
    this.#leadershipMayHaveChanged()
    this.#snapshots.maybeTake()
  }

  async #restore(): Promise<void> {
    const loaded = await this.#storage.snapshots.load()
    if (loaded === null) throw new Error('the snapshot that was just installed cannot be read')
    this.#machine.restore(loaded.data, loaded.meta.index, loaded.meta.term)
    this.#snapshots.restored()
  }

  #apply(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    this.#machine.apply(
      entries.map(({ index, term, kind, data }) => ({
        index,
        term,
        data: kind === 'normal' ? data : null,
      })),
    )
    for (const entry of entries) {
      this.#turns.applied(entry.data.length)
      this.#snapshots.applied(entry.data.length)
      this.#proposals.applied(entry)
    }
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      if (message.type === 'snapshot')
        this.#env.log.background(this.#snapshots.send(message), 'sending a snapshot')
      else this.#sink.send(message)
    }
  }

  // --- Leadership ---

  #leadershipMayHaveChanged(): void {
    const { term, leaderId, role, appliedIndex } = this.#raft
    const isActive = role === 'leader' && this.#raft.termAt(appliedIndex) === term
    const known = this.#leadership
    if (known.term === term && known.leaderId === leaderId && known.isActive === isActive) return
    const wasLeader = known.leaderId === this.#options.nodeId
    this.#leadership = { term, leaderId, isActive }
    if (wasLeader && (leaderId !== this.#options.nodeId || known.term !== term)) {
      this.#proposals.abandonAll()
      this.#contacts.clear()
    }
    if (known.leaderId !== leaderId) this.#reads.abandonAll()
    this.#machine.leadershipChanged(this.#leadership)
  }

  // --- Snapshots ---

  /** Saves the state as it is now and forgets entries that it covers. */
  takeSnapshot(): Promise<void> {
    return this.#snapshots.take()
  }

  /** Something to be done between two rounds. */
  #later(task: () => Promise<void>): void {
    this.#between.push(task)
    if (this.#pump !== null || this.#isStopped) return
    this.#pump = this.#rounds()
    this.#env.log.background(this.#pump, 'rounds of the quorum')
  }
}

const byNumber = (a: number, b: number): number => a - b
