import {
  type HistogramSample,
  LATENCY_BOUNDS_SECONDS,
  type LatencyHistogram,
  type Sample,
  type Samples,
} from '@weir/core/metrics'
import type { BrokerServer } from '../server/broker-server.ts'
import type { ControlServices } from '../services.ts'

/** Clients' listeners share one memory of requests; each shows all of it. */
export function serverMetrics({ servers }: ControlServices): Samples {
  const byListener = (value: (server: BrokerServer) => number): Sample[] =>
    servers.all.map(server => ({ labels: [server.listener.name], value: value(server) }))
  const requests = [...requestsByApi(servers.all)]
  return {
    weir_request_seconds: requests.map(([api, { latencies }]) => merged(api, latencies)),
    weir_request_bytes_total: requests.map(([api, { bytes }]) => ({ labels: [api], value: bytes })),
    weir_connections: byListener(server => server.connectionCount),
    weir_connections_accepted_total: byListener(server => server.acceptedCount),
    weir_connections_refused_total: byListener(server => server.refusedCount),
    weir_connections_failed_total: byListener(server => server.failedCount),
    weir_request_memory_bytes: byListener(server => server.memory.heldBytes),
  }
}

interface ApiTotals {
  readonly latencies: LatencyHistogram[]
  bytes: number
}

function requestsByApi(servers: readonly BrokerServer[]): Map<string, ApiTotals> {
  const byApi = new Map<string, ApiTotals>()
  for (const server of servers) {
    for (const { api, latency, requestBytes } of server.requestStats.all()) {
      const totals = byApi.get(api) ?? { latencies: [], bytes: 0 }
      totals.latencies.push(latency)
      totals.bytes += requestBytes
      byApi.set(api, totals)
    }
  }
  return byApi
}

function merged(api: string, latencies: readonly LatencyHistogram[]): HistogramSample {
  const counts = new Array<number>(LATENCY_BOUNDS_SECONDS.length + 1).fill(0)
  let sumMs = 0
  for (const latency of latencies) {
    latency.counts.forEach((count, index) => {
      counts[index] = (counts[index] ?? 0) + count
    })
    sumMs += latency.sumMs
  }
  const boundsSeconds = LATENCY_BOUNDS_SECONDS
  return { labels: [api], boundsSeconds, counts, sumSeconds: sumMs / 1_000 }
}
