// One partition on one broker: who leads it, how far it is committed, and who waits for that.
//
// Invariants: highWatermark <= written offset of every ISR member; the leader counts its own written
// offset; the high watermark moves only while the ISR has min.insync.replicas members (R6); a log that
// is being cut has no leader here.
// Appends are synchronous: decide, append, or refuse; acks are drained when a write completes and
// when the high watermark moves. Nothing here awaits, but for reads from the disk and cuts.

import type { PartitionImage } from '@weir/controller'
import { assert, type Env } from '@weir/core'
import type {
  AppendOptions,
  AppendOutcome,
  Log,
  LogFailure,
  LogListener,
  ReadOutcome,
} from '@weir/log'
import type { ErrorName, RecordValidationOptions } from '@weir/protocol'
import { AppendQueue } from './append-queue.ts'
import type { FollowerFetch } from './follower-state.ts'
import { type LeaderOptions, LeaderState } from './leader-state.ts'
import { LowWatermark } from './low-watermark.ts'
import { isThrottled, type PartitionConfig, validationOptions } from './partition-config.ts'
import type {
  AppendRefusal,
  FollowerListener,
  PartitionOptions,
  PartitionRead,
  PartitionStart,
  ReadView,
} from './partition-types.ts'
import { PartitionWatchers } from './partition-watchers.ts'
import { type AckWaiter, PendingAcks } from './pending-acks.ts'

export class Partition implements LogListener {
  readonly topic: string
  readonly topicId: string
  readonly partitionIndex: number
  readonly log: Log
  readonly watchers = new PartitionWatchers()
  readonly #env: Env
  readonly #nodeId: number
  #config: PartitionConfig
  // What an idle partition does not need is made when it is first used: there may be 20,000 of them.
  #validation: RecordValidationOptions | null = null
  #appendQueue: AppendQueue | null = null
  #lowWatermark: LowWatermark | null = null
  #leaderOptions: LeaderOptions | null = null
  #image: PartitionImage
  readonly #options: PartitionOptions
  /** Null while this broker does not lead, or may not yet. */
  #leader: LeaderState | null = null
  #followerListener: FollowerListener | null = null
  /** Cuts of the log that are under way. */
  #cutCount = 0
  readonly #writtenAcks = new PendingAcks()
  readonly #committedAcks = new PendingAcks()
  #isClosed = false

  constructor(env: Env, options: PartitionOptions, log: Log, state: PartitionStart) {
    this.#env = env
    this.#options = options
    this.#nodeId = options.nodeId
    this.log = log
    this.topic = state.topic
    this.topicId = state.image.topicId
    this.partitionIndex = state.image.partitionIndex
    this.#config = state.config
    this.#image = { ...state.image, leader: -1, leaderEpoch: -1 }
    log.setListener(this)
    this.applyImage(state.image)
  }

  get isLeader(): boolean {
    return this.#leader !== null
  }
  /** A replica of another leader. */
  get isFollower(): boolean {
    return this.#image.leader !== this.#nodeId && !this.#isClosed
  }
  get leaderId(): number {
    return this.#image.leader
  }
  get leaderEpoch(): number {
    return this.#image.leaderEpoch
  }
  /** The committed ISR as far as it is known here. */
  get isr(): readonly number[] {
    return this.#leader?.isr ?? this.#image.isr
  }
  /** The ISR as the metadata has it: a leader may know of a newer one. */
  get imageIsr(): readonly number[] {
    return this.#image.isr
  }
  /** Null on followers. */
  get leaderState(): LeaderState | null {
    return this.#leader
  }
  get replicas(): readonly number[] {
    return this.#image.replicas
  }
  get config(): PartitionConfig {
    return this.#config
  }
  /** How records of producers are checked. */
  get validation(): RecordValidationOptions {
    this.#validation ??= validationOptions(this.#config)
    return this.#validation
  }
  /** Batches that are validated elsewhere; while it is busy all others line up behind. */
  get appendQueue(): AppendQueue {
    this.#appendQueue ??= new AppendQueue(this.#env, this, this.#options.turns)
    return this.#appendQueue
  }
  get lowWatermark(): LowWatermark {
    this.#lowWatermark ??= new LowWatermark(this.#env, () => this.#leader?.lowWatermark() ?? null)
    return this.#lowWatermark
  }
  get highWatermark(): number {
    return this.log.highWatermark
  }
  /** False for a new leader that does not know yet how far its log is committed. */
  get knowsEndOffset(): boolean {
    return this.log.highWatermark >= (this.#leader?.epochStartOffset ?? 0)
  }
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Takes over what the controller decided. */
  applyImage(image: PartitionImage): void {
    const before = this.#image
    if (image === before || this.#isClosed) return
    this.#image = image
    const isNewEpoch = image.leaderEpoch !== before.leaderEpoch
    if (isNewEpoch) {
      this.#leader?.close()
      this.#leader = null
      if (image.leader !== this.#nodeId) {
        // What waits here was appended and may yet be committed: neither success nor "not leader".
        this.#writtenAcks.failAll('REQUEST_TIMED_OUT')
        this.#committedAcks.failAll('REQUEST_TIMED_OUT')
      }
      this.#maybeLead()
    } else {
      this.#leader?.applyImage(image)
    }
    this.#lowWatermark?.check()
    // An ISR is nothing that readers see, but for what it commits.
    const hasMoved = this.#maybeAdvanceHighWatermark()
    if (isNewEpoch || hasMoved) this.watchers.tellAll(this)
  }

  /** Begins the epoch, unless the log is being cut: its end is not known before that is done. */
  #maybeLead(): void {
    if (this.#image.leader !== this.#nodeId || this.#cutCount > 0 || this.#isClosed) return
    this.#leaderOptions ??= {
      nodeId: this.#nodeId,
      log: this.log,
      authority: this.#options.authority,
      minInsyncReplicas: () => this.#config.minInsyncReplicas,
      nowMs: () => this.#env.clock.monotonicMs(),
      onIsrChange: () => this.#onIsrChange(),
    }
    this.#leader = new LeaderState(this.#leaderOptions, this.#image)
    // Also with no record in it: who asks for the end of the former epoch finds it here (R4).
    this.log.assignEpoch(this.#image.leaderEpoch)
  }

  #onIsrChange(): void {
    if (this.#maybeAdvanceHighWatermark()) this.watchers.tellAll(this)
  }

  /** Who is behind leaves the ISR, who has caught up joins. Called by the clock. */
  sweepIsr(): void {
    if (this.#leader === null) return
    this.#leader.sweep()
    // Who was waited for, as one about to join or to delete, may be gone.
    this.#lowWatermark?.check()
    if (this.#maybeAdvanceHighWatermark()) this.watchers.tellAll(this)
  }

  /** Brokers have come or gone, which is of no matter where all are in sync and nobody waits. */
  brokersChanged(): void {
    if (this.#leader?.isFull === true && this.#lowWatermark === null) return
    this.sweepIsr()
  }

  updateConfig(config: PartitionConfig): void {
    this.#config = config
    this.#validation = null
    // Fewer in-sync replicas may be enough now.
    this.#onIsrChange()
  }

  /** Null if a request in this epoch may be served here; -1 is a client that does not know epochs. */
  checkLeader(currentLeaderEpoch: number): ErrorName | null {
    const refusal = this.checkLeaderEpoch(currentLeaderEpoch)
    if (refusal !== null) return refusal
    // After a pause somebody else may lead by now (N2, R16).
    return this.#isInDoubt ? 'NOT_LEADER_OR_FOLLOWER' : null
  }

  /**
   * The same for a replica, also while this broker is in doubt: what is read and acknowledged in one
   * leader epoch is right, whoever leads the next one.
   */
  checkLeaderEpoch(currentLeaderEpoch: number): ErrorName | null {
    if (this.#isClosed) return 'UNKNOWN_TOPIC_OR_PARTITION'
    return this.#checkEpoch(currentLeaderEpoch) ?? (this.isLeader ? null : 'NOT_LEADER_OR_FOLLOWER')
  }

  /** Null if a consumer may read here, from the leader or from a follower (KIP-392). */
  checkReader(currentLeaderEpoch: number): ErrorName | null {
    if (this.isLeader || !this.isFollower) return this.checkLeader(currentLeaderEpoch)
    const refusal = this.#checkEpoch(currentLeaderEpoch)
    return refusal ?? (this.#isInDoubt ? 'NOT_LEADER_OR_FOLLOWER' : null)
  }

  get #isInDoubt(): boolean {
    return this.#options.guard?.mayServe() === false
  }

  #checkEpoch(currentLeaderEpoch: number): ErrorName | null {
    if (currentLeaderEpoch < 0) return null
    if (currentLeaderEpoch < this.#image.leaderEpoch) return 'FENCED_LEADER_EPOCH'
    return currentLeaderEpoch > this.#image.leaderEpoch ? 'UNKNOWN_LEADER_EPOCH' : null
  }

  /** Null if an append with acks=all may begin. */
  checkInsyncReplicas(): ErrorName | null {
    return this.#leader?.hasEnoughInsync === true ? null : 'NOT_ENOUGH_REPLICAS'
  }

  /**
   * Appends one batch (of a producer: validated already) as the leader. Synchronous; wait for it
   * with `awaitWritten` or `awaitCommitted` up to `lastOffset + 1`.
   */
  appendAsLeader(
    records: Buffer,
    origin: AppendOptions['origin'],
    nowMs: number,
  ): AppendOutcome | AppendRefusal {
    const refusal = this.checkLeader(-1)
    if (refusal !== null) return failed(refusal, 'this broker does not lead the partition')
    const leaderEpoch = this.#image.leaderEpoch
    return this.log.append(records, { leaderEpoch, origin, nowMs })
  }

  /**
   * Appends what was fetched in `leaderEpoch` from the leader of that epoch, if it still is that epoch
   * (R5). The next offset is fetched only when this is written.
   */
  appendAsFollower(records: Buffer, leaderEpoch: number): AppendOutcome | AppendRefusal {
    if (!this.isFollower || leaderEpoch !== this.#image.leaderEpoch) {
      return failed('FENCED_LEADER_EPOCH', `fetched in epoch ${leaderEpoch}, which is over`)
    }
    const nowMs = this.#env.clock.nowMs()
    return this.log.append(records, { leaderEpoch, origin: 'replication', nowMs })
  }

  /** Whether that follower is served at a throttled rate. */
  isThrottledLeaderOf(replicaId: number): boolean {
    return isThrottled(this.#config.leaderThrottled, this.partitionIndex, replicaId)
  }

  /** Whether this broker fetches it at a throttled rate. */
  isThrottledFollower(nodeId: number): boolean {
    return isThrottled(this.#config.followerThrottled, this.partitionIndex, nodeId)
  }

  /** One listener; null removes it. */
  setFollowerListener(listener: FollowerListener | null): void {
    this.#followerListener = listener
  }

  /** What the leader says is committed, as far as it is here. Never goes down but by a cut. */
  updateFollowerHighWatermark(leaderHighWatermark: number): void {
    const highWatermark = Math.min(leaderHighWatermark, this.log.logEndOffset)
    if (!this.isFollower || highWatermark <= this.log.highWatermark) return
    this.log.updateHighWatermark(highWatermark)
    this.watchers.tellAll(this)
  }

  /** Removes what is at and above `offset`; the log is led by nobody here until that is durable. */
  truncateTo(offset: number): Promise<void> {
    return this.#cut(() => this.log.truncateTo(offset))
  }

  /** Empties the log; the next offset is `offset` (R20). */
  restartAt(offset: number): Promise<void> {
    return this.#cut(() => this.log.truncateFullyAndStartAt(offset))
  }

  async #cut(task: () => Promise<void>): Promise<void> {
    this.#cutCount++
    try {
      await task()
    } finally {
      this.#cutCount--
      if (this.#cutCount === 0 && this.#leader === null) {
        this.#maybeLead()
        if (this.isLeader) this.#options.onLateLeader?.(this)
      }
      this.watchers.tellAll(this)
    }
  }

  /** Calls the waiter when all below `endOffset` is written here; at once if it is. */
  awaitWritten(endOffset: number, waiter: AckWaiter, slot: number): void {
    if (this.log.writtenEndOffset >= endOffset) waiter.onAck(slot, null)
    else this.#writtenAcks.add(endOffset, waiter, slot)
  }

  /** Calls the waiter when all below `endOffset` is committed; at once if it is. */
  awaitCommitted(endOffset: number, waiter: AckWaiter, slot: number): void {
    if (this.log.highWatermark >= endOffset) waiter.onAck(slot, this.#committedError())
    else this.#committedAcks.add(endOffset, waiter, slot)
  }

  get hasPendingAcks(): boolean {
    return this.#writtenAcks.size > 0 || this.#committedAcks.size > 0
  }

  expireAcks(monotonicMs: number): void {
    this.#writtenAcks.expire(monotonicMs)
    this.#committedAcks.expire(monotonicMs)
  }

  /** The end of what a view sees. Exclusive. */
  endOffsetOf(view: ReadView): number {
    if (view === 'logEnd') return this.log.logEndOffset
    if (view === 'replica') return this.log.writtenEndOffset
    return view === 'committed' ? this.log.lastStableOffset : this.log.highWatermark
  }

  /** Epochs have been checked by the caller. A value at once if all of it is in memory. */
  read(request: PartitionRead): ReadOutcome | Promise<ReadOutcome> {
    return this.log.read({
      fromOffset: request.fetchOffset,
      maxBytes: request.maxBytes,
      limitOffset: this.endOffsetOf(request.view),
      minOneBatch: request.minOneBatch,
      withAborted: request.view === 'committed',
    })
  }

  /**
   * A follower's fetch in the epoch of this leader, which the caller has checked. False if this broker
   * does not lead or the replica is not one of the partition's.
   */
  onFollowerFetch(fetch: FollowerFetch): boolean {
    if (this.#leader === null || !this.#leader.onFetch(fetch)) return false
    this.#lowWatermark?.check()
    if (this.#maybeAdvanceHighWatermark()) this.watchers.tellAll(this)
    return true
  }

  /** The log start has moved: by DeleteRecords, retention, or the leader's word. */
  onLogStartOffset(): void {
    this.watchers.tellAll(this)
  }

  onWritten(): void {
    const hasMoved = this.#maybeAdvanceHighWatermark()
    if (this.#writtenAcks.size > 0) {
      this.#writtenAcks.completeBelow(this.log.writtenEndOffset, null)
    }
    if (hasMoved) this.watchers.tellAll(this)
    else this.watchers.tellReplicas(this)
    this.#followerListener?.onFollowerWritten()
  }

  onFailure(failure: LogFailure): void {
    this.#env.log.warn('appended records are dropped; none of them was acknowledged', {
      topic: this.topic,
      partitionIndex: this.partitionIndex,
      fromOffset: failure.fromOffset,
      cause: failure.cause.message,
    })
    this.#writtenAcks.failAbove(failure.fromOffset, 'KAFKA_STORAGE_ERROR')
    this.#committedAcks.failAbove(failure.fromOffset, 'KAFKA_STORAGE_ERROR')
    this.watchers.onAppendsLost(this, failure.fromOffset)
    // The epoch may have begun with what is lost: it goes on where the log ends now.
    if (this.#leader !== null && failure.kind === 'space') {
      this.log.assignEpoch(this.#leader.leaderEpoch)
    }
    if (failure.kind === 'space') this.#options.onDiskFull?.(this)
    this.watchers.tellAll(this)
    this.#followerListener?.onFollowerWritten()
  }

  onDamage(): void {
    this.#followerListener?.onFollowerDamaged()
  }

  /** The partition is gone from this broker: deleted, or the node stops. */
  close(): void {
    this.#isClosed = true
    this.#leader?.close()
    this.#leader = null
    this.#lowWatermark?.check()
    this.#followerListener = null
    this.log.setListener(null)
    this.#writtenAcks.failAll('REQUEST_TIMED_OUT')
    this.#committedAcks.failAll('REQUEST_TIMED_OUT')
    this.watchers.tellAll(this)
    this.watchers.clear()
  }

  /** R11: what is committed while the ISR is too small is written, and may be lost with it. */
  #committedError(): ErrorName | null {
    const isEnough = this.#leader?.hasEnoughMaximal ?? true
    return isEnough ? null : 'NOT_ENOUGH_REPLICAS_AFTER_APPEND'
  }

  #maybeAdvanceHighWatermark(): boolean {
    const highWatermark = this.#leader?.highWatermark() ?? null
    if (highWatermark === null || highWatermark <= this.log.highWatermark) return false
    assert(highWatermark <= this.log.logEndOffset, 'high watermark beyond log end', {
      highWatermark,
      logEndOffset: this.log.logEndOffset,
    })
    this.log.updateHighWatermark(highWatermark)
    if (this.#committedAcks.size > 0) {
      this.#committedAcks.completeBelow(highWatermark, this.#committedError())
    }
    this.watchers.onHighWatermark(this)
    return true
  }
}

function failed(error: ErrorName, message: string): AppendRefusal {
  return { kind: 'failed', error, message }
}
