// Runs a pure state machine with the quorum as its log: decide, append, replay if it was accepted,
// answer when it is committed. The controller of the metadata is the one that is meant.
//
// Two states are kept apart. The machine is the active leader's own: it is ahead by what is decided
// and not yet committed, and it is dropped with the leadership ("failure = forget") and rebuilt from
// the committed state when this node leads again. The committed state is fed on every node, in the
// order of the log, with whole decisions.

import { assert } from '@weir/core'
import type { ProposeOutcome } from '@weir/raft'
import type { CommittedEntry, Leadership, StateMachine } from './state-machine.ts'

/** The decision was not taken, or may not be: ask the leader. */
export class NotLeaderError extends Error {
  /** Null if unknown. */
  readonly leaderId: number | null
  /** The decision had been appended: it may still be committed. */
  readonly mayStillCommit: boolean

  constructor(leaderId: number | null, mayStillCommit: boolean) {
    const who = leaderId === null ? 'no leader is known' : `node ${leaderId} leads`
    super(`this node does not lead the quorum: ${who}`)
    this.name = 'NotLeaderError'
    this.leaderId = leaderId
    this.mayStillCommit = mayStillCommit
  }
}

/** The log does not take more now. */
export class QuorumBusyError extends Error {
  constructor(reason: string) {
    super(`the quorum does not take the decision now: ${reason}`)
    this.name = 'QuorumBusyError'
  }
}

export interface DecisionMade<R, A> {
  readonly records: readonly R[]
  readonly response: A
}

/** A machine that decides; `replay` is the only method that changes it. */
export interface DecidingMachine<R> {
  replay(record: R): void
}

export interface DecisionParts<M extends DecidingMachine<R>, R> {
  encode(records: readonly R[]): Buffer
  /** Throws if the bytes are of another version: the node has to stop. */
  decode(data: Buffer): readonly R[]
  /** A machine with the committed state. */
  rebuild(): M
  /** A decision is committed: changes the committed state. One call a decision. */
  commit(records: readonly R[], position: { readonly index: number; readonly term: number }): void
  /** All decisions of one turn have been given to `commit`: publish them. */
  published(index: number): void
  restore(data: readonly Buffer[], index: number, term: number): void
  /** The committed state as it is now, in pieces that may be taken later. */
  snapshot(): Iterable<Buffer>
  leadershipChanged(leadership: Leadership): void
}

/** What the runtime needs of the driver. */
export interface Proposer {
  propose(data: readonly Buffer[]): ProposeOutcome
}

interface Waiting<R> {
  /** Answered once this is applied, inclusive. */
  readonly index: number
  readonly term: number
  /** Null: an answer without records that waits for those before it. */
  readonly records: readonly R[] | null
  readonly settle: (error: Error | null) => void
}

export class DecisionRuntime<M extends DecidingMachine<R>, R> implements StateMachine {
  readonly #parts: DecisionParts<M, R>
  #proposer: Proposer | null = null
  #machine: M | null = null
  #leadership: Leadership = { term: -1, leaderId: null, isActive: false }
  /** In the order of their indexes. */
  #waiting: Waiting<R>[] = []
  #appliedIndex = 0
  /** The last entry that this leader appended. */
  #appendedIndex = 0

  constructor(parts: DecisionParts<M, R>) {
    this.#parts = parts
  }

  /** Before anything is submitted: the driver is made with this runtime. */
  attach(proposer: Proposer): void {
    this.#proposer = proposer
  }

  get leadership(): Leadership {
    return this.#leadership
  }

  get appliedIndex(): number {
    return this.#appliedIndex
  }

  /** Null unless this node leads and has everything that was committed before. */
  get machine(): M | null {
    return this.#machine
  }

  /**
   * Decides now; resolves with the answer when the decision is committed and published here. An
   * answer without records waits for all decisions before it. Rejects with NotLeaderError,
   * QuorumBusyError, or what `decide` throws (nothing is changed then).
   */
  submit<A>(decide: (machine: M, nextIndex: number) => DecisionMade<R, A>): Promise<A> {
    return this.#submit(decide, response => this.#answerLater(response))
  }

  /**
   * As `submit`, but an answer without records does not wait for the decisions before it: for what is
   * no part of the state that is decided about, such as a heartbeat that changes nothing.
   */
  submitSoft<A>(decide: (machine: M, nextIndex: number) => DecisionMade<R, A>): Promise<A> {
    return this.#submit(decide, response => Promise.resolve(response))
  }

  #submit<A>(
    decide: (machine: M, nextIndex: number) => DecisionMade<R, A>,
    withoutRecords: (response: A) => Promise<A>,
  ): Promise<A> {
    const machine = this.#machine
    if (machine === null)
      return Promise.reject(new NotLeaderError(this.#leadership.leaderId, false))
    const nextIndex = Math.max(this.#appliedIndex, this.#appendedIndex) + 1
    let made: DecisionMade<R, A>
    try {
      made = decide(machine, nextIndex)
    } catch (error) {
      return Promise.reject(error)
    }
    const { records, response } = made
    if (records.length === 0) return withoutRecords(response)
    const refusal = this.#append(machine, records)
    if (refusal !== null) return Promise.reject(refusal)
    return this.#wait(records, response)
  }

  #append(machine: M, records: readonly R[]): Error | null {
    assert(this.#proposer !== null, 'a decision before the driver is attached')
    const outcome = this.#proposer.propose([this.#parts.encode(records)])
    if (outcome.kind === 'refused') {
      return outcome.reason === 'not-leader' || outcome.reason === 'transferring'
        ? new NotLeaderError(this.#leadership.leaderId, false)
        : new QuorumBusyError(outcome.reason)
    }
    this.#appendedIndex = outcome.firstIndex
    for (const record of records) machine.replay(record)
    return null
  }

  #answerLater<A>(response: A): Promise<A> {
    if (this.#appendedIndex <= this.#appliedIndex) return Promise.resolve(response)
    return this.#wait(null, response)
  }

  #wait<A>(records: readonly R[] | null, response: A): Promise<A> {
    const { term } = this.#leadership
    return new Promise((resolve, reject) => {
      const settle = (error: Error | null) => (error === null ? resolve(response) : reject(error))
      this.#waiting.push({ index: this.#appendedIndex, term, records, settle })
    })
  }

  // --- StateMachine ---

  apply(entries: readonly CommittedEntry[]): void {
    let isChanged = false
    for (const { index, term, data } of entries) {
      this.#appliedIndex = index
      if (data === null) continue
      this.#parts.commit(this.#decisionAt(index, term) ?? this.#parts.decode(data), { index, term })
      isChanged = true
    }
    if (isChanged) this.#parts.published(this.#appliedIndex)
    this.#settleUpTo(this.#appliedIndex)
  }

  /** A decision of this leader need not be decoded again. */
  #decisionAt(index: number, term: number): readonly R[] | null {
    for (const waiting of this.#waiting) {
      if (waiting.index > index) return null
      if (waiting.index === index && waiting.term === term && waiting.records !== null)
        return waiting.records
    }
    return null
  }

  #settleUpTo(index: number): void {
    while ((this.#waiting[0]?.index ?? Number.POSITIVE_INFINITY) <= index)
      this.#waiting.shift()?.settle(null)
  }

  restore(data: readonly Buffer[], index: number, term: number): void {
    this.#appliedIndex = index
    this.#parts.restore(data, index, term)
    this.#parts.published(index)
  }

  snapshot(): Iterable<Buffer> {
    return this.#parts.snapshot()
  }

  leadershipChanged(leadership: Leadership): void {
    const before = this.#leadership
    this.#leadership = leadership
    if (before.isActive && (!leadership.isActive || before.term !== leadership.term)) this.#forget()
    if (leadership.isActive && this.#machine === null) {
      this.#appendedIndex = this.#appliedIndex
      this.#machine = this.#parts.rebuild()
    }
    this.#parts.leadershipChanged(leadership)
  }

  /** What was decided and not committed is not known to be lost: those who wait are told so. */
  #forget(): void {
    this.#machine = null
    const waiting = this.#waiting
    this.#waiting = []
    for (const { settle, records } of waiting)
      settle(new NotLeaderError(this.#leadership.leaderId, records !== null))
  }
}
