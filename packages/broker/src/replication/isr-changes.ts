// Proposals of leaders on their way to the controller: all that wait go in one request, one request is
// under way. What passes is tried again here; what does not is told to the leader (R9).
//
// A request without an answer may have been applied: it is sent again as it was, and the partition epoch
// makes the second one harmless.

import type { Env, Timer } from '@weir/core'
import { errorMessage } from '@weir/core'
import type { ErrorName } from '@weir/protocol'
import type { IsrChange, IsrChangeOutcome, IsrChannel } from './isr-channel.ts'

export type IsrResolution =
  | { readonly kind: 'accepted'; readonly partition: NonNullable<IsrChangeOutcome['partition']> }
  /** It was not applied and never will be. */
  | { readonly kind: 'refused'; readonly error: ErrorName }
  /** The metadata that this broker has is out of date: it will tell. */
  | { readonly kind: 'wait'; readonly error: ErrorName }

export interface IsrSubmission {
  /** Its outcome is not wanted any more; it may still be applied. */
  cancel(): void
}

/** Some 20 ms of the controller: it does other work in between. */
const MAX_CHANGES_A_REQUEST = 250
const FIRST_BACKOFF_MS = 20
const MAX_BACKOFF_MS = 500

/** The controller has looked at it and said no. */
const REFUSALS: ReadonlySet<ErrorName> = new Set(['INELIGIBLE_REPLICA', 'OPERATION_NOT_ATTEMPTED'])
/** The leader's view is out of date, or its partition is gone. */
const STALE: ReadonlySet<ErrorName> = new Set([
  'FENCED_LEADER_EPOCH',
  'INVALID_UPDATE_VERSION',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'UNKNOWN_TOPIC_ID',
  'INVALID_REQUEST',
  'NEW_LEADER_ELECTED',
])

class Waiting implements IsrSubmission {
  readonly change: IsrChange
  readonly done: (resolution: IsrResolution) => void
  isCancelled = false

  constructor(change: IsrChange, done: (resolution: IsrResolution) => void) {
    this.change = change
    this.done = done
  }

  cancel(): void {
    this.isCancelled = true
  }
}

export class IsrChanges {
  readonly #env: Env
  readonly #channel: IsrChannel
  /** One a partition at most, as a leader proposes one at a time. */
  #queue: Waiting[] = []
  #isSending = false
  #isScheduled = false
  #backoffMs = 0
  #timer: Timer | null = null
  #isClosed = false

  constructor(env: Env, channel: IsrChannel) {
    this.#env = env
    this.#channel = channel
  }

  /** `done` is called once at most, never within this call. */
  submit(change: IsrChange, done: (resolution: IsrResolution) => void): IsrSubmission {
    const waiting = new Waiting(change, done)
    this.#queue.push(waiting)
    this.#schedule()
    return waiting
  }

  close(): void {
    this.#isClosed = true
    this.#queue = []
    this.#timer?.cancel()
  }

  #schedule(): void {
    if (this.#isScheduled || this.#isSending || this.#isClosed) return
    this.#isScheduled = true
    const start = () => {
      this.#isScheduled = false
      this.#env.log.background(this.#send(), 'changes of in-sync replicas')
    }
    // Changes of one turn go together.
    if (this.#backoffMs === 0) this.#env.clock.soon(start)
    else this.#timer = this.#env.clock.after(this.#backoffMs, start)
  }

  async #send(): Promise<void> {
    if (this.#isSending || this.#isClosed) return
    this.#queue = this.#queue.filter(waiting => !waiting.isCancelled)
    const sent = this.#queue.splice(0, MAX_CHANGES_A_REQUEST)
    if (sent.length === 0) return
    this.#isSending = true
    let retried: Waiting[] = []
    try {
      const outcomes = await this.#channel.alterPartition(sent.map(waiting => waiting.change))
      retried = sent.filter((waiting, index) => !this.#settle(waiting, outcomes[index]))
    } catch (error) {
      this.#env.log.debug('no controller took a change of in-sync replicas', {
        error: errorMessage(error),
      })
      retried = sent
    } finally {
      this.#isSending = false
    }
    this.#backoffMs =
      retried.length === 0
        ? 0
        : Math.min(MAX_BACKOFF_MS, Math.max(FIRST_BACKOFF_MS, this.#backoffMs * 2))
    this.#queue = [...retried, ...this.#queue]
    if (this.#queue.length > 0) this.#schedule()
  }

  /** False: to be tried again. */
  #settle(waiting: Waiting, outcome: IsrChangeOutcome | undefined): boolean {
    if (waiting.isCancelled || this.#isClosed) return true
    const resolution = resolutionOf(outcome)
    if (resolution === null) return false
    if (resolution.kind !== 'accepted') {
      const { topicId, partitionIndex } = waiting.change
      const fields = { topicId, partitionIndex, error: resolution.error }
      this.#env.log.debug('a change of in-sync replicas was not taken', fields)
    }
    waiting.done(resolution)
    return true
  }
}

function resolutionOf(outcome: IsrChangeOutcome | undefined): IsrResolution | null {
  if (outcome === undefined) return null
  const { error, partition } = outcome
  if (error === 'NONE') return partition === undefined ? null : { kind: 'accepted', partition }
  if (REFUSALS.has(error)) return { kind: 'refused', error }
  if (STALE.has(error)) return { kind: 'wait', error }
  return null
}
