// Incremental fetch sessions (KIP-227): the broker remembers a client's partitions, a request names
// only changes, an answer holds only news.
//
// A session keeps its subscriptions at the partitions and a list of those that may have news: a
// request, or a wake-up, costs the partitions that changed, not all of the session.
// Bounded: `maxSessions` slots, MAX_ENTRIES partitions; a client for whom there is no room gets session
// id 0, which is legal.

import type { Env } from '@weir/core'
import type { ErrorName, FetchRequest } from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { PartitionSubscriber } from '../partition/partition-types.ts'

/** A session unused for so long may lose its slot to a new one. */
const EVICTION_MS = 120_000
/** Partitions that all sessions together may remember; each takes some 300 bytes. */
const MAX_ENTRIES = 200_000
/** No session: id, and the epochs of a client that wants none and of one that wants a new one. */
export const NO_SESSION_ID = 0
const FINAL_EPOCH = -1
const INITIAL_EPOCH = 0
const MAX_EPOCH = 0x7fff_ffff

export type FetchTopic = FetchRequest['topics'][number]
export type FetchTopicPartition = FetchTopic['partitions'][number]

/** Told when one of its partitions may have news. */
export interface EntryOwner {
  onEntryChange(entry: FetchEntry): void
}

/** One partition of a fetch, for one request or for the life of a session. */
export class FetchEntry implements PartitionSubscriber {
  /** Empty in versions that use ids. */
  readonly topic: string
  readonly topicId: string
  readonly partitionIndex: number
  fetchOffset = 0
  maxBytes = 0
  currentLeaderEpoch = -1
  lastFetchedEpoch = -1
  logStartOffset = -1
  /** Null until found; again when it is gone. */
  partition: Partition | null = null
  /** In the owner's list of entries to be looked at. */
  isReady = true
  /** Of the partition, when it was last read. */
  seenChangeCount = -1
  /** Bytes that the last read found. */
  foundBytes = 0
  /** What the client was told last. */
  sentHighWatermark = -1
  sentLogStartOffset = -1
  readonly #isReplica: boolean
  #owner: EntryOwner | null

  constructor(
    topic: FetchTopic,
    partitionIndex: number,
    reader: { readonly owner: EntryOwner | null; readonly isReplica: boolean },
  ) {
    this.topic = topic.topic
    this.topicId = topic.topicId
    this.partitionIndex = partitionIndex
    this.#owner = reader.owner
    this.#isReplica = reader.isReplica
  }

  update(asked: FetchTopicPartition): void {
    this.fetchOffset = asked.fetchOffset
    this.maxBytes = asked.partitionMaxBytes
    this.currentLeaderEpoch = asked.currentLeaderEpoch
    this.lastFetchedEpoch = asked.lastFetchedEpoch
    this.logStartOffset = asked.logStartOffset
  }

  /** From now on `owner` is told of changes. */
  subscribe(owner: EntryOwner): void {
    this.#owner = owner
    this.partition?.subscribe(this, this.#isReplica)
  }

  unsubscribe(): void {
    this.partition?.unsubscribe(this)
    this.#owner = null
  }

  /** True if the client has not been told of something that is not records. */
  get hasUnsentState(): boolean {
    const { partition } = this
    if (partition === null) return true
    return (
      partition.highWatermark !== this.sentHighWatermark ||
      partition.log.logStartOffset !== this.sentLogStartOffset
    )
  }

  onPartitionChange(partition: Partition): void {
    if (partition.isClosed) this.partition = null
    this.#owner?.onEntryChange(this)
  }
}

export class FetchSession implements EntryOwner {
  readonly id: number
  readonly usesTopicIds: boolean
  /** Of a follower: such a session may take the slot of a consumer's. */
  readonly isPrivileged: boolean
  readonly #entries = new Map<string, FetchEntry>()
  /** Entries whose `isReady` is true, in the order in which they are served. */
  #ready: FetchEntry[] = []
  /** The request that waits for news; told of each. */
  waiting: EntryOwner | null = null
  /** That the next request has to carry. */
  nextEpoch = 1
  lastUsedMs = 0

  constructor(id: number, usesTopicIds: boolean, isPrivileged: boolean) {
    this.id = id
    this.usesTopicIds = usesTopicIds
    this.isPrivileged = isPrivileged
  }

  get size(): number {
    return this.#entries.size
  }

  /** All entries, in the order in which the client named them. */
  get entries(): Iterable<FetchEntry> {
    return this.#entries.values()
  }

  onEntryChange(entry: FetchEntry): void {
    this.#markReady(entry)
    this.waiting?.onEntryChange(entry)
  }

  /** Takes over what a request names. */
  apply(request: FetchRequest): void {
    for (const topic of request.forgottenTopicsData) {
      for (const index of topic.partitions) this.#forget(entryKey(topic, index))
    }
    for (const topic of request.topics) {
      for (const asked of topic.partitions) {
        const key = entryKey(topic, asked.partition)
        let entry = this.#entries.get(key)
        if (entry === undefined) {
          const reader = { owner: this, isReplica: this.isPrivileged }
          entry = new FetchEntry(topic, asked.partition, reader)
          this.#entries.set(key, entry)
          this.#ready.push(entry)
        } else {
          this.#markReady(entry)
        }
        entry.update(asked)
      }
    }
  }

  /** Takes the entries that may have news; put those back that still have some with `keepReady`. */
  takeReady(): FetchEntry[] {
    const taken = this.#ready
    this.#ready = []
    const live: FetchEntry[] = []
    for (const entry of taken) {
      // A forgotten entry has left the map and lost its flag.
      if (!entry.isReady) continue
      entry.isReady = false
      live.push(entry)
    }
    return live
  }

  /** The entry has to be looked at again by the next request. */
  keepReady(entry: FetchEntry): void {
    this.#markReady(entry)
  }

  close(): void {
    for (const entry of this.#entries.values()) entry.unsubscribe()
    this.#entries.clear()
    this.#ready = []
  }

  #markReady(entry: FetchEntry): void {
    if (entry.isReady) return
    entry.isReady = true
    this.#ready.push(entry)
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    entry.isReady = false
    entry.unsubscribe()
  }
}

function entryKey(
  topic: { readonly topic: string; readonly topicId: string },
  partitionIndex: number,
): string {
  return `${topic.topic === '' ? topic.topicId : topic.topic}/${partitionIndex}`
}

export type SessionChoice =
  /** No session: the request's own partitions. */
  | { readonly kind: 'sessionless' }
  /** A new session; the answer is full. */
  | { readonly kind: 'new'; readonly session: FetchSession }
  /** Only news. */
  | { readonly kind: 'incremental'; readonly session: FetchSession }
  | { readonly kind: 'failed'; readonly error: ErrorName }

export class FetchSessionCache {
  readonly #env: Env
  readonly #maxSessions: number
  readonly #maxEntries: number
  /** Least recently used first. */
  readonly #sessions = new Map<number, FetchSession>()
  /** By connection: the session that it made and has not used since. */
  readonly #unused = new Map<number, FetchSession>()
  /** Of all sessions. */
  #entryCount = 0

  constructor(env: Env, maxSessions: number, maxEntries = MAX_ENTRIES) {
    this.#env = env
    this.#maxSessions = maxSessions
    this.#maxEntries = maxEntries
  }

  get size(): number {
    return this.#sessions.size
  }

  /** Partitions that all sessions remember. */
  get entryCount(): number {
    return this.#entryCount
  }

  /** Finds or makes the session of a request and brings it up to date. */
  resolve(request: FetchRequest, version: number, connectionId: number): SessionChoice {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      if (sessionId !== NO_SESSION_ID) this.#remove(sessionId)
      if (sessionEpoch === FINAL_EPOCH) return { kind: 'sessionless' }
      return this.#create(request, version, connectionId)
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return { kind: 'failed', error: 'FETCH_SESSION_ID_NOT_FOUND' }
    if (sessionEpoch !== session.nextEpoch) {
      return { kind: 'failed', error: 'INVALID_FETCH_SESSION_EPOCH' }
    }
    if (session.usesTopicIds !== version >= 13) {
      return { kind: 'failed', error: 'FETCH_SESSION_TOPIC_ID_ERROR' }
    }
    session.nextEpoch = sessionEpoch === MAX_EPOCH ? 1 : sessionEpoch + 1
    this.#unused.delete(connectionId)
    this.#touch(session)
    this.#apply(session, request)
    if (this.#entryCount > this.#maxEntries) {
      this.#remove(session.id)
      return { kind: 'failed', error: 'FETCH_SESSION_ID_NOT_FOUND' }
    }
    return { kind: 'incremental', session }
  }

  /** The connection is gone; a session that it made and never used goes with it. */
  onConnectionClosed(connectionId: number): void {
    const session = this.#unused.get(connectionId)
    if (session !== undefined) this.#remove(session.id)
    this.#unused.delete(connectionId)
  }

  close(): void {
    for (const session of this.#sessions.values()) session.close()
    this.#sessions.clear()
    this.#unused.clear()
    this.#entryCount = 0
  }

  #create(request: FetchRequest, version: number, connectionId: number): SessionChoice {
    // A client that starts over each time (epoch 0 on every fetch) keeps one slot, not many.
    const unused = this.#unused.get(connectionId)
    if (unused !== undefined) this.#remove(unused.id)
    this.#unused.delete(connectionId)
    if (request.topics.length === 0) return { kind: 'sessionless' }
    const isPrivileged = request.replicaId >= 0 || request.replicaState.replicaId >= 0
    if (!this.#hasRoom(isPrivileged)) return { kind: 'sessionless' }
    const session = new FetchSession(this.#newId(), version >= 13, isPrivileged)
    this.#apply(session, request)
    if (this.#entryCount > this.#maxEntries) {
      this.#entryCount -= session.size
      session.close()
      return { kind: 'sessionless' }
    }
    this.#unused.set(connectionId, session)
    this.#touch(session)
    return { kind: 'new', session }
  }

  #apply(session: FetchSession, request: FetchRequest): void {
    const before = session.size
    session.apply(request)
    this.#entryCount += session.size - before
  }

  #touch(session: FetchSession): void {
    session.lastUsedMs = this.#env.clock.monotonicMs()
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
  }

  #hasRoom(isPrivileged: boolean): boolean {
    if (this.#sessions.size < this.#maxSessions) return true
    const nowMs = this.#env.clock.monotonicMs()
    for (const session of this.#sessions.values()) {
      const isIdle = nowMs - session.lastUsedMs > EVICTION_MS
      if (isIdle || (isPrivileged && !session.isPrivileged)) {
        this.#remove(session.id)
        return true
      }
      // The rest has been used later.
      if (!isPrivileged) return false
    }
    return false
  }

  #newId(): number {
    for (;;) {
      const id = this.#env.random.u32() & 0x7fff_ffff
      if (id !== NO_SESSION_ID && !this.#sessions.has(id)) return id
    }
  }

  #remove(sessionId: number): void {
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return
    this.#sessions.delete(sessionId)
    this.#entryCount -= session.size
    session.close()
  }
}
