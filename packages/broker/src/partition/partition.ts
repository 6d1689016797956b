// One partition on one broker: who leads it, how far it is committed, and who waits for that.
//
// Invariants: highWatermark <= written offset of every ISR member; the leader counts its own written
// offset; the high watermark moves only while the ISR has min.insync.replicas members (R6).
// Appends are synchronous: decide, append, or refuse; acks are drained when a write completes and
// when the high watermark moves. Nothing here awaits, but for reads from the disk.

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
import { FollowerState } from './follower-state.ts'
import type { PartitionConfig } from './partition-config.ts'
import { type AckWaiter, PendingAcks } from './pending-acks.ts'

/** A batch compressed to more than this is validated in a worker thread. */
const INLINE_INPUT_BYTES = 256 * 1024
/** So is one that holds more than this. */
const INLINE_OUTPUT_BYTES = 4 * 1024 * 1024
/** The decompressed records of one batch at most, or eight times the stored limit (H6). */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** How much a reader may see: 'committed' is below the last stable offset. */
export type ReadView = 'uncommitted' | 'committed' | 'logEnd'

export interface PartitionRead {
  readonly fetchOffset: number
  readonly maxBytes: number
  /** True: the first batch comes whole even if it is larger than `maxBytes`. */
  readonly minOneBatch: boolean
  readonly view: ReadView
}

/** Somebody who reads along: told in the turn in which there may be something new to see. */
export interface PartitionSubscriber {
  onPartitionChange(partition: Partition): void
}

/** A coordinator that keeps its state in this partition. */
export interface PartitionListener {
  onHighWatermark(partition: Partition): void
  /** Appended records from `fromOffset` on are lost: forget and reload. */
  onAppendsLost(partition: Partition, fromOffset: number): void
}

export type AppendRefusal = {
  readonly kind: 'failed'
  readonly error: ErrorName
  readonly message: string
}

export class Partition implements LogListener {
  readonly topic: string
  readonly topicId: string
  readonly partitionIndex: number
  readonly log: Log
  /** Batches that are validated elsewhere; while it is busy all others line up behind. */
  readonly appendQueue: AppendQueue
  readonly #env: Env
  readonly #nodeId: number
  #config: PartitionConfig
  #validation: RecordValidationOptions
  #image: PartitionImage
  readonly #followers = new Map<number, FollowerState>()
  readonly #writtenAcks = new PendingAcks()
  readonly #committedAcks = new PendingAcks()
  readonly #subscribers = new Set<PartitionSubscriber>()
  readonly #listeners = new Set<PartitionListener>()
  #changeCount = 0
  /** Log end when this broker became the leader; below it the end is not known yet (R7). */
  #epochStartOffset = 0
  #isClosed = false

  constructor(env: Env, nodeId: number, log: Log, state: PartitionStart) {
    this.#env = env
    this.#nodeId = nodeId
    this.log = log
    this.topic = state.topic
    this.topicId = state.image.topicId
    this.partitionIndex = state.image.partitionIndex
    this.#config = state.config
    this.#validation = validationOptions(state.config)
    this.#image = { ...state.image, leader: -1, leaderEpoch: -1 }
    this.appendQueue = new AppendQueue(env, this)
    log.setListener(this)
    this.applyImage(state.image)
  }

  get isLeader(): boolean {
    return this.#image.leader === this.#nodeId && !this.#isClosed
  }
  get leaderId(): number {
    return this.#image.leader
  }
  get leaderEpoch(): number {
    return this.#image.leaderEpoch
  }
  get isr(): readonly number[] {
    return this.#image.isr
  }
  get replicas(): readonly number[] {
    return this.#image.replicas
  }
  get config(): PartitionConfig {
    return this.#config
  }
  /** How records of producers are checked. */
  get validation(): RecordValidationOptions {
    return this.#validation
  }
  get highWatermark(): number {
    return this.log.highWatermark
  }
  /** False for a new leader that does not know yet how far its log is committed. */
  get knowsEndOffset(): boolean {
    return this.log.highWatermark >= this.#epochStartOffset
  }
  get isClosed(): boolean {
    return this.#isClosed
  }
  /** Grows with everything that subscribers are told of. */
  get changeCount(): number {
    return this.#changeCount
  }

  /** Takes over what the controller decided. */
  applyImage(image: PartitionImage): void {
    const before = this.#image
    if (image === before) return
    this.#image = image
    if (image.leaderEpoch !== before.leaderEpoch) {
      this.#followers.clear()
      if (image.leader === this.#nodeId) {
        this.#epochStartOffset = this.log.logEndOffset
        this.log.assignEpoch(image.leaderEpoch)
      } else {
        // What waits here was appended and may yet be committed: neither success nor "not leader".
        this.#writtenAcks.failAll('REQUEST_TIMED_OUT')
        this.#committedAcks.failAll('REQUEST_TIMED_OUT')
      }
    }
    this.#maybeAdvanceHighWatermark()
    this.#notifySubscribers()
  }

  updateConfig(config: PartitionConfig): void {
    this.#config = config
    this.#validation = validationOptions(config)
  }

  /** Null if a request in this epoch may be served here; -1 is a client that does not know epochs. */
  checkLeader(currentLeaderEpoch: number): ErrorName | null {
    if (this.#isClosed) return 'UNKNOWN_TOPIC_OR_PARTITION'
    if (currentLeaderEpoch >= 0) {
      if (currentLeaderEpoch < this.#image.leaderEpoch) return 'FENCED_LEADER_EPOCH'
      if (currentLeaderEpoch > this.#image.leaderEpoch) return 'UNKNOWN_LEADER_EPOCH'
    }
    return this.isLeader ? null : 'NOT_LEADER_OR_FOLLOWER'
  }

  /** Null if an append with acks=all may begin. */
  checkInsyncReplicas(): ErrorName | null {
    return this.#hasEnoughInsync() ? null : 'NOT_ENOUGH_REPLICAS'
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

  /** Calls the waiter when all below `endOffset` is written here; at once if it is. */
  awaitWritten(endOffset: number, waiter: AckWaiter, slot: number): void {
    if (this.log.writtenEndOffset >= endOffset) waiter.onAck(slot, null)
    else this.#writtenAcks.add(endOffset, waiter, slot)
  }

  /** Calls the waiter when all below `endOffset` is committed; at once if it is. */
  awaitCommitted(endOffset: number, waiter: AckWaiter, slot: number): void {
    if (this.log.highWatermark >= endOffset) waiter.onAck(slot, null)
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

  subscribe(subscriber: PartitionSubscriber): void {
    this.#subscribers.add(subscriber)
  }
  unsubscribe(subscriber: PartitionSubscriber): void {
    this.#subscribers.delete(subscriber)
  }
  addListener(listener: PartitionListener): void {
    this.#listeners.add(listener)
  }
  removeListener(listener: PartitionListener): void {
    this.#listeners.delete(listener)
  }

  /**
   * A follower's fetch: it has written everything below `logEndOffset`. False if this broker is not
   * its leader in that epoch or the replica is not one of the partition's.
   */
  updateFollower(replicaId: number, logEndOffset: number, brokerEpoch: number): boolean {
    if (!this.isLeader || !this.#image.replicas.includes(replicaId)) return false
    let follower = this.#followers.get(replicaId)
    if (follower === undefined) {
      follower = new FollowerState(replicaId)
      this.#followers.set(replicaId, follower)
    }
    follower.logEndOffset = logEndOffset
    follower.brokerEpoch = brokerEpoch
    if (logEndOffset >= this.log.logEndOffset) {
      follower.lastCaughtUpMs = this.#env.clock.monotonicMs()
    }
    if (this.#maybeAdvanceHighWatermark()) this.#notifySubscribers()
    return true
  }

  /** The log start has moved: by DeleteRecords or retention. */
  onLogStartOffset(): void {
    this.#notifySubscribers()
  }

  onWritten(): void {
    const hasMoved = this.#maybeAdvanceHighWatermark()
    if (this.#writtenAcks.size > 0) {
      this.#writtenAcks.completeBelow(this.log.writtenEndOffset, null)
    }
    if (hasMoved) this.#notifySubscribers()
  }

  onFailure(failure: LogFailure): void {
    this.#env.log.error('appended records are lost', {
      topic: this.topic,
      partitionIndex: this.partitionIndex,
      fromOffset: failure.fromOffset,
      kind: failure.kind,
      error: failure.cause,
    })
    this.#writtenAcks.failAbove(failure.fromOffset, 'KAFKA_STORAGE_ERROR')
    this.#committedAcks.failAbove(failure.fromOffset, 'KAFKA_STORAGE_ERROR')
    for (const listener of this.#listeners) listener.onAppendsLost(this, failure.fromOffset)
    this.#notifySubscribers()
  }

  /** The partition is gone from this broker: deleted, or the node stops. */
  close(): void {
    this.#isClosed = true
    this.log.setListener(null)
    this.#writtenAcks.failAll('REQUEST_TIMED_OUT')
    this.#committedAcks.failAll('REQUEST_TIMED_OUT')
    this.#notifySubscribers()
    this.#subscribers.clear()
    this.#listeners.clear()
  }

  #hasEnoughInsync(): boolean {
    const { isr, replicas } = this.#image
    return isr.length >= Math.min(this.#config.minInsyncReplicas, replicas.length)
  }

  #maybeAdvanceHighWatermark(): boolean {
    if (!this.isLeader || !this.#hasEnoughInsync()) return false
    let highWatermark = this.log.writtenEndOffset
    for (const replicaId of this.#image.isr) {
      if (replicaId === this.#nodeId) continue
      highWatermark = Math.min(highWatermark, this.#followers.get(replicaId)?.logEndOffset ?? -1)
    }
    if (highWatermark <= this.log.highWatermark) return false
    assert(highWatermark <= this.log.logEndOffset, 'high watermark beyond log end', {
      highWatermark,
      logEndOffset: this.log.logEndOffset,
    })
    this.log.updateHighWatermark(highWatermark)
    // R11: the ISR may have shrunk since the append; the test above holds for the moment of the move.
    if (this.#committedAcks.size > 0) this.#committedAcks.completeBelow(highWatermark, null)
    for (const listener of this.#listeners) listener.onHighWatermark(this)
    return true
  }

  #notifySubscribers(): void {
    this.#changeCount++
    for (const subscriber of this.#subscribers) subscriber.onPartitionChange(this)
  }
}

export interface PartitionStart {
  readonly topic: string
  readonly image: PartitionImage
  readonly config: PartitionConfig
}

function failed(error: ErrorName, message: string): AppendRefusal {
  return { kind: 'failed', error, message }
}

function validationOptions(config: PartitionConfig): RecordValidationOptions {
  return {
    maxBatchBytes: config.maxMessageBytes,
    targetCodec: config.targetCodec,
    targetLevel: config.targetLevel,
    isLogAppendTime: config.log.isLogAppendTime,
    timestampBeforeMaxMs: config.timestampBeforeMaxMs,
    timestampAfterMaxMs: config.timestampAfterMaxMs,
    isCompacted: config.log.cleanupCompact,
    depth: config.validationDepth,
    inlineInputBytes: INLINE_INPUT_BYTES,
    inlineOutputBytes: INLINE_OUTPUT_BYTES,
    maxOutputBytes: Math.max(MAX_OUTPUT_BYTES, 8 * config.maxMessageBytes),
  }
}
