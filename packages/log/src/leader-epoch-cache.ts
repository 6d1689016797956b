// Which leader epoch began at which offset (KIP-101, KIP-279).
//
// Invariants: epochs and start offsets increase from entry to entry, but for epochs
// without records, which share their start offset with the next one and are kept (R4): start offsets
// never decrease. The entries cover the log from its start.

import type { EpochEndOffset } from './log-types.ts'

export type EpochEntry = readonly [epoch: number, startOffset: number]

const NO_EPOCH = -1

export class LeaderEpochCache {
  #epochs: number[] = []
  #startOffsets: number[] = []

  constructor(entries: readonly EpochEntry[] = []) {
    for (const [epoch, startOffset] of entries) this.assign(epoch, startOffset)
  }

  get latestEpoch(): number {
    return this.#epochs[this.#epochs.length - 1] ?? NO_EPOCH
  }

  entries(): EpochEntry[] {
    return this.#epochs.map((epoch, index) => [epoch, this.#startOffsets[index] ?? 0])
  }

  /** True if it is a new entry. Older or known epochs change nothing. */
  assign(epoch: number, startOffset: number): boolean {
    if (epoch < 0 || epoch <= this.latestEpoch) return false
    this.#epochs.push(epoch)
    this.#startOffsets.push(startOffset)
    return true
  }

  /**
   * The largest epoch <= `epoch` and where it ends. Below the first epoch: that epoch itself, ending
   * where the first begins (R2). Above the latest: -1, -1, since this log does not know it.
   */
  endOffsetFor(epoch: number, logEndOffset: number): EpochEndOffset {
    if (epoch === NO_EPOCH || this.#epochs.length === 0 || epoch > this.latestEpoch) {
      return { leaderEpoch: NO_EPOCH, endOffset: -1 }
    }
    const next = this.#firstAbove(epoch)
    if (next === 0) return { leaderEpoch: epoch, endOffset: this.#startOffsets[0] ?? 0 }
    return {
      leaderEpoch: this.#epochs[next - 1] ?? NO_EPOCH,
      endOffset: this.#startOffsets[next] ?? logEndOffset,
    }
  }

  /** The epoch of the record at `offset`; -1 if it lies before the first entry. */
  epochForOffset(offset: number): number {
    // The last entry that starts at or before the offset: empty epochs in front of it do not count.
    for (let index = this.#startOffsets.length - 1; index >= 0; index--) {
      if ((this.#startOffsets[index] ?? 0) <= offset) return this.#epochs[index] ?? NO_EPOCH
    }
    return NO_EPOCH
  }

  /** Forgets epochs that begin at or above `endOffset`. True if there were any. */
  truncateFromEnd(endOffset: number): boolean {
    const before = this.#epochs.length
    while (
      this.#epochs.length > 0 &&
      (this.#startOffsets[this.#startOffsets.length - 1] ?? 0) >= endOffset
    ) {
      this.#epochs.pop()
      this.#startOffsets.pop()
    }
    return this.#epochs.length !== before
  }

  /** The log begins at `startOffset` now: epochs that ended before it go. True if any changed. */
  truncateFromStart(startOffset: number): boolean {
    let drop = 0
    while (drop + 1 < this.#epochs.length && (this.#startOffsets[drop + 1] ?? 0) <= startOffset) {
      drop++
    }
    const first = this.#startOffsets[drop]
    if (first === undefined || (drop === 0 && first >= startOffset)) return false
    this.#epochs.splice(0, drop)
    this.#startOffsets.splice(0, drop)
    this.#startOffsets[0] = Math.max(first, startOffset)
    return true
  }

  clear(): void {
    this.#epochs = []
    this.#startOffsets = []
  }

  #firstAbove(epoch: number): number {
    const index = this.#epochs.findIndex(each => each > epoch)
    return index < 0 ? this.#epochs.length : index
  }
}
