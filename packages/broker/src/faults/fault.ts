// What a fault does, to which requests, and how often.

import type { ErrorName } from '@weir/protocol'

export interface FaultFilter {
  /** Requests that it happens to, from the first that fits on; all of them if left out. */
  readonly times?: number
  /** As the client calls itself (`client.id`). */
  readonly clientId?: string
  /** Requests that name the topic, among others perhaps. */
  readonly topic?: string
  /** Requests to this broker of a cluster. */
  readonly brokerId?: number
}

/** `afterwards` belongs to faults that disconnect. */
const FILTER_NAMES = ['times', 'clientId', 'topic', 'brokerId', 'afterwards']

/** A filter that was mistyped would fit every request. */
export function checkFilter(filter: FaultFilter): void {
  const wrong = Object.keys(filter).find(name => !FILTER_NAMES.includes(name))
  if (wrong !== undefined) {
    throw new Error(`a fault has no filter '${wrong}': there are ${FILTER_NAMES.join(', ')}`)
  }
  const { times = 1 } = filter
  if (!(times >= 1)) throw new RangeError(`a fault happens at least once, not ${times} times`)
}

export type FaultAction =
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'fail'; readonly error: ErrorName }
  /** Not carried out and never answered. */
  | { readonly kind: 'drop' }
  /** The connection ends instead of an answer; `afterwards`, what was asked for has happened. */
  | { readonly kind: 'disconnect'; readonly afterwards: boolean }

/** A fault that was set. */
export interface Fault {
  /** Requests that it has happened to. */
  readonly hits: number
  /** It happens to no more requests. */
  remove(): void
}

export class ActiveFault implements Fault {
  readonly api: string
  readonly action: FaultAction
  readonly #filter: FaultFilter
  #isActive = true
  hits = 0

  constructor(api: string, action: FaultAction, filter: FaultFilter) {
    this.api = api
    this.action = action
    this.#filter = filter
  }

  remove(): void {
    this.#isActive = false
  }

  get isOver(): boolean {
    return !this.#isActive || this.hits >= (this.#filter.times ?? Number.POSITIVE_INFINITY)
  }

  /** `topics` is asked for only if the filter names one. */
  matches(request: RequestFacts): boolean {
    const { clientId, brokerId, topic } = this.#filter
    if (this.isOver || request.api !== this.api) return false
    if (clientId !== undefined && clientId !== request.clientId) return false
    if (brokerId !== undefined && brokerId !== request.brokerId) return false
    return topic === undefined || request.topics().has(topic)
  }
}

export interface RequestFacts {
  readonly api: string
  readonly clientId: string | null
  readonly brokerId: number
  topics(): ReadonlySet<string>
}
