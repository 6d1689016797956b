// Who waits for what: proposals for their entry to be applied, reads for their index.
//
// A proposal whose leader lost its office is `unknown`: it may still be committed.

import type { Entry, ReadState } from '@weir/raft'

export type ProposalOutcome =
  | { readonly kind: 'committed'; readonly index: number }
  /** Another entry has its place: it never takes effect. */
  | { readonly kind: 'lost' }
  | { readonly kind: 'unknown' }

interface ProposalWaiter {
  readonly term: number
  readonly settle: (outcome: ProposalOutcome) => void
}

export class ProposalWaiters {
  readonly #waiting = new Map<number, ProposalWaiter>()

  /** Resolves when the entry `index` of `term` has been applied here, or never will be. */
  wait(index: number, term: number): Promise<ProposalOutcome> {
    return new Promise(settle => {
      this.#waiting.set(index, { term, settle })
    })
  }

  applied(entry: Entry): void {
    const waiter = this.#waiting.get(entry.index)
    if (waiter === undefined) return
    this.#waiting.delete(entry.index)
    const isOurs = waiter.term === entry.term
    waiter.settle(isOurs ? { kind: 'committed', index: entry.index } : { kind: 'lost' })
  }

  abandonAll(): void {
    for (const waiter of this.#waiting.values()) waiter.settle({ kind: 'unknown' })
    this.#waiting.clear()
  }
}

export class ReadWaiters {
  #lastContext = 0
  /** Asked for; the index is not known yet. */
  readonly #asked = new Map<number, (index: number | null) => void>()
  /** Sorted by nothing: there are few. */
  #confirmed: { readonly index: number; readonly settle: (index: number | null) => void }[] = []

  /** A number for the question and a promise of the index, null if it has to be asked again. */
  ask(): { context: number; answer: Promise<number | null> } {
    this.#lastContext++
    const context = this.#lastContext
    const answer = new Promise<number | null>(settle => {
      this.#asked.set(context, settle)
    })
    return { context, answer }
  }

  confirmed(read: ReadState): void {
    const settle = this.#asked.get(read.context)
    if (settle === undefined) return
    this.#asked.delete(read.context)
    this.#confirmed.push({ index: read.index, settle })
  }

  /** Everything up to `appliedIndex` (inclusive) has been applied. */
  applied(appliedIndex: number): void {
    if (this.#confirmed.length === 0) return
    const waiting = this.#confirmed
    this.#confirmed = waiting.filter(read => read.index > appliedIndex)
    for (const read of waiting) if (read.index <= appliedIndex) read.settle(read.index)
  }

  cancel(context: number): void {
    this.#asked.get(context)?.(null)
    this.#asked.delete(context)
  }

  abandonAll(): void {
    for (const settle of this.#asked.values()) settle(null)
    for (const { settle } of this.#confirmed) settle(null)
    this.#asked.clear()
    this.#confirmed = []
  }
}
