// Bounds the bytes of records that wait in answers for slow readers, over all connections of a node
// (docs/traps.md H3, P10). When it is used up a fetch still gets its first batch, and nothing more:
// readers go on slowly, memory does not grow with what they ask for.

export class ResponseMemory {
  readonly #limitBytes: number
  #heldBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  /** At least 0. */
  get availableBytes(): number {
    return Math.max(0, this.#limitBytes - this.#heldBytes)
  }

  hold(bytes: number): void {
    this.#heldBytes += bytes
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes
  }
}
