// Figures of a round, and their medians.

import type { LatencySummary } from './latency.ts'
import type { Counts } from './meter.ts'
import type { Usage } from './process-usage.ts'

export interface ScenarioResult extends Counts {
  readonly seconds: number
  readonly requestsPerSecond: number
  /** Payload, in 10^6 bytes. */
  readonly megabytesPerSecond: number
  readonly cpuSecondsPerGb: number
  readonly cpuMicrosPerRequest: number
  readonly residentBytes: number
  readonly peakResidentBytes: number
}

/** Zero is what is not known. */
export const NO_LATENCY: LatencySummary = { p50Us: 0, p90Us: 0, p99Us: 0, p999Us: 0, maxUs: 0 }

export function resultOf(
  counts: Counts,
  seconds: number,
  before: Usage,
  after: Usage,
): ScenarioResult {
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds
  return {
    ...counts,
    seconds,
    requestsPerSecond: counts.requests / seconds,
    megabytesPerSecond: counts.bytes / seconds / 1e6,
    cpuSecondsPerGb: counts.bytes === 0 ? 0 : cpuSeconds / (counts.bytes / 1e9),
    cpuMicrosPerRequest: counts.requests === 0 ? 0 : (cpuSeconds * 1e6) / counts.requests,
    residentBytes: after.residentBytes,
    peakResidentBytes: after.peakResidentBytes,
  }
}

/** A round whose only figure beside CPU and memory is a time: it stands as the median of latency. */
export function resultOfTime(milliseconds: number, before: Usage, after: Usage): ScenarioResult {
  const p50Us = milliseconds * 1_000
  const counts = { requests: 0, bytes: 0, latency: { ...NO_LATENCY, p50Us } }
  return resultOf(counts, milliseconds / 1_000, before, after)
}

/** The median of each figure by itself. */
export function medianOf(results: readonly ScenarioResult[]): ScenarioResult {
  const of = (pick: (result: ScenarioResult) => number) => median(results.map(pick))
  return {
    requests: of(result => result.requests),
    bytes: of(result => result.bytes),
    latency: {
      p50Us: of(result => result.latency.p50Us),
      p90Us: of(result => result.latency.p90Us),
      p99Us: of(result => result.latency.p99Us),
      p999Us: of(result => result.latency.p999Us),
      maxUs: of(result => result.latency.maxUs),
    },
    seconds: of(result => result.seconds),
    requestsPerSecond: of(result => result.requestsPerSecond),
    megabytesPerSecond: of(result => result.megabytesPerSecond),
    cpuSecondsPerGb: of(result => result.cpuSecondsPerGb),
    cpuMicrosPerRequest: of(result => result.cpuMicrosPerRequest),
    residentBytes: of(result => result.residentBytes),
    peakResidentBytes: of(result => result.peakResidentBytes),
  }
}

export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? 0
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2
}
