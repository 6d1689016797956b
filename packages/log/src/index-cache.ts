// Which closed segments have their indexes in memory, within a budget of bytes.
//
// Invariant: an index that its file does not have in full (dirty) is never dropped.

import type { Segment } from './segment.ts'

export class IndexCache {
  readonly #limitBytes: number
  /** In the order of use, the oldest first. */
  readonly #segments = new Map<Segment, number>()
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** The segment's indexes were used. */
  touch(segment: Segment): void {
    this.forget(segment)
    const bytes = segment.indexBytesInMemory
    this.#segments.set(segment, bytes)
    this.#bytes += bytes
    for (const oldest of this.#segments.keys()) {
      if (this.#bytes <= this.#limitBytes || oldest === segment) return
      this.forget(oldest)
      if (!oldest.hasDirtyIndexes) oldest.dropIndexes()
    }
  }

  forget(segment: Segment): void {
    const bytes = this.#segments.get(segment)
    if (bytes === undefined) return
    this.#segments.delete(segment)
    this.#bytes -= bytes
  }
}
