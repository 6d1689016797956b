import type { Samples } from '@weir/core/metrics'
import type { MetricsSources } from './metrics-sources.ts'

export function processMetrics({ version, nodeVersion, probe, isReady }: MetricsSources): Samples {
  const stats = probe.read()
  const { boundsSeconds, counts, sumSeconds, holdCount } = stats.eventLoop
  const collections = stats.collections.map(({ kind, runCount, seconds }) => ({
    labels: [kind],
    runCount,
    seconds,
  }))
  return {
    weir_build_info: [{ labels: [version, nodeVersion], value: 1 }],
    weir_ready: [{ value: Number(isReady) }],
    process_start_time_seconds: [{ value: stats.startedAtMs / 1_000 }],
    process_cpu_seconds_total: [{ value: stats.cpuSeconds }],
    process_resident_memory_bytes: [{ value: stats.residentBytes }],
    weir_heap_used_bytes: [{ value: stats.heapUsedBytes }],
    weir_external_memory_bytes: [{ value: stats.externalBytes }],
    weir_event_loop_delay_seconds: [{ boundsSeconds, counts, sumSeconds }],
    weir_event_loop_holds_total: [{ value: holdCount }],
    weir_gc_seconds_total: collections.map(({ labels, seconds }) => ({ labels, value: seconds })),
    weir_gc_runs_total: collections.map(({ labels, runCount }) => ({ labels, value: runCount })),
  }
}
