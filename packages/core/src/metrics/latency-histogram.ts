// Counts durations in buckets that double: always on, a few nanoseconds each, no allocation.
//
// Bucket i holds what is below 2^i times 64 us, and not below that of the one before; the last one
// holds the rest.

const FIRST_BOUND_MS = 0.064
const BUCKET_COUNT = 17

/** Upper bounds in seconds of all buckets but the last: 64 us, 128 us ... 4.2 s. */
export const LATENCY_BOUNDS_SECONDS: readonly number[] = Array.from(
  { length: BUCKET_COUNT },
  (_, index) => (FIRST_BOUND_MS / 1_000) * 2 ** index,
)

export class LatencyHistogram {
  /** One more than there are bounds. */
  readonly counts = new Float64Array(BUCKET_COUNT + 1)
  sumMs = 0

  record(durationMs: number): void {
    this.sumMs += durationMs
    // The position of the highest bit of the number of first bounds that fit.
    const bucket = 32 - Math.clz32(durationMs / FIRST_BOUND_MS)
    const index = bucket < BUCKET_COUNT ? bucket : BUCKET_COUNT
    this.counts[index] = (this.counts[index] ?? 0) + 1
  }

  get count(): number {
    let count = 0
    for (const each of this.counts) count += each
    return count
  }
}
