// What one node of the consensus knows, and the four roles it moves between. Internal to the
// package: `raft.ts` is the way in; `election.ts`, `replication.ts` and `snapshot-transfer.ts` hold
// the rules that work on it.
//
// Invariants: the term never falls; one vote a term; a leader commits by its own term only.

import { EMPTY_MEMBERSHIP } from './confchange.ts'
import { isAhead, RaftLog } from './raft-log.ts'
import { ReadQueue } from './read-index.ts'
import { Tracker } from './tracker.ts'
import type {
  AppendReply,
  Entry,
  EntryKind,
  HardState,
  Message,
  Position,
  ProposeOutcome,
  ReadState,
  RefusalReason,
  Role,
  SnapshotChunk,
  SnapshotMeta,
} from './types.ts'
import { UncommittedBudget } from './uncommitted-budget.ts'

export interface RaftLimits {
  /** A follower campaigns after this many ticks without a leader, up to twice as many. */
  readonly electionTicks: number
  readonly heartbeatTicks: number
  /** Entry bytes in one append message (at least one entry goes, whatever its size). */
  readonly maxAppendBytes: number
  /** Messages and bytes sent ahead of a follower's answers. */
  readonly maxInflightMessages: number
  readonly maxInflightBytes: number
  /** Entry bytes that a leader accepts beyond its commit index. */
  readonly maxUncommittedBytes: number
  /** Entry bytes handed out in one `Ready` to be applied. */
  readonly maxApplyBytes: number
  readonly maxObservers: number
}

export interface RaftOptions extends RaftLimits {
  readonly id: number
  /** Null on a node that never wrote any. */
  readonly hardState: HardState | null
  /** What the log starts after; null on an empty node that waits to be added. */
  readonly snapshot: SnapshotMeta | null
  /** Everything on disk after the snapshot. */
  readonly entries: readonly Entry[]
  /** An integer in [0, limit). */
  readonly random: (limit: number) => number
}

export function refused(reason: RefusalReason): ProposeOutcome {
  return { kind: 'refused', reason }
}

/** A snapshot that arrives in chunks. */
export interface IncomingSnapshot {
  readonly from: number
  readonly snapshot: SnapshotMeta
  nextOffset: number
}

export class RaftState {
  readonly id: number
  readonly limits: RaftLimits
  readonly log: RaftLog
  readonly tracker: Tracker
  readonly reads = new ReadQueue()
  readonly budget: UncommittedBudget
  readonly #random: (limit: number) => number

  term: number
  vote: number | null
  role: Role = 'follower'
  leaderId: number | null = null

  electionElapsed = 0
  heartbeatElapsed = 0
  electionTimeoutTicks: number
  transferTarget: number | null = null
  /** The last config entry that was appended: another waits until it is applied. */
  pendingConfigIndex = 0

  /** The newest snapshot that this node can send. */
  snapshot: SnapshotMeta | null
  incoming: IncomingSnapshot | null = null
  /** Received completely; the driver has not installed it yet. */
  uninstalled: SnapshotMeta | null = null
  chunks: SnapshotChunk[] = []

  /** The end that the log has to reach again, because this node had promised it; else null. */
  #damagedUntil: Position | null

  outbox: Message[] = []
  readStates: ReadState[] = []

  constructor(options: RaftOptions) {
    this.id = options.id
    this.limits = options
    this.#random = options.random
    const snapshot = options.snapshot ?? { index: 0, term: 0 }
    const hard = options.hardState
    this.log = new RaftLog(snapshot, options.entries, hard?.commitIndex ?? 0)
    this.snapshot = options.snapshot
    const membership = options.snapshot?.membership ?? EMPTY_MEMBERSHIP
    this.tracker = new Tracker(options.id, membership, options)
    this.budget = new UncommittedBudget(options.maxUncommittedBytes)
    // Entries are synced before the hard state: a crash in between leaves the log ahead, and then
    // nothing was promised in its last term.
    this.term = Math.max(hard?.term ?? 0, this.log.lastTerm)
    this.vote = hard !== null && hard.term === this.term ? hard.vote : null
    const acked = hard?.acked ?? { term: 0, index: 0 }
    this.#damagedUntil = isAhead(acked, this.log.lastPosition) ? acked : null
    this.electionTimeoutTicks = this.#randomTimeout()
  }

  #randomTimeout(): number {
    return this.limits.electionTicks + this.#random(this.limits.electionTicks)
  }

  get isLeader(): boolean {
    return this.role === 'leader'
  }

  /** The log lost entries that this node had promised to hold: it must not decide elections. */
  isDamaged(): boolean {
    return this.#damagedUntil !== null
  }

  /** What the hard state has to say once everything in memory is written. */
  promised(): Position {
    const end = this.log.lastPosition
    return this.#damagedUntil !== null && isAhead(this.#damagedUntil, end)
      ? this.#damagedUntil
      : end
  }

  /** What it has to say before the log is cut behind `index`. */
  promisedBeforeCut(index: number): Position {
    return this.#damagedUntil ?? { term: this.log.termAt(index) ?? 0, index }
  }

  /** After a write: a leader may have brought back everything that was lost. */
  maybeHealed(): void {
    if (this.#damagedUntil !== null && !isAhead(this.#damagedUntil, this.log.stablePosition))
      this.#damagedUntil = null
  }

  /** Whether this node may try to become leader. */
  canCampaign(): boolean {
    return (
      this.tracker.isVoter(this.id) &&
      this.uninstalled === null &&
      !this.isDamaged() &&
      !this.#hasUnappliedConfig()
    )
  }

  /** A committed change that is not applied yet could decide who may lead. */
  #hasUnappliedConfig(): boolean {
    const { appliedIndex, commitIndex } = this.log
    if (appliedIndex === commitIndex) return false
    return this.log
      .between(appliedIndex + 1, commitIndex + 1, Number.POSITIVE_INFINITY)
      .some(entry => entry.kind === 'config')
  }

  /** Whether this node heard its leader so recently that it will not help to replace it. */
  isInLease(): boolean {
    return this.leaderId !== null && this.electionElapsed < this.limits.electionTicks
  }

  /** Whether the leader has committed an entry of its own term. */
  hasCommittedInTerm(): boolean {
    return this.log.termAt(this.log.commitIndex) === this.term
  }

  /** What candidates and voters tell each other of the commit index. */
  commitNews(): { commitIndex: number; commitTerm: number } {
    const { commitIndex } = this.log
    return { commitIndex, commitTerm: this.log.termAt(commitIndex) ?? 0 }
  }

  /** Takes over a commit index if this log has the entry that was committed there. */
  learnCommit(news: { readonly commitIndex: number; readonly commitTerm: number }): void {
    if (this.log.matches(news.commitIndex, news.commitTerm)) this.log.commitTo(news.commitIndex)
  }

  send(message: Message): void {
    this.outbox.push(message)
  }

  /** The answer of a follower that has everything up to `index`. */
  appendReply(to: number, index: number): AppendReply {
    return {
      type: 'append-reply',
      from: this.id,
      to,
      term: this.term,
      isRejected: false,
      index,
      hintIndex: 0,
      hintTerm: 0,
      isDamaged: this.isDamaged(),
    }
  }

  #reset(term: number): void {
    if (term !== this.term) {
      this.term = term
      this.vote = null
    }
    this.leaderId = null
    this.electionElapsed = 0
    this.heartbeatElapsed = 0
    this.electionTimeoutTicks = this.#randomTimeout()
    this.transferTarget = null
    this.pendingConfigIndex = 0
    this.reads.reset()
    this.budget.reset(0)
    this.tracker.reset(this.log.lastIndex + 1)
  }

  becomeFollower(term: number, leaderId: number | null): void {
    this.#reset(term)
    this.role = 'follower'
    this.leaderId = leaderId
  }

  /** Asks whether it could win, without a new term that would disturb others. */
  becomePreCandidate(): void {
    this.role = 'pre-candidate'
    this.leaderId = null
    this.electionElapsed = 0
    this.electionTimeoutTicks = this.#randomTimeout()
    this.tracker.clearVotes()
  }

  becomeCandidate(): void {
    this.#reset(this.term + 1)
    this.role = 'candidate'
    this.vote = this.id
  }

  becomeLeader(): void {
    this.#reset(this.term)
    this.role = 'leader'
    this.leaderId = this.id
    const own = this.tracker.progressOf(this.id)
    if (own !== undefined) {
      own.matchIndex = this.log.stableIndex
      own.becomeReplicate()
    }
    // A config entry among the uncommitted ones is not known: all of them count as one.
    this.pendingConfigIndex = this.log.lastIndex
    const { commitIndex, lastIndex } = this.log
    const open = this.log.between(commitIndex + 1, lastIndex + 1, Number.POSITIVE_INFINITY)
    this.budget.reset(UncommittedBudget.sizeOf(open))
    this.appendOwn([{ kind: 'empty', data: Buffer.alloc(0) }])
  }

  /** A leader adds entries of its term; answers the index of the first. */
  appendOwn(items: readonly { readonly kind: EntryKind; readonly data: Buffer }[]): number {
    const firstIndex = this.log.lastIndex + 1
    const entries = items.map((item, i) => ({
      index: firstIndex + i,
      term: this.term,
      kind: item.kind,
      data: item.data,
    }))
    this.log.append(entries)
    this.budget.add(UncommittedBudget.sizeOf(entries))
    return firstIndex
  }
}
