// The vocabulary of the consensus core: entries, messages, persistent state and what a driver is
// asked to do (`Ready`). Plain values only; `codec.ts` gives their bytes.
//
// Indexes start at 1; 0 is the position before the first entry, its term is 0. Node ids are
// positive integers. All numbers here stay below 2^53.

export type EntryKind = 'normal' | 'config' | 'empty'

/** `empty` is the entry that every leader starts its term with. */
export interface Entry {
  readonly index: number
  readonly term: number
  readonly kind: EntryKind
  readonly data: Buffer
}

/** A place in the log. Ordered by term first, as Raft compares logs. */
export interface Position {
  readonly term: number
  readonly index: number
}

export interface HardState {
  readonly term: number
  readonly vote: number | null
  /** Inclusive; a hint that needs no fsync. */
  readonly commitIndex: number
  /**
   * The end of the log that this node has promised to others to hold. A log that ends before it
   * was damaged, and its node neither votes nor campaigns until a leader has brought it back.
   */
  readonly acked: Position
}

export interface Member {
  readonly id: number
  /** The identity of the node's disk; empty while unknown. */
  readonly directoryId: string
  /** Where the member can be reached, as `host:port`; empty while unknown. */
  readonly address: string
}

/** Who is in the cluster. Two sets of voters exist while a joint change is under way. */
export interface Membership {
  readonly voters: readonly number[]
  /** The voters of the old configuration; not empty only in a joint configuration. */
  readonly outgoingVoters: readonly number[]
  readonly learners: readonly number[]
  /** Outgoing voters that become learners when the joint configuration ends. */
  readonly nextLearners: readonly number[]
  readonly autoLeave: boolean
  readonly members: readonly Member[]
  /** Members that were removed: the same id with the same directory never comes back. */
  readonly retired: readonly Member[]
}

export type ConfigChangeKind = 'add-voter' | 'add-learner' | 'remove'

export interface MemberChange {
  readonly kind: ConfigChangeKind
  readonly member: Member
}

/** What a `config` entry holds. No changes: the joint configuration is left. */
export interface ConfigChange {
  readonly changes: readonly MemberChange[]
}

export interface SnapshotMeta {
  /** The last entry that the snapshot includes. */
  readonly index: number
  readonly term: number
  readonly membership: Membership
  readonly bytes: number
}

interface Envelope {
  readonly from: number
  readonly to: number
  readonly term: number
}

/**
 * How far the sender knows the log to be committed. A node that cannot win because it does not know
 * that a configuration is in force would otherwise never learn of it without a leader.
 */
interface CommitNews {
  readonly commitIndex: number
  readonly commitTerm: number
}

/** For `pre-vote` the term is the one that the sender would campaign in. */
export interface VoteRequest extends Envelope, CommitNews {
  readonly type: 'pre-vote' | 'vote'
  readonly lastIndex: number
  readonly lastTerm: number
  /** Ordered by a leader that hands over: voters do not wait for its lease to end. */
  readonly isTransfer: boolean
}

export interface VoteReply extends Envelope, CommitNews {
  readonly type: 'pre-vote-reply' | 'vote-reply'
  readonly isGranted: boolean
}

export interface AppendRequest extends Envelope {
  readonly type: 'append'
  readonly previousIndex: number
  readonly previousTerm: number
  readonly entries: readonly Entry[]
  readonly commitIndex: number
}

export interface AppendReply extends Envelope {
  readonly type: 'append-reply'
  readonly isRejected: boolean
  /** Accepted: the last index known to match. Rejected: the previousIndex that did not match. */
  readonly index: number
  /** Rejected: the highest place of the follower's log that may match. */
  readonly hintIndex: number
  readonly hintTerm: number
  /** The follower lost what it had promised: what the leader knows about it is void. */
  readonly isDamaged: boolean
}

export interface HeartbeatRequest extends Envelope {
  readonly type: 'heartbeat'
  readonly commitIndex: number
  /** The newest batch of reads that an answer to this confirms. */
  readonly readSequence: number
}

export interface HeartbeatReply extends Envelope {
  readonly type: 'heartbeat-reply'
  readonly readSequence: number
  /** The follower lost what it had promised and waits to be sent it again. */
  readonly isDamaged: boolean
}

/** One chunk of a snapshot. The driver fills in `data` and `isLast` from its store. */
export interface SnapshotRequest extends Envelope {
  readonly type: 'snapshot'
  readonly snapshot: SnapshotMeta
  readonly offset: number
  readonly data: Buffer
  readonly isLast: boolean
}

export interface SnapshotReply extends Envelope {
  readonly type: 'snapshot-reply'
  readonly index: number
  /** The offset of the chunk that is wanted next. */
  readonly nextOffset: number
}

export interface TimeoutNowRequest extends Envelope {
  readonly type: 'timeout-now'
}

/** A follower asks for an index at which it may serve a linearizable read. */
export interface ReadRequest extends Envelope {
  readonly type: 'read'
  readonly context: number
}

export interface ReadReply extends Envelope {
  readonly type: 'read-reply'
  readonly context: number
  readonly index: number
}

/** A node that is no member asks to be sent the log; repeated, and forgotten when it stops. */
export interface ObserveRequest extends Envelope {
  readonly type: 'observe'
  readonly lastIndex: number
}

export type Message =
  | VoteRequest
  | VoteReply
  | AppendRequest
  | AppendReply
  | HeartbeatRequest
  | HeartbeatReply
  | SnapshotRequest
  | SnapshotReply
  | TimeoutNowRequest
  | ReadRequest
  | ReadReply
  | ObserveRequest

export type MessageType = Message['type']

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader'

/** A read asked for with `readIndex(context)` may be served once `index` is applied. */
export interface ReadState {
  readonly context: number
  readonly index: number
}

export interface SnapshotChunk {
  readonly snapshot: SnapshotMeta
  readonly offset: number
  readonly data: Buffer
  readonly isLast: boolean
}

/**
 * One round of work for the driver, in this order: send `messages`; write `chunks`; install
 * `snapshot`; sync `truncation` and cut the log if there is one; write `entries` and sync; write
 * `hardState` and sync if `mustSync`; send `promises`; apply `committed`; answer `reads`; advance.
 */
export interface Ready {
  /** These promise nothing that this round writes. */
  readonly messages: readonly Message[]
  readonly chunks: readonly SnapshotChunk[]
  readonly snapshot: SnapshotMeta | null
  /** Synced before a log that reaches `entries[0].index` or beyond is cut there. */
  readonly truncation: HardState | null
  readonly entries: readonly Entry[]
  readonly hardState: HardState | null
  readonly mustSync: boolean
  readonly promises: readonly Message[]
  readonly committed: readonly Entry[]
  readonly reads: readonly ReadState[]
}

export type ProposeOutcome =
  | { readonly kind: 'appended'; readonly firstIndex: number; readonly term: number }
  | { readonly kind: 'refused'; readonly reason: RefusalReason }

export type RefusalReason =
  | 'not-leader'
  | 'transferring'
  | 'busy'
  | 'change-pending'
  | 'term-not-committed'
  | 'invalid-change'
  | 'not-caught-up'

export interface MemberStatus {
  readonly id: number
  readonly role: 'voter' | 'learner' | 'observer'
  readonly state: 'probe' | 'replicate' | 'snapshot'
  readonly matchIndex: number
  readonly nextIndex: number
  readonly isActive: boolean
  readonly inflightBytes: number
}

export interface RaftStatus {
  readonly id: number
  readonly term: number
  readonly role: Role
  readonly leaderId: number | null
  readonly vote: number | null
  readonly firstIndex: number
  readonly lastIndex: number
  readonly commitIndex: number
  readonly appliedIndex: number
  readonly isDamaged: boolean
  readonly uncommittedBytes: number
  readonly membership: Membership
  readonly transferTarget: number | null
  /** On a leader: everybody it replicates to and itself. */
  readonly members: readonly MemberStatus[]
}
