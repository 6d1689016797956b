// Fetch, versions 4-18.
// v4 isolation levels; v7 sessions; v9 leader epochs; v10 zstd; v11 preferred replica (always -1: readers
// go to the leader); v12 diverging epochs; v13 topic ids; v15 replica state; v16 leader endpoints.
// Difference from Kafka: none known.
//
// A fetch reads what there is. If that is less than min_bytes it waits, subscribed to its partitions,
// and reads again in the turn in which they have more; at max_wait_ms it answers with what there is.

import type { Timer } from '@weir/core'
import type { FetchRequest, FetchResponseInit } from '@weir/protocol'
import { errorCode } from '@weir/protocol'
import { DEFERRED, type HandlerResult, type RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { answerLimit, FetchRead } from './fetch-read.ts'
import { buildFetchResponse } from './fetch-response.ts'
import { type EntryOwner, FetchEntry, type FetchSession, NO_SESSION_ID } from './fetch-session.ts'

/** A waiting fetch looks so often whether its client is still there. */
const MAX_TIMER_MS = 10_000

export function handleFetch(
  services: Services,
  context: RequestContext,
  request: FetchRequest,
): HandlerResult<FetchResponseInit> {
  const choice = services.fetchSessions.resolve(request, context.apiVersion, context.connection.id)
  if (choice.kind === 'failed') {
    return { errorCode: errorCode(choice.error), sessionId: NO_SESSION_ID, responses: [] }
  }
  const session = choice.kind === 'sessionless' ? null : choice.session
  const isFull = choice.kind !== 'incremental'
  new FetchOperation(services, context, { request, session, isFull }).start()
  return DEFERRED
}

/** The answer for a request that fails as a whole. */
export function fetchErrorResponse(
  _request: FetchRequest,
  failure: { readonly errorCode: number },
): FetchResponseInit {
  return { errorCode: failure.errorCode, sessionId: NO_SESSION_ID, responses: [] }
}

export interface FetchPlan {
  readonly request: FetchRequest
  readonly session: FetchSession | null
  /** True: the answer names every partition, with or without news. */
  readonly isFull: boolean
}

class FetchOperation implements EntryOwner {
  readonly #services: Services
  readonly #context: RequestContext
  readonly #plan: FetchPlan
  /** Of a request without a session, or of one that makes it: all of them. */
  readonly #ownEntries: readonly FetchEntry[] | null
  readonly #deadlineMs: number
  #read: FetchRead | null = null
  #timer: Timer | null = null
  #isWaiting = false
  /** Bytes that a read would find by now: enough of them are worth one. */
  #expectedBytes = 0
  /** Never more than an answer may hold. */
  readonly #minBytes: number

  constructor(services: Services, context: RequestContext, plan: FetchPlan) {
    this.#services = services
    this.#context = context
    this.#plan = plan
    this.#ownEntries = plan.session === null ? entriesOf(plan.request) : null
    this.#deadlineMs = context.receivedMs + plan.request.maxWaitMs
    this.#minBytes = Math.min(plan.request.minBytes, answerLimit(services, plan.request))
  }

  start(): void {
    this.#startRead()
  }

  /** A partition that this request waits for may have news. */
  onEntryChange(entry: FetchEntry): void {
    if (!this.#isWaiting) return
    if (this.#read !== null) {
      const foundBytes = this.#read.bytesNow(entry)
      this.#expectedBytes += foundBytes - entry.foundBytes
      entry.foundBytes = foundBytes
      if (this.#expectedBytes < this.#minBytes) return
    }
    this.#stopWaiting()
    this.#startRead()
  }

  #startRead(): void {
    const { session } = this.#plan
    const entries =
      this.#ownEntries ?? (this.#plan.isFull ? [...(session?.entries ?? [])] : session?.takeReady())
    if (this.#plan.isFull) session?.takeReady()
    this.#read = new FetchRead(this.#services, this.#context, this.#plan.request, entries ?? [])
    this.#read.run(read => this.#onRead(read))
  }

  #onRead(read: FetchRead): void {
    const isDue =
      read.mustAnswer ||
      read.bytes >= this.#minBytes ||
      this.#services.env.clock.monotonicMs() >= this.#deadlineMs ||
      !this.#context.connection.isOpen
    if (isDue) {
      this.#answer(read)
      return
    }
    read.release()
    // Until now nobody was told of changes; what a slow read from the disk missed is read again.
    const hasChanged = this.#wait(read)
    if (!hasChanged) return
    this.#stopWaiting()
    this.#startRead()
  }

  /** Subscribes; true if something has changed since it was read. */
  #wait(read: FetchRead): boolean {
    const { session } = this.#plan
    this.#isWaiting = true
    this.#expectedBytes = read.bytes
    let hasChanged = false
    for (const entry of read.entries) {
      entry.subscribe(session ?? this)
      if (entry.partition !== null) {
        hasChanged ||= entry.partition.changeCount !== entry.seenChangeCount
      }
      // The next read takes only what changed: what would be news already must not get lost.
      if (session !== null && (entry.foundBytes > 0 || entry.hasUnsentState)) {
        session.keepReady(entry)
      }
    }
    if (session !== null) session.waiting = this
    this.#armTimer()
    return hasChanged
  }

  #armTimer(): void {
    const delayMs = this.#deadlineMs - this.#services.env.clock.monotonicMs()
    const boundedMs = Math.min(Math.max(0, delayMs), MAX_TIMER_MS)
    this.#timer = this.#services.env.clock.after(boundedMs, () => this.#onTimer())
  }

  #onTimer(): void {
    if (!this.#isWaiting) return
    this.#timer = null
    const isDue = this.#services.env.clock.monotonicMs() >= this.#deadlineMs
    if (!isDue && this.#context.connection.isOpen) {
      this.#armTimer()
      return
    }
    this.#stopWaiting()
    this.#startRead()
  }

  #stopWaiting(): void {
    this.#isWaiting = false
    this.#timer?.cancel()
    this.#timer = null
    const { session } = this.#plan
    if (session !== null && session.waiting === this) session.waiting = null
    if (this.#ownEntries !== null) for (const entry of this.#ownEntries) entry.unsubscribe()
  }

  #answer(read: FetchRead): void {
    const { session } = this.#plan
    if (session !== null) {
      for (const entry of read.entries) {
        entry.subscribe(session)
        if (entry.partition?.changeCount !== entry.seenChangeCount) session.keepReady(entry)
      }
    }
    const response = buildFetchResponse(this.#services, this.#context, this.#plan, read)
    this.#context.respond(response, () => read.release())
  }
}

function entriesOf(request: FetchRequest): FetchEntry[] {
  const entries: FetchEntry[] = []
  for (const topic of request.topics) {
    for (const asked of topic.partitions) {
      const entry = new FetchEntry(topic, asked.partition, null)
      entry.update(asked)
      entries.push(entry)
    }
  }
  return entries
}
