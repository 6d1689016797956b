// The log in memory: everything after the last compaction, with the marks of what is on disk
// (stable), committed and applied. It does no I/O: `unstable()` is what the driver has to write.
//
// Invariants, asserted: snapshotIndex <= appliedIndex <= commitIndex <= lastIndex; entries are
// contiguous and their terms never fall; nothing at or below commitIndex is ever cut.

import { assert } from '@weir/core'
import type { Entry, Position } from './types.ts'

/** What an entry counts for in limits beside its data. */
const ENTRY_OVERHEAD_BYTES = 32

export function entryBytes(entry: Entry): number {
  return entry.data.length + ENTRY_OVERHEAD_BYTES
}

/** Whether `a` is a more complete log's end than `b`: by term, then by index. */
export function isAhead(a: Position, b: Position): boolean {
  return a.term !== b.term ? a.term > b.term : a.index > b.index
}

export class RaftLog {
  /** entries[i] has index #snapshotIndex + 1 + i. */
  #entries: Entry[]
  #snapshotIndex: number
  #snapshotTerm: number
  #stableIndex: number
  #commitIndex: number
  #appliedIndex: number
  /** The same range is asked for by each of many followers in a row. */
  #lastSlice: { from: number; maxBytes: number; lastIndex: number; entries: Entry[] } | null = null

  /** All `entries` are on disk; they follow `snapshot` without a gap. */
  constructor(snapshot: Position, entries: readonly Entry[], commitIndex: number) {
    this.#entries = []
    this.#snapshotIndex = snapshot.index
    this.#snapshotTerm = snapshot.term
    this.#commitIndex = snapshot.index
    this.#appliedIndex = snapshot.index
    this.#stableIndex = snapshot.index
    this.append(entries)
    this.#stableIndex = this.lastIndex
    this.#commitIndex = Math.min(Math.max(commitIndex, snapshot.index), this.lastIndex)
  }

  get firstIndex(): number {
    return this.#snapshotIndex + 1
  }

  get lastIndex(): number {
    return this.#snapshotIndex + this.#entries.length
  }

  get lastTerm(): number {
    return this.#entries.at(-1)?.term ?? this.#snapshotTerm
  }

  get lastPosition(): Position {
    return { term: this.lastTerm, index: this.lastIndex }
  }

  get snapshotIndex(): number {
    return this.#snapshotIndex
  }

  get stableIndex(): number {
    return this.#stableIndex
  }

  /** The end of what is on disk. */
  get stablePosition(): Position {
    return { term: this.termAt(this.#stableIndex) ?? 0, index: this.#stableIndex }
  }

  get commitIndex(): number {
    return this.#commitIndex
  }

  get appliedIndex(): number {
    return this.#appliedIndex
  }

  /** Null outside of [snapshotIndex, lastIndex]. */
  termAt(index: number): number | null {
    if (index === this.#snapshotIndex) return this.#snapshotTerm
    return this.#entries[index - this.#snapshotIndex - 1]?.term ?? null
  }

  matches(index: number, term: number): boolean {
    return this.termAt(index) === term
  }

  isUpToDate(candidate: Position): boolean {
    return !isAhead(this.lastPosition, candidate)
  }

  /**
   * Adds entries at the end; where they differ from entries that are there, those and all after
   * them go. Entries that are there already change nothing.
   */
  append(entries: readonly Entry[]): void {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[i]
      if (entry === undefined || this.matches(entry.index, entry.term)) continue
      this.#cutFrom(entry.index)
      for (const added of entries.slice(i)) this.#push(added)
      return
    }
  }

  #push(entry: Entry): void {
    const { lastIndex, lastTerm } = this
    assert(entry.index === lastIndex + 1, 'gap in the raft log', {
      lastIndex,
      index: entry.index,
    })
    assert(entry.term >= lastTerm, 'term falls in the raft log', { lastTerm, term: entry.term })
    this.#entries.push(entry)
  }

  #cutFrom(index: number): void {
    if (index > this.lastIndex) return
    assert(index > this.#commitIndex, 'truncation below the commit index', {
      index,
      commitIndex: this.#commitIndex,
    })
    this.#entries.length = index - this.#snapshotIndex - 1
    this.#stableIndex = Math.min(this.#stableIndex, index - 1)
    this.#lastSlice = null
  }

  /**
   * Entries from `from` (inclusive), up to `maxBytes`, but at least one if there is any. The same
   * array is given again for the same question: it must not be changed.
   */
  slice(from: number, maxBytes: number): readonly Entry[] {
    const last = this.#lastSlice
    if (
      last !== null &&
      last.from === from &&
      last.maxBytes === maxBytes &&
      last.lastIndex === this.lastIndex
    )
      return last.entries
    const entries = this.between(from, this.lastIndex + 1, maxBytes)
    this.#lastSlice = { from, maxBytes, lastIndex: this.lastIndex, entries }
    return entries
  }

  /** Entries in [from, end), up to `maxBytes`, but at least one if there is any. */
  between(from: number, end: number, maxBytes: number): Entry[] {
    assert(from > this.#snapshotIndex, 'read of compacted entries', {
      from,
      snapshotIndex: this.#snapshotIndex,
    })
    const start = from - this.#snapshotIndex - 1
    const limit = Math.min(end - this.#snapshotIndex - 1, this.#entries.length)
    let bytes = 0
    let stop = start
    while (stop < limit) {
      const entry = this.#entries[stop]
      if (entry === undefined) break
      bytes += entryBytes(entry)
      if (bytes > maxBytes && stop > start) break
      stop++
    }
    return this.#entries.slice(start, stop)
  }

  unstable(): Entry[] {
    return this.#entries.slice(this.#stableIndex - this.#snapshotIndex)
  }

  /** The driver has written up to this entry. Void if it has been replaced meanwhile. */
  markStable(position: Position): void {
    if (!this.matches(position.index, position.term)) return
    if (position.index > this.#stableIndex) this.#stableIndex = position.index
  }

  /** Moves the commit index forward (never back) to an index that is known to be committed. */
  commitTo(index: number): boolean {
    if (index <= this.#commitIndex) return false
    assert(index <= this.lastIndex, 'commit beyond the end of the log', {
      index,
      lastIndex: this.lastIndex,
    })
    this.#commitIndex = index
    return true
  }

  /**
   * A majority holds everything up to `index`: commits it if that entry is of the leader's own
   * term. Entries of older terms are committed only by one of the current term after them: a
   * majority may hold an old entry and a later leader may still replace it (Raft, figure 8).
   */
  maybeCommit(index: number, currentTerm: number): boolean {
    if (!Number.isFinite(index) || index <= this.#commitIndex) return false
    if (this.termAt(index) !== currentTerm) return false
    return this.commitTo(index)
  }

  markApplied(index: number): void {
    assert(index >= this.#appliedIndex && index <= this.#commitIndex, 'applied out of order', {
      index,
      appliedIndex: this.#appliedIndex,
      commitIndex: this.#commitIndex,
    })
    this.#appliedIndex = index
  }

  /**
   * Where a log whose entry `index` has `term` can agree with this one at most: the last index,
   * not above `index`, whose term here is not above `term`.
   */
  lastAgreement(index: number, term: number): Position {
    let at = Math.min(index, this.lastIndex)
    while (at > this.#snapshotIndex) {
      const termHere = this.termAt(at) ?? 0
      if (termHere <= term) return { term: termHere, index: at }
      at--
    }
    return { term: at === this.#snapshotIndex ? this.#snapshotTerm : 0, index: at }
  }

  /** Forgets entries up to `index` (inclusive), which a snapshot on disk covers. */
  compact(index: number): void {
    if (index <= this.#snapshotIndex) return
    assert(index <= this.#appliedIndex, 'compaction of entries that are not applied', {
      index,
      appliedIndex: this.#appliedIndex,
    })
    const term = this.termAt(index) ?? 0
    this.#entries = this.#entries.slice(index - this.#snapshotIndex)
    this.#snapshotIndex = index
    this.#snapshotTerm = term
    this.#lastSlice = null
  }

  /** Replaces everything by a snapshot that was received. */
  restore(snapshot: Position): void {
    assert(snapshot.index > this.#commitIndex, 'snapshot behind the commit index', {
      index: snapshot.index,
      commitIndex: this.#commitIndex,
    })
    this.#entries = []
    this.#snapshotIndex = snapshot.index
    this.#snapshotTerm = snapshot.term
    this.#stableIndex = snapshot.index
    this.#commitIndex = snapshot.index
    this.#appliedIndex = snapshot.index
    this.#lastSlice = null
  }
}
