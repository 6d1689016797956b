// What must hold at every step, whatever fails:
//
//   one leader a term; log matching (same index and term: same entry and same entries before it);
//   leader completeness (a new leader has every committed entry); state-machine safety (all nodes
//   apply the same); acknowledged writes are kept, in order; reads are linearizable.
//
// It sees everything, as no node does. Its own log is what was first applied at each index.

import type { Entry, Raft } from '@weir/raft'
import { applyEntry, EMPTY_STATE, hashBytes, type MachineState } from './state-machine.ts'

class Violation extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'Violation'
  }
}

interface Committed {
  readonly term: number
  readonly state: MachineState
}

export interface Operation {
  /** The highest index of a write that was acknowledged, or a read that was answered, before. */
  readonly after: number
}

function fingerprint(entry: Entry): number {
  return hashBytes(entry.kind.length * 31 + entry.term, entry.data)
}

export class Checker {
  readonly #leaders = new Map<number, number>()
  /** By index, what is known of each term's entry there: its content and the term before it. */
  readonly #entries = new Map<number, Map<number, { hash: number; previousTerm: number }>>()
  /** By index - 2: bootstrapping is at 1. */
  readonly #committed: Committed[] = []
  #observed = 1
  acknowledgedWrites = 0
  answeredReads = 0

  get committedIndex(): number {
    return this.#committed.length + 1
  }

  get leaderTerms(): number {
    return this.#leaders.size
  }

  #fail(message: string): never {
    throw new Violation(message)
  }

  #at(index: number): Committed | undefined {
    return index === 1 ? { term: 1, state: EMPTY_STATE } : this.#committed[index - 2]
  }

  becameLeader(raft: Raft): void {
    const { id, term } = raft
    const other = this.#leaders.get(term)
    if (other !== undefined && other !== id)
      this.#fail(`two leaders in term ${term}: ${other} and ${id}`)
    if (other === id) return
    this.#leaders.set(term, id)
    // Everything that any node has applied was committed in an earlier term.
    if (raft.lastIndex < this.committedIndex)
      this.#fail(
        `leader ${id} of term ${term} ends at ${raft.lastIndex}, committed is ${this.committedIndex}`,
      )
    for (let index = raft.firstIndex; index <= this.committedIndex; index++)
      if (raft.termAt(index) !== this.#at(index)?.term)
        this.#fail(`leader ${id} of term ${term} lacks the committed entry ${index}`)
  }

  /** Entries that a node is about to write, with the term of the entry before them. */
  wrote(id: number, entries: readonly Entry[], previousTerm: number): void {
    let before = previousTerm
    for (const entry of entries) {
      const hash = fingerprint(entry)
      const terms = this.#entries.get(entry.index) ?? new Map()
      this.#entries.set(entry.index, terms)
      const known = terms.get(entry.term)
      if (known === undefined) terms.set(entry.term, { hash, previousTerm: before })
      else if (known.hash !== hash || known.previousTerm !== before)
        this.#fail(`log matching: node ${id} has another entry ${entry.index}@${entry.term}`)
      before = entry.term
    }
  }

  /** A node applied an entry; answers the state that follows. */
  applied(id: number, before: MachineState, entry: Entry): MachineState {
    if (entry.index !== before.index + 1)
      this.#fail(`node ${id} applies ${entry.index} after ${before.index}`)
    const state = applyEntry(before, entry)
    const known = this.#at(entry.index)
    if (known === undefined) this.#committed.push({ term: entry.term, state })
    else this.#compare(id, known, entry.term, state)
    return state
  }

  #compare(id: number, known: Committed, term: number, state: MachineState): void {
    if (known.term !== term)
      this.#fail(`node ${id} applied ${state.index}@${term}, another ${state.index}@${known.term}`)
    if (known.state.hash !== state.hash || known.state.commands !== state.commands)
      this.#fail(`node ${id} has another state at ${state.index}`)
  }

  installed(id: number, index: number, term: number, state: MachineState): void {
    const known = this.#at(index)
    if (known === undefined) this.#fail(`node ${id} got a snapshot of ${index}, not committed`)
    if (state.index !== index) this.#fail(`node ${id} got a state of ${state.index} for ${index}`)
    this.#compare(id, known, term, state)
  }

  /** A node starts with less than it had promised: only bit rot may do that, no crash. */
  damaged(id: number, world: { isHarmed(id: number): boolean }): void {
    if (!world.isHarmed(id)) this.#fail(`a crash took from node ${id} what it had promised`)
  }

  begin(): Operation {
    return { after: this.#observed }
  }

  acknowledged(operation: Operation, index: number): void {
    if (index <= operation.after)
      this.#fail(`a write got ${index}, though ${operation.after} was seen before it began`)
    this.acknowledgedWrites++
    this.#observed = Math.max(this.#observed, index)
  }

  answered(operation: Operation, index: number): void {
    if (index < operation.after)
      this.#fail(`a stale read: ${index}, though ${operation.after} was seen before it began`)
    this.answeredReads++
    this.#observed = Math.max(this.#observed, index)
  }

  /** A leader took a proposal: what it keeps beyond its commit index is bounded. */
  accepted(id: number, uncommittedBytes: number, maxBytes: number): void {
    if (uncommittedBytes > maxBytes)
      this.#fail(`leader ${id} holds ${uncommittedBytes} uncommitted bytes, more than ${maxBytes}`)
  }
}
