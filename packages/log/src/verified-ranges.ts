// What of a segment file was verified a short while ago, so that several readers of the same batches
// need not pay for their checksums again (docs/decisions/0004).
//
// Invariants: a range counts only while the file's stamp is the one that was seen, for at least
// SETTLED_MS, before the read began that verified it: nobody has written to the file since. Everything
// is forgotten TRUSTED_MS after the oldest of it was verified: damage that leaves no trace (a disk that
// answers otherwise than a moment ago) is found at the latest by the first read after that.

/** A stamp tells two changes apart only if they are further apart than the ticks of its clock. */
export const SETTLED_MS = 1_000
export const TRUSTED_MS = 60_000
/** Ranges kept; readers at many places of one segment make more, and then it begins anew. */
const MAX_RANGES = 32

interface Range {
  readonly from: number
  readonly to: number
}

export class VerifiedRanges {
  #stamp = Number.NaN
  #stampSeenMs = 0
  #oldestMs = 0
  /** In order, without touching each other. */
  #ranges: Range[] = []

  /**
   * Takes note of the stamp that the file has after a read that began at `startedMs` (monotonic, as
   * `nowMs`). False: the file changed, or may have changed during that read: all of it has to be
   * verified, and is not to be added.
   */
  noteStamp(stamp: number, startedMs: number, nowMs: number): boolean {
    if (stamp !== this.#stamp) {
      this.#stamp = stamp
      this.#stampSeenMs = nowMs
      this.#ranges = []
      return false
    }
    if (startedMs - this.#stampSeenMs < SETTLED_MS) return false
    if (nowMs - this.#oldestMs > TRUSTED_MS) this.#ranges = []
    return true
  }

  /** Where the range ends that `position` lies in; `position` itself if it lies in none. */
  endFrom(position: number): number {
    for (const { from, to } of this.#ranges) {
      if (from <= position && position < to) return to
    }
    return position
  }

  /** `[from, to)` was verified at `nowMs` or, in part, before. */
  add(from: number, to: number, nowMs: number): void {
    if (this.#ranges.length >= MAX_RANGES) this.#ranges = []
    if (this.#ranges.length === 0) this.#oldestMs = nowMs
    let merged: Range = { from, to }
    const others: Range[] = []
    for (const range of this.#ranges) {
      if (range.to < merged.from || range.from > merged.to) others.push(range)
      else {
        const start = Math.min(range.from, merged.from)
        merged = { from: start, to: Math.max(range.to, merged.to) }
      }
    }
    others.push(merged)
    this.#ranges = others.sort((a, b) => a.from - b.from)
  }
}
