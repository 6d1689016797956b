// How much a leader accepts beyond its commit index, so that a cluster which cannot commit does
// not fill the memory of its leader.

import { entryBytes } from './raft-log.ts'
import type { Entry } from './types.ts'

export class UncommittedBudget {
  readonly #maxBytes: number
  #bytes = 0

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  static sizeOf(entries: readonly Entry[]): number {
    let bytes = 0
    for (const entry of entries) bytes += entryBytes(entry)
    return bytes
  }

  get bytes(): number {
    return this.#bytes
  }

  /** One proposal of any size is accepted when nothing else is open. */
  accepts(bytes: number): boolean {
    return this.#bytes === 0 || this.#bytes + bytes <= this.#maxBytes
  }

  add(bytes: number): void {
    this.#bytes += bytes
  }

  release(bytes: number): void {
    this.#bytes = Math.max(0, this.#bytes - bytes)
  }

  reset(bytes: number): void {
    this.#bytes = bytes
  }
}
