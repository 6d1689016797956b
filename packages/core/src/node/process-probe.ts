// Measures the process while it runs: delays of the event loop and the garbage collector. Both are
// kept by Node; the scrape reads them.
//
// A timer of Node's own fires every 5 ms, without a call into JavaScript: what is later than that is
// the delay. So a hold of more than 15 ms is always seen as one above 10 ms, one of 10 to 15 ms
// perhaps, a shorter one never.

import {
  constants,
  type IntervalHistogram,
  monitorEventLoopDelay,
  PerformanceObserver,
} from 'node:perf_hooks'
import type {
  EventLoopStats,
  GarbageCollections,
  ProcessProbe,
  ProcessStats,
} from '../metrics/process-stats.ts'

const INTERVAL_MS = 5
const NS_PER_SECOND = 1e9
const HOLD_SECONDS = 0.01
const BOUNDS_SECONDS = [0.001, 0.002, 0.005, HOLD_SECONDS, 0.02, 0.05, 0.1, 0.2, 0.5, 1]

const KINDS: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weakcb'],
])

export class NodeProcessProbe implements ProcessProbe {
  readonly #delays: IntervalHistogram
  readonly #collections = new Map<string, { runCount: number; seconds: number }>()
  readonly #observer: PerformanceObserver

  constructor() {
    this.#delays = monitorEventLoopDelay({ resolution: INTERVAL_MS })
    this.#delays.enable()
    this.#observer = new PerformanceObserver(list => {
      for (const entry of list.getEntries()) this.#onCollection(entry)
    })
    this.#observer.observe({ entryTypes: ['gc'] })
  }

  read(): ProcessStats {
    const memory = process.memoryUsage()
    const cpu = process.cpuUsage()
    return {
      startedAtMs: performance.timeOrigin,
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      residentBytes: memory.rss,
      heapUsedBytes: memory.heapUsed,
      externalBytes: memory.external,
      eventLoop: eventLoopStats(this.#delays),
      collections: this.#collectionStats(),
    }
  }

  close(): void {
    this.#delays.disable()
    this.#observer.disconnect()
  }

  #onCollection(entry: { readonly duration: number; readonly detail?: unknown }): void {
    const { kind } = entry.detail as { readonly kind: number }
    const name = KINDS.get(kind) ?? 'other'
    const known = this.#collections.get(name) ?? { runCount: 0, seconds: 0 }
    known.runCount++
    known.seconds += entry.duration / 1_000
    this.#collections.set(name, known)
  }

  #collectionStats(): GarbageCollections[] {
    return [...this.#collections].map(([kind, stats]) => ({ kind, ...stats }))
  }
}

function eventLoopStats(delays: IntervalHistogram): EventLoopStats {
  const boundsSeconds = BOUNDS_SECONDS
  const intervalNs = (INTERVAL_MS / 1_000) * NS_PER_SECOND
  const above = boundsSeconds.map(bound => countAbove(delays, intervalNs + bound * NS_PER_SECOND))
  const counts = above.map((count, index) => (above[index - 1] ?? delays.count) - count)
  counts.push(above.at(-1) ?? 0)
  const meanNs = delays.count === 0 ? intervalNs : delays.mean
  return {
    boundsSeconds,
    counts,
    sumSeconds: Math.max(0, ((meanNs - intervalNs) * delays.count) / NS_PER_SECOND),
    holdCount: above[boundsSeconds.indexOf(HOLD_SECONDS)] ?? 0,
  }
}

/**
 * The histogram tells values by percentile: the first rank whose value is above is bisected. Between
 * two ranks, a percentile means the upper one, however Node's version of the histogram rounds.
 */
function countAbove(histogram: IntervalHistogram, valueNs: number): number {
  const { count } = histogram
  if (count === 0 || histogram.max <= valueNs) return 0
  let first = 1
  let last = count
  while (first < last) {
    const rank = Math.floor((first + last) / 2)
    if (histogram.percentile(((rank - 0.25) / count) * 100) > valueNs) last = rank
    else first = rank + 1
  }
  return count - first + 1
}
