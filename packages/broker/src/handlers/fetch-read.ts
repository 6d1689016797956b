// One pass of a fetch over its partitions: checks each, reads within the byte budget, keeps what
// came out until it is released. Reads from memory are done at once; one from the disk makes the
// pass go on later, and everything is looked up again for the partitions after it.

import type { ReadOutcome, ReadResult } from '@weir/log'
import {
  batchAttributes,
  batchSizeInBytes,
  codecOf,
  type ErrorName,
  type FetchRequest,
  RECORD_BATCH_HEADER_BYTES,
} from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { ReadView } from '../partition/partition-types.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import type { FetchEntry } from './fetch-entry.ts'
import { nearestReplica } from './nearest-replica.ts'
import { missingPartitionError } from './partition-lookup.ts'

/** Versions below know no zstd. */
const ZSTD_MIN_VERSION = 10
/** Clients from here on know that followers may serve them. */
const PREFERRED_REPLICA_MIN_VERSION = 11

/** A request with more partitions lets others have a turn in between (no hold above 10 ms). */
const ENTRIES_A_TURN = 2000

/** What became of one partition. */
export type EntryResult =
  | { readonly kind: 'failed'; readonly error: ErrorName }
  | { readonly kind: 'diverged'; readonly epoch: number; readonly endOffset: number }
  /** The consumer should read from a replica near it (KIP-392). */
  | { readonly kind: 'elsewhere'; readonly replicaId: number }
  | ReadResult
  /** Nothing was read: the budget is used up. */
  | { readonly kind: 'skipped' }

const SKIPPED = { kind: 'skipped' } as const

/** The broker that fetches as a replica; negative for consumers. */
export function replicaIdOf(request: FetchRequest): number {
  return Math.max(request.replicaId, request.replicaState.replicaId)
}

export interface ReadRequest {
  readonly request: FetchRequest
  /** The first of an operation: the offsets in it are news of the follower that sent it. */
  readonly isFirst: boolean
}

/** Bytes of records that one answer may hold, but for its first batch. */
export function answerLimit(services: Services, request: FetchRequest): number {
  return Math.min(request.maxBytes, services.settings.get('fetch.max.bytes'))
}

export class FetchRead {
  readonly entries: readonly FetchEntry[]
  /** By the index of the entry. */
  readonly results: EntryResult[] = []
  /** Records found. */
  bytes = 0
  /** An error or a divergence: the client has to know at once. */
  mustAnswer = false
  readonly #services: Services
  readonly #version: number
  readonly #view: ReadView
  readonly #replicaId: number
  readonly #brokerEpoch: number
  /** The consumer's; null if it may not choose. */
  readonly #rackId: string | null
  readonly #isFirst: boolean
  #budgetBytes: number
  /** What the memory for answers counts for this read. */
  #heldBytes = 0
  #isReleased = false

  constructor(
    services: Services,
    context: RequestContext,
    { request, isFirst }: ReadRequest,
    entries: readonly FetchEntry[],
  ) {
    this.entries = entries
    this.#services = services
    this.#version = context.apiVersion
    this.#isFirst = isFirst
    this.#replicaId = replicaIdOf(request)
    this.#brokerEpoch = request.replicaState.replicaEpoch
    const mayChoose = this.#replicaId < 0 && this.#version >= PREFERRED_REPLICA_MIN_VERSION
    this.#rackId = mayChoose ? request.rackId : null
    this.#view =
      this.#replicaId >= 0 ? 'replica' : request.isolationLevel === 1 ? 'committed' : 'uncommitted'
    this.#budgetBytes = answerLimit(services, request)
  }

  /** Calls `done` once, before returning if all is in memory. */
  run(done: (read: FetchRead) => void): void {
    this.#continue(0, done)
  }

  /** Gives all memory back; what was read must not be used after. */
  release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#hold(0)
    for (const result of this.results) if (result.kind === 'read') result.release()
  }

  /**
   * The bytes that one entry would give by now; Infinity if that is not known at once. For a waiter
   * that asks whether it is worth to read again.
   */
  bytesNow(entry: FetchEntry): number {
    const { partition } = entry
    if (partition === null || this.#check(partition, entry) !== null) {
      return Number.POSITIVE_INFINITY
    }
    const outcome = partition.read({
      fetchOffset: entry.fetchOffset,
      maxBytes: entry.maxBytes,
      minOneBatch: true,
      view: this.#view,
    })
    if (outcome instanceof Promise) {
      const release = outcome.then(result => {
        if (result.kind === 'read') result.release()
      })
      this.#services.env.log.background(release, 'look ahead of a fetch')
      return Number.POSITIVE_INFINITY
    }
    if (outcome.kind === 'failed') return Number.POSITIVE_INFINITY
    outcome.release()
    return outcome.bytes
  }

  #continue(from: number, done: (read: FetchRead) => void): void {
    for (let index = from; index < this.entries.length; index++) {
      if (index - from === ENTRIES_A_TURN) {
        this.#services.env.clock.soon(() => this.#continue(index, done))
        return
      }
      const entry = this.entries[index]
      if (entry === undefined) continue
      const outcome = this.#readEntry(entry)
      if (outcome instanceof Promise) {
        const rest = outcome
          .catch((error: unknown): EntryResult => {
            this.#services.env.log.error('a read from the disk failed', { error })
            return { kind: 'failed', error: 'KAFKA_STORAGE_ERROR' }
          })
          .then(result => {
            this.#take(entry, result)
            this.#continue(index + 1, done)
          })
        this.#services.env.log.background(rest, 'fetch from the disk')
        return
      }
      this.#take(entry, outcome)
    }
    done(this)
  }

  /** Counts this many bytes from now on. */
  #hold(bytes: number): void {
    const { responseMemory } = this.#services
    responseMemory.release(this.#heldBytes)
    this.#heldBytes = bytes
    responseMemory.hold(bytes)
  }

  #take(entry: FetchEntry, result: EntryResult): void {
    let taken = result
    entry.foundBytes = result.kind === 'read' ? result.bytes : 0
    if (result.kind === 'read' && result.bytes > 0) {
      if (this.#version < ZSTD_MIN_VERSION && hasZstd(result.chunks)) {
        result.release()
        taken = { kind: 'failed', error: 'UNSUPPORTED_COMPRESSION_TYPE' }
      } else {
        this.bytes += result.bytes
        this.#budgetBytes -= result.bytes
        if (
          this.#replicaId >= 0 &&
          entry.partition?.isThrottledLeaderOf(this.#replicaId) === true
        ) {
          this.#services.replicaManager.leaderQuota.record(result.bytes)
        }
      }
    }
    if (!this.#isReleased) this.#hold(this.bytes)
    if (taken.kind !== 'read' && taken.kind !== 'skipped') this.mustAnswer = true
    if (taken.kind === 'failed') entry.seenChangeCount = -1
    this.results.push(taken)
  }

  #readEntry(entry: FetchEntry): EntryResult | Promise<ReadOutcome> {
    const partition = this.#find(entry)
    if (partition === null) {
      const topic = { name: entry.topic, topicId: this.#version >= 13 ? entry.topicId : '' }
      const error = missingPartitionError(this.#services, topic, entry.partitionIndex)
      return { kind: 'failed', error }
    }
    entry.seenChangeCount = partition.watchers.changeCount
    const refusal = this.#check(partition, entry)
    if (refusal !== null) return { kind: 'failed', error: refusal }
    const divergence = this.#divergence(entry, partition)
    if (divergence !== null) return divergence
    if (this.#replicaId >= 0) {
      if (this.#isFirst && !this.#noteFollower(entry, partition)) {
        return { kind: 'failed', error: 'NOT_LEADER_OR_FOLLOWER' }
      }
      if (this.#mustThrottle(partition)) return SKIPPED
    } else {
      const replicaId = this.#preferredReplica(entry, partition)
      if (replicaId >= 0) return { kind: 'elsewhere', replicaId }
    }
    const { log } = partition
    if (entry.fetchOffset < log.logStartOffset || entry.fetchOffset > log.logEndOffset) {
      return { kind: 'failed', error: 'OFFSET_OUT_OF_RANGE' }
    }
    const isFirst = this.bytes === 0
    // Slow consumers must not hold followers up; a follower's answer is bounded by itself.
    const availableBytes =
      this.#replicaId >= 0 ? this.#budgetBytes : this.#services.responseMemory.availableBytes
    const budgetBytes = Math.max(0, Math.min(this.#budgetBytes, availableBytes))
    if (!isFirst && budgetBytes === 0) return SKIPPED
    const maxBytes = Math.max(0, Math.min(entry.maxBytes, budgetBytes))
    // A read from the disk takes its time: what it may bring counts from now on.
    this.#hold(this.bytes + maxBytes)
    return partition.read({
      fetchOffset: entry.fetchOffset,
      maxBytes,
      minOneBatch: isFirst,
      view: this.#view,
    })
  }

  #find(entry: FetchEntry): Partition | null {
    if (entry.partition !== null && !entry.partition.isClosed) return entry.partition
    const { replicaManager } = this.#services
    const { topic, topicId, partitionIndex } = entry
    entry.partition =
      (topic === ''
        ? replicaManager.getPartitionById(topicId, partitionIndex)
        : replicaManager.getPartition(topic, partitionIndex)) ?? null
    return entry.partition
  }

  /** Whether the reader's log has a different past than this one (KIP-595). */
  #divergence(entry: FetchEntry, partition: Partition): EntryResult | null {
    if (entry.lastFetchedEpoch < 0) return null
    const { leaderEpoch, endOffset } = partition.log.endOffsetForEpoch(entry.lastFetchedEpoch)
    if (leaderEpoch < 0 || endOffset < 0) return { kind: 'failed', error: 'OFFSET_OUT_OF_RANGE' }
    if (leaderEpoch === entry.lastFetchedEpoch && endOffset >= entry.fetchOffset) return null
    return { kind: 'diverged', epoch: leaderEpoch, endOffset }
  }

  /** Replicas read from the leader in its epoch only; consumers that know it, from followers, too. */
  #check(partition: Partition, entry: FetchEntry): ErrorName | null {
    if (this.#replicaId >= 0) {
      // Without an epoch nobody could say to which leader it acknowledges what.
      if (entry.currentLeaderEpoch < 0) return 'FENCED_LEADER_EPOCH'
      return partition.checkLeaderEpoch(entry.currentLeaderEpoch)
    }
    return this.#rackId === null
      ? partition.checkLeader(entry.currentLeaderEpoch)
      : partition.checkReader(entry.currentLeaderEpoch)
  }

  #noteFollower(entry: FetchEntry, partition: Partition): boolean {
    const hasMovedStart = partition.log.logStartOffset < entry.logStartOffset
    return partition.onFollowerFetch({
      replicaId: this.#replicaId,
      fetchOffset: entry.fetchOffset,
      logStartOffset: hasMovedStart ? partition.log.logStartOffset : entry.logStartOffset,
      brokerEpoch: this.#brokerEpoch,
    })
  }

  /** Followers in the ISR are never throttled: they hold up who waits for acks. */
  #mustThrottle(partition: Partition): boolean {
    const { replicaManager } = this.#services
    return (
      partition.isThrottledLeaderOf(this.#replicaId) &&
      !partition.isr.includes(this.#replicaId) &&
      replicaManager.leaderQuota.isExceeded
    )
  }

  /** A follower in the consumer's rack that has what it asks for; -1: this broker. */
  #preferredReplica(entry: FetchEntry, partition: Partition): number {
    if (this.#rackId === null || this.#rackId === '' || !partition.isLeader) return -1
    return nearestReplica(this.#services, partition, {
      rackId: this.#rackId,
      fetchOffset: entry.fetchOffset,
    })
  }
}

function hasZstd(chunks: readonly Buffer[]): boolean {
  for (const chunk of chunks) {
    for (let at = 0; chunk.length - at >= RECORD_BATCH_HEADER_BYTES; ) {
      if (codecOf(batchAttributes(chunk, at)) === 'zstd') return true
      at += Math.max(RECORD_BATCH_HEADER_BYTES, batchSizeInBytes(chunk, at))
    }
  }
  return false
}
