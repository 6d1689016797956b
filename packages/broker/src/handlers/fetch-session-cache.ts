// The incremental fetch sessions of a broker: finds or makes that of a request.
// Bounded: `maxSessions` slots, MAX_ENTRIES partitions; a client for whom there is no room gets session
// id 0, which is legal.

import type { Env } from '@weir/core'
import type { ErrorName, FetchRequest } from '@weir/protocol'
import { FetchSession } from './fetch-session.ts'

/** A session unused for so long may lose its slot to a new one. */
const EVICTION_MS = 120_000
/** Partitions that all sessions together may remember; each takes some 300 bytes. */
const MAX_ENTRIES = 200_000
/** No session: id, and the epochs of a client that wants none and of one that wants a new one. */
export const NO_SESSION_ID = 0
const FINAL_EPOCH = -1
const INITIAL_EPOCH = 0
const MAX_EPOCH = 0x7fff_ffff

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
