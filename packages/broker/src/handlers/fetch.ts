// Fetch, versions 4-18.
// v4 isolation levels; v7 sessions; v9 leader epochs; v10 zstd; v11 preferred replica (KIP-392); v12
// diverging epochs; v13 topic ids; v15 replica state; v16 leader endpoints.
// Difference from Kafka: a request as a replica is served only under the epoch of that broker's
// registration, so none below v15 is.
//
// A fetch reads what there is. If that is less than min_bytes it waits, subscribed to its partitions,
// and reads again in the turn in which they have more; at max_wait_ms it answers with what there is. A
// follower is answered soon after the high watermark moved, and at once when it sends another request.
// Consumers who all get much in one turn are answered in several, first come, first served.

import type { Timer } from '@weir/core'
import type { FetchRequest, FetchResponseInit } from '@weir/protocol'
import { errorCode } from '@weir/protocol'
import { DEFERRED, type HandlerResult, type RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { type EntryOwner, FetchEntry } from './fetch-entry.ts'
import { answerLimit, FetchRead, replicaIdOf } from './fetch-read.ts'
import { buildFetchResponse, type FetchPlan } from './fetch-response.ts'
import { NO_SESSION_ID } from './fetch-session-cache.ts'

/** A waiting fetch looks so often whether its client is still there. */
const MAX_TIMER_MS = 10_000
/**
 * A follower hears so soon of a high watermark or log start that moved while there are no records to
 * tell it along with: consumers may read there, and deletions wait for it.
 */
const STATE_DELAY_MS = 5
/** Smaller answers take no time worth waiting for. */
const LARGE_BYTES = 64 * 1024

export function handleFetch(
  services: Services,
  context: RequestContext,
  request: FetchRequest,
): HandlerResult<FetchResponseInit> {
  if (!isKnownReplica(services, request)) {
    return { errorCode: errorCode('STALE_BROKER_EPOCH'), sessionId: NO_SESSION_ID, responses: [] }
  }
  const choice = services.fetchSessions.resolve(request, context.apiVersion, context.connection.id)
  if (choice.kind === 'failed') {
    return { errorCode: errorCode(choice.error), sessionId: NO_SESSION_ID, responses: [] }
  }
  const session = choice.kind === 'sessionless' ? null : choice.session
  const isFull = choice.kind !== 'incremental'
  new FetchOperation(services, context, { request, session, isFull }).start()
  return DEFERRED
}

/** A consumer, or a replica under the epoch of its registration: only that one's fetches count (H9, R10). */
function isKnownReplica(services: Services, request: FetchRequest): boolean {
  const replicaId = replicaIdOf(request)
  if (replicaId < 0) return true
  const { replicaEpoch } = request.replicaState
  return replicaEpoch >= 0 && services.metadata.brokers.get(replicaId)?.brokerEpoch === replicaEpoch
}

/** The answer for a request that fails as a whole. */
export function fetchErrorResponse(
  _request: FetchRequest,
  failure: { readonly errorCode: number },
): FetchResponseInit {
  return { errorCode: failure.errorCode, sessionId: NO_SESSION_ID, responses: [] }
}

class FetchOperation implements EntryOwner {
  readonly #services: Services
  readonly #context: RequestContext
  readonly #plan: FetchPlan
  /** Of a request without a session, or of one that makes it: all of them. */
  readonly #ownEntries: readonly FetchEntry[] | null
  readonly #isReplica: boolean
  #deadlineMs: number
  #read: FetchRead | null = null
  #timer: Timer | null = null
  #isWaiting = false
  /** The next read is due at the end of this turn. */
  #isReadDue = false
  /** A follower with news other than records is not kept waiting for long. */
  #isHurried = false
  /** Bytes that a read would find by now: enough of them are worth one. */
  #expectedBytes = 0
  /** Never more than an answer may hold. */
  readonly #minBytes: number

  constructor(services: Services, context: RequestContext, plan: FetchPlan) {
    this.#services = services
    this.#context = context
    this.#plan = plan
    this.#isReplica = replicaIdOf(plan.request) >= 0
    this.#ownEntries = plan.session === null ? entriesOf(plan.request, this.#isReplica) : null
    this.#deadlineMs = context.receivedMs + plan.request.maxWaitMs
    this.#minBytes = Math.min(plan.request.minBytes, answerLimit(services, plan.request))
  }

  start(): void {
    if (this.#isReplica) this.#context.onNextRequest(() => this.#answerNow())
    this.#startRead()
  }

  /** A partition that this request waits for may have news. */
  onEntryChange(entry: FetchEntry): void {
    if (!this.#isWaiting || this.#isReadDue) return
    if (this.#read !== null) {
      const foundBytes = this.#read.bytesNow(entry)
      this.#expectedBytes += foundBytes - entry.foundBytes
      entry.foundBytes = foundBytes
      if (this.#expectedBytes < this.#minBytes) {
        if (this.#isReplica && entry.hasUnsentState) this.#hurry()
        return
      }
    }
    this.#readAtEndOfTurn()
  }

  /** What several partitions get in one turn goes into one answer. */
  #readAtEndOfTurn(): void {
    this.#isReadDue = true
    const read = Promise.resolve().then(() => {
      this.#isReadDue = false
      if (!this.#isWaiting) return
      this.#stopWaiting()
      this.#startRead()
    })
    this.#services.env.log.background(read, 'fetch')
  }

  /** It answers within a few milliseconds. */
  #hurry(): void {
    if (this.#isHurried) return
    this.#isHurried = true
    const soonMs = this.#services.env.clock.monotonicMs() + STATE_DELAY_MS
    if (soonMs >= this.#deadlineMs) return
    this.#deadlineMs = soonMs
    this.#timer?.cancel()
    this.#armTimer()
  }

  /** The follower has something else to ask behind this: it gets what there is. */
  #answerNow(): void {
    this.#deadlineMs = 0
    if (this.#isWaiting && !this.#isReadDue) this.#readAtEndOfTurn()
  }

  #startRead(): void {
    const { session } = this.#plan
    const entries =
      this.#ownEntries ?? (this.#plan.isFull ? [...(session?.entries ?? [])] : session?.takeReady())
    if (this.#plan.isFull) session?.takeReady()
    const isFirst = this.#read === null
    const { request } = this.#plan
    this.#read = new FetchRead(this.#services, this.#context, { request, isFirst }, entries ?? [])
    this.#read.run(read => this.#onRead(read))
  }

  #onRead(read: FetchRead): void {
    const isDue =
      read.mustAnswer ||
      read.bytes >= this.#minBytes ||
      this.#services.env.clock.monotonicMs() >= this.#deadlineMs ||
      !this.#context.connection.isOpen
    if (isDue) {
      this.#answerInTurn(read)
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
    for (const [index, entry] of read.entries.entries()) {
      entry.subscribe(session ?? this)
      if (entry.partition !== null) {
        hasChanged ||= entry.partition.watchers.changeCount !== entry.seenChangeCount
      }
      // The next read takes only what changed: what would be news already must not get lost.
      const isSkipped = read.results[index]?.kind === 'skipped'
      if (session !== null && (entry.foundBytes > 0 || entry.hasUnsentState || isSkipped)) {
        session.keepReady(entry)
      }
    }
    if (session !== null) session.waiting = this
    if (this.#isReplica && read.entries.some(entry => entry.hasUnsentState)) this.#hurry()
    if (this.#timer === null) this.#armTimer()
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

  #answerInTurn(read: FetchRead): void {
    const { answerTurns, env } = this.#services
    const turn = this.#isReplica || read.bytes < LARGE_BYTES ? null : answerTurns.take(read.bytes)
    if (turn === null) this.#answer(read)
    else
      env.log.background(
        turn.then(() => this.#answer(read)),
        'answer of a fetch',
      )
  }

  #answer(read: FetchRead): void {
    const { session } = this.#plan
    if (session !== null) {
      for (const entry of read.entries) {
        entry.subscribe(session)
        if (entry.partition?.watchers.changeCount !== entry.seenChangeCount)
          session.keepReady(entry)
      }
    }
    this.#countTraffic(read)
    const response = buildFetchResponse(this.#services, this.#context, this.#plan, read)
    this.#context.respond(response, () => read.release())
  }

  #countTraffic(read: FetchRead): void {
    const { traffic } = this.#services.replicaManager
    if (this.#isReplica) {
      traffic.replicatedBytes += read.bytes
      return
    }
    for (const [index, { partition }] of read.entries.entries()) {
      const result = read.results[index]
      if (result?.kind === 'read' && result.bytes > 0 && partition !== null) {
        traffic.sent(partition.topic, result.bytes)
      }
    }
  }
}

function entriesOf(request: FetchRequest, isReplica: boolean): FetchEntry[] {
  const entries: FetchEntry[] = []
  for (const topic of request.topics) {
    for (const asked of topic.partitions) {
      const entry = new FetchEntry(topic, asked.partition, { owner: null, isReplica })
      entry.update(asked)
      entries.push(entry)
    }
  }
  return entries
}
