// Follows all partitions that one other broker leads: one connection, one fetch under way, one
// incremental session. A fetch is sent when all that the last one brought is written here, because the
// fetch offset is what the leader counts as acknowledged.
//
// Invariants: what arrives counts only for the partition and the leader epoch that asked for it (R5);
// a partition that failed is out of the session until its pause is over, so nothing here spins; one
// answer is held in memory at a time.

import { Connection } from '@weir/client'
import { type Env, errorMessage, type Timer } from '@weir/core'
import { apiVersionsApi, errorName, type FetchResponse, fetchApi } from '@weir/protocol'
import { type FollowedPartition, firstDamage } from './followed-partition.ts'
import { FollowerSession } from './follower-session.ts'
import type { FetchSource, PartitionAnswer, PartitionApplier } from './partition-applier.ts'
import type { ReplicationLinks } from './replication-links.ts'

const FETCH_VERSION = 17
/** Before the first attempt fails; doubled up to replica.fetch.backoff.ms. */
const FIRST_BACKOFF_MS = 10
/** Partitions that one request names: after a failover of many others get their turns in between. */
const MAX_NAMED = 2_000
/** A leader that lost its power answers nothing, and may be back before that is noticed otherwise. */
const CONNECT_TIMEOUT_MS = 1_000
/** It may also lose it right after it took the connection; a busy one is only late. */
const HANDSHAKE_TIMEOUT_MS = 3_000
/** Until this broker has an epoch. */
const REGISTRATION_MS = 20

export interface FetcherOptions {
  readonly nodeId: number
  readonly leaderId: number
  readonly links: ReplicationLinks
  readonly applier: PartitionApplier
  /** Whether these may not be fetched now (replication throttles). */
  readonly isThrottled: (followed: FollowedPartition) => boolean
}

export class ReplicaFetcher implements FetchSource {
  readonly #env: Env
  readonly #options: FetcherOptions
  readonly #session = new FollowerSession()
  readonly #byTopicId = new Map<string, Map<number, FollowedPartition>>()
  /** Those that the next request has to name, or to look at. */
  readonly #pending = new Set<FollowedPartition>()
  #count = 0
  #connection: Connection | null = null
  #isRunning = false
  #isFetching = false
  #hasKicked = false
  #isClosed = false
  #failureCount = 0
  /** Partitions whose records are not written yet. */
  #writingCount = 0
  #onWritten: (() => void) | null = null
  #onWake: (() => void) | null = null
  #wakeTimer: Timer | null = null

  constructor(env: Env, options: FetcherOptions) {
    this.#env = env
    this.#options = options
  }

  get size(): number {
    return this.#count
  }

  add(followed: FollowedPartition): void {
    const { topicId, partition } = followed
    let partitions = this.#byTopicId.get(topicId)
    if (partitions === undefined) {
      partitions = new Map()
      this.#byTopicId.set(topicId, partitions)
    }
    if (!partitions.has(partition.partitionIndex)) this.#count++
    partitions.set(partition.partitionIndex, followed)
    partition.setFollowerListener({
      onFollowerWritten: () => this.#onFollowerWritten(followed),
      onFollowerDamaged: () => {
        followed.damagedFrom = firstDamage(partition)
        this.changed(followed)
      },
    })
    this.changed(followed)
    this.#start()
  }

  remove(followed: FollowedPartition): void {
    const { topicId, partition } = followed
    const partitions = this.#byTopicId.get(topicId)
    if (partitions?.get(partition.partitionIndex) === followed) {
      partitions.delete(partition.partitionIndex)
      this.#count--
      if (partitions.size === 0) this.#byTopicId.delete(topicId)
    }
    followed.isGone = true
    partition.setFollowerListener(null)
    this.#pending.delete(followed)
    this.#session.forget(followed)
    this.#written(followed)
    if (this.#count === 0) {
      // Nobody waits for a leader that may be gone.
      this.#disconnect()
      this.#wake()
    }
  }

  /** Something that the leader should know by the next fetch. */
  changed(followed: FollowedPartition): void {
    if (followed.isGone) return
    this.#pending.add(followed)
    this.#wake()
    // A fetch that waits at the leader for news would hold this up: a second request behind it makes
    // the leader answer it.
    if (this.#isFetching) this.#kick()
  }

  close(): void {
    this.#isClosed = true
    this.#disconnect()
    this.#wake()
    this.#onWritten?.()
  }

  /** The leader's connection for a question beside the fetches; null while there is none. */
  get connection(): Connection | null {
    return this.#connection
  }

  /** Makes a fetch that waits at the leader come back. */
  #kick(): void {
    const connection = this.#connection
    if (this.#hasKicked || connection === null || !connection.isOpen) return
    this.#hasKicked = true
    const answer = connection
      .request(apiVersionsApi, { clientSoftwareName: 'weir', clientSoftwareVersion: '1' })
      .catch(() => undefined)
    this.#env.log.background(answer, 'waking a fetch')
  }

  /** Wakes the fetch that is under way, for a question that goes behind it. */
  hurry(): void {
    if (this.#isFetching) this.#kick()
  }

  #start(): void {
    if (this.#isRunning || this.#isClosed) return
    this.#isRunning = true
    const { leaderId } = this.#options
    this.#env.log.background(this.#run(), `replication from broker ${leaderId}`)
  }

  async #run(): Promise<void> {
    while (!this.#isClosed && this.#count > 0) {
      if (this.#options.links.brokerEpoch() < 0) {
        await this.#restFully(REGISTRATION_MS)
        continue
      }
      const connection = this.#connection
      if (connection === null || !connection.isOpen) {
        await this.#connect()
        continue
      }
      const named = this.#takePending()
      if (named.length > 0 || this.#hasSessionPartitions()) await this.#fetch(connection, named)
      else await this.#rest(this.#nextDueMs())
    }
    this.#disconnect()
    this.#isRunning = false
    // Some may have come while the last one went.
    if (this.#count > 0) this.#start()
  }

  async #connect(): Promise<void> {
    const { leaderId, links, nodeId } = this.#options
    this.#resetSession()
    const endpoint = links.metadata.brokers.get(leaderId)?.endpoints[0]
    try {
      if (endpoint === undefined) throw new Error(`broker ${leaderId} is not known`)
      const connection = await Connection.open(this.#env, endpoint, {
        clientId: `replica-${nodeId}`,
        connectTimeoutMs: CONNECT_TIMEOUT_MS,
        handshakeTimeoutMs: HANDSHAKE_TIMEOUT_MS,
        requestTimeoutMs: links.settings.get('replica.socket.timeout.ms'),
      })
      if (this.#isClosed || this.#count === 0) connection.close()
      else this.#connection = connection
    } catch (error) {
      await this.#pause('no connection to a leader', error)
    }
  }

  async #fetch(connection: Connection, named: readonly FollowedPartition[]): Promise<void> {
    const { nodeId, links } = this.#options
    const { settings } = links
    // A part of many: the leader answers with what there is, and the others follow.
    const isPart = named.length === MAX_NAMED
    const maxWaitMs = isPart ? 0 : settings.get('replica.fetch.wait.max.ms')
    const part = this.#session.build(named, settings.get('replica.fetch.max.bytes'))
    const request = {
      clusterId: null,
      replicaState: { replicaId: nodeId, replicaEpoch: links.brokerEpoch() },
      maxWaitMs,
      minBytes: settings.get('replica.fetch.min.bytes'),
      maxBytes: settings.get('replica.fetch.response.max.bytes'),
      ...part,
    }
    this.#isFetching = true
    this.#hasKicked = false
    // Some pauses end before the answer comes: they are fetched then, not when the leader has news.
    const dueMs = this.#nextDueMs()
    const dueTimer = dueMs < maxWaitMs ? this.#env.clock.after(dueMs, () => this.#kick()) : null
    let response: FetchResponse
    try {
      const timeoutMs = maxWaitMs + settings.get('replica.socket.timeout.ms')
      response = await connection.requestAt(fetchApi, FETCH_VERSION, request, timeoutMs)
    } catch (error) {
      if (!this.#isClosed && this.#count > 0) await this.#pause('a fetch failed', error)
      return
    } finally {
      this.#isFetching = false
      dueTimer?.cancel()
    }
    if (response.errorCode !== 0) {
      await this.#onRefused(response.errorCode)
      return
    }
    this.#failureCount = 0
    this.#session.onAnswer(response.sessionId)
    if (this.#session.isNew) this.#resetSession()
    this.#apply(response)
    if (this.#writingCount > 0 && !this.#isClosed) await this.#allWritten()
  }

  #apply(response: FetchResponse): void {
    const { applier } = this.#options
    for (const { topicId, partitions } of response.responses) {
      const followedHere = this.#byTopicId.get(topicId)
      if (followedHere === undefined) continue
      for (const answer of partitions) {
        const followed = followedHere.get(answer.partitionIndex)
        // It may have come, or come again in a new epoch, since the request was sent.
        if (followed?.isInSession !== true || followed.isBusy) continue
        this.#applyOne(applier, followed, answer)
      }
    }
  }

  #applyOne(applier: PartitionApplier, followed: FollowedPartition, answer: PartitionAnswer): void {
    const outcome = applier.apply(this, followed, answer)
    switch (outcome) {
      case 'unchanged':
        return
      case 'appended':
        this.#pending.add(followed)
        if (followed.partition.log.writtenEndOffset >= followed.partition.log.logEndOffset) return
        followed.isWriting = true
        this.#writingCount++
        return
      case 'again':
        this.#pending.add(followed)
        return
      case 'paused':
        this.#session.forget(followed)
        this.#pending.add(followed)
    }
  }

  #onFollowerWritten(followed: FollowedPartition): void {
    const { log } = followed.partition
    if (log.writtenEndOffset < log.logEndOffset && !log.isOffline) return
    if (followed.isWriting) this.#written(followed)
    else if (this.#pending.has(followed)) this.changed(followed)
  }

  #written(followed: FollowedPartition): void {
    if (!followed.isWriting) return
    followed.isWriting = false
    this.#writingCount--
    if (this.#writingCount === 0) this.#onWritten?.()
  }

  #allWritten(): Promise<void> {
    return new Promise(resolve => {
      this.#onWritten = () => {
        this.#onWritten = null
        resolve()
      }
    })
  }

  /** The session is not what the leader thinks it is, or this broker is not whom it thinks. */
  async #onRefused(code: number): Promise<void> {
    this.#resetSession()
    const error = errorName(code)
    const isSessionLost = error.includes('FETCH_SESSION')
    if (isSessionLost && this.#failureCount === 0) this.#failureCount++
    else await this.#pause('a fetch was refused', new Error(error), true)
  }

  /** After a failure of the connection as a whole. */
  async #pause(what: string, error: unknown, keepsConnection = false): Promise<void> {
    const { leaderId, links } = this.#options
    if (!keepsConnection) this.#disconnect()
    const maxMs = Math.max(FIRST_BACKOFF_MS, links.settings.get('replica.fetch.backoff.ms'))
    const delayMs = Math.min(maxMs, FIRST_BACKOFF_MS * 2 ** this.#failureCount)
    if (delayMs < maxMs) this.#failureCount++
    const fields = { leaderId, error: errorMessage(error), delayMs }
    if (delayMs < maxMs) this.#env.log.debug(what, fields)
    else this.#env.log.warn(what, fields)
    await this.#restFully(delayMs)
  }

  #disconnect(): void {
    this.#connection?.close()
    this.#connection = null
    this.#resetSession()
  }

  #resetSession(): void {
    this.#session.reset()
    for (const partitions of this.#byTopicId.values()) {
      for (const followed of partitions.values()) {
        followed.isInSession = false
        this.#pending.add(followed)
      }
    }
  }

  /** What may be fetched now; the rest stays, and is out of the session. */
  #takePending(): FollowedPartition[] {
    const nowMs = this.#env.clock.monotonicMs()
    const named: FollowedPartition[] = []
    for (const followed of this.#pending) {
      if (followed.mayFetch(nowMs) && !this.#options.isThrottled(followed)) {
        if (named.length === MAX_NAMED) return named
        this.#pending.delete(followed)
        named.push(followed)
      } else {
        this.#session.forget(followed)
      }
    }
    return named
  }

  #hasSessionPartitions(): boolean {
    return !this.#session.isNew && this.#pending.size < this.#count
  }

  /** Until the first pause ends. */
  #nextDueMs(): number {
    const nowMs = this.#env.clock.monotonicMs()
    let dueMs = MAX_REST_MS
    for (const followed of this.#pending) {
      if (followed.isBusy) continue
      const waitMs = followed.delayedUntilMs - nowMs
      dueMs = Math.min(dueMs, waitMs > 0 ? waitMs : THROTTLE_MS)
    }
    return dueMs
  }

  /** Waits, or until somebody wakes it. */
  #rest(delayMs: number): Promise<void> {
    return new Promise(resolve => {
      this.#wakeTimer = this.#env.clock.after(delayMs, () => this.#wake())
      this.#onWake = resolve
    })
  }

  /** Waits, whoever wakes it, unless it is not needed any more. */
  async #restFully(delayMs: number): Promise<void> {
    const untilMs = this.#env.clock.monotonicMs() + delayMs
    while (!this.#isClosed && this.#count > 0) {
      const leftMs = untilMs - this.#env.clock.monotonicMs()
      if (leftMs <= 0) return
      await this.#rest(leftMs)
    }
  }

  #wake(): void {
    const onWake = this.#onWake
    if (onWake === null) return
    this.#onWake = null
    this.#wakeTimer?.cancel()
    onWake()
  }
}

const MAX_REST_MS = 60_000
/** How often those that are throttled are looked at. */
const THROTTLE_MS = 100
