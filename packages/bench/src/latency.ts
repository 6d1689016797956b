// Latencies in a native HDR histogram, in microseconds.

import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'

export interface LatencySummary {
  readonly p50Us: number
  readonly p90Us: number
  readonly p99Us: number
  readonly p999Us: number
  readonly maxUs: number
}

const HIGHEST_US = 120_000_000

export class Latency {
  readonly #histogram: RecordableHistogram = createHistogram({
    lowest: 1,
    highest: HIGHEST_US,
    figures: 3,
  })

  record(milliseconds: number): void {
    const microseconds = Math.round(milliseconds * 1_000)
    this.#histogram.record(Math.min(HIGHEST_US, Math.max(1, microseconds)))
  }

  reset(): void {
    this.#histogram.reset()
  }

  summary(): LatencySummary {
    const at = (percentile: number) => this.#histogram.percentile(percentile)
    return {
      p50Us: at(50),
      p90Us: at(90),
      p99Us: at(99),
      p999Us: at(99.9),
      maxUs: this.#histogram.count === 0 ? 0 : this.#histogram.max,
    }
  }
}
