// The faults that a test has set on the APIs of a broker, or of all brokers of a cluster. The first
// one that fits a request happens to it.

import { type Clock, nearestName, type Timer } from '@weir/core'
import { type ErrorName, errorCode, errorText, isErrorName, produceApi } from '@weir/protocol'
import { API_ROWS } from '../server/api-table.ts'
import type { PendingRequest } from '../server/pending-request.ts'
import type { RequestInterceptor, RunRequest } from '../server/request-interceptor.ts'
import { errorAnswer } from './error-answer.ts'
import {
  ActiveFault,
  checkFilter,
  type Fault,
  type FaultAction,
  type FaultFilter,
} from './fault.ts'
import { LostAnswer } from './lost-answer.ts'
import { topicsOf } from './topics-of.ts'

/** Where the requests come in. */
export interface FaultSite {
  readonly brokerId: number
  readonly clock: Clock
  /** The name of a topic; null for an unknown id. */
  readonly topicName: (topicId: string) => string | null
}

export interface FaultPlanOptions {
  /** The client id of requests that nothing happens to. */
  readonly sparedClientId: string
}

interface Delayed {
  readonly timer: Timer
  readonly run: () => void
}

export class FaultPlan {
  /** What a fault may be set on: all that a client can ask a broker for. */
  static readonly apis: readonly string[] = API_ROWS.filter(row =>
    row.listeners.includes('broker'),
  ).map(row => row.definition.name)
  readonly #options: FaultPlanOptions
  #faults: ActiveFault[] = []
  readonly #delayed = new Set<Delayed>()

  constructor(options: FaultPlanOptions) {
    this.#options = options
  }

  /** The request waits before it is looked at. */
  delay(api: string, delayMs: number, filter: FaultFilter = {}): Fault {
    if (!(delayMs >= 0)) throw new RangeError(`a delay is a number of milliseconds, not ${delayMs}`)
    return this.#add(api, { kind: 'delay', delayMs }, filter)
  }

  /** The answer is this error, for everything that the request names; nothing else happens. */
  fail(api: string, error: ErrorName, filter: FaultFilter = {}): Fault {
    if (!isErrorName(error)) throw new Error(`Kafka has no error '${error}'`)
    return this.#add(api, { kind: 'fail', error }, filter)
  }

  /** The request is lost: it has no answer; what follows on its connection is served. */
  drop(api: string, filter: FaultFilter = {}): Fault {
    return this.#add(api, { kind: 'drop' }, filter)
  }

  /**
   * The connection ends instead of an answer. `afterwards`: what was asked for has happened by then,
   * which a client cannot know.
   */
  disconnect(api: string, filter: FaultFilter & { readonly afterwards?: boolean } = {}): Fault {
    return this.#add(api, { kind: 'disconnect', afterwards: filter.afterwards ?? false }, filter)
  }

  /** No more faults; what was delayed goes on. */
  clear(): void {
    this.#faults = []
    for (const { timer, run } of this.#delayed) {
      timer.cancel()
      run()
    }
    this.#delayed.clear()
  }

  /** For the dispatcher of one broker. */
  interceptorOf(site: FaultSite): RequestInterceptor {
    return { intercept: (request, body, run) => this.#intercept(site, request, { body, run }) }
  }

  #add(api: string, action: FaultAction, filter: FaultFilter): Fault {
    if (!FaultPlan.apis.includes(api)) {
      const near = nearestName(String(api), FaultPlan.apis)
      const advice = near === null ? 'the names are in docs/apis.md' : `did you mean '${near}'?`
      throw new Error(`there is no API '${api}': ${advice}`)
    }
    checkFilter(filter)
    const fault = new ActiveFault(api, action, filter)
    this.#faults.push(fault)
    return fault
  }

  #intercept(
    site: FaultSite,
    request: PendingRequest,
    { body, run }: { readonly body: unknown; readonly run: RunRequest },
  ): boolean {
    if (this.#faults.length === 0 || request.clientId === this.#options.sparedClientId) return false
    const facts = {
      api: request.row.definition.name,
      clientId: request.clientId,
      brokerId: site.brokerId,
      topics: () => topicsOf(body, site.topicName),
    }
    const fault = this.#faults.find(each => each.matches(facts))
    if (fault === undefined) return false
    fault.hits++
    if (fault.isOver) this.#faults = this.#faults.filter(each => each !== fault)
    this.#act(fault.action, site, request, { body, run })
    return true
  }

  #act(
    action: FaultAction,
    site: FaultSite,
    request: PendingRequest,
    { body, run }: { readonly body: unknown; readonly run: RunRequest },
  ): void {
    switch (action.kind) {
      case 'delay':
        this.#delay(site.clock, action.delayMs, () => run())
        return
      case 'fail':
        answerWith(action.error, request, body)
        return
      case 'drop':
        request.respondNothing()
        return
      case 'disconnect':
        if (action.afterwards) run(new LostAnswer(request))
        else request.close('a fault closed the connection')
    }
  }

  #delay(clock: Clock, delayMs: number, run: () => void): void {
    const timer = clock.after(delayMs, () => {
      this.#delayed.delete(delayed)
      run()
    })
    const delayed: Delayed = { timer, run }
    this.#delayed.add(delayed)
  }
}

/** Where there is no answer (acks=0), or none with a place for the code, the connection ends. */
function answerWith(error: ErrorName, request: PendingRequest, body: unknown): void {
  const failure = { errorCode: errorCode(error), message: errorText(error) }
  const { definition } = request.row
  const isUnanswered = definition.key === produceApi.key && (body as { acks?: number }).acks === 0
  const answer = isUnanswered ? null : errorAnswer(definition, request.apiVersion, body, failure)
  if (answer === null) request.close(`a fault answered ${error}`)
  else request.respond(answer)
}
