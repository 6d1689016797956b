// How many requests of each API a listener has answered, how long they took and how large they were.
// Plain numbers by API key: a few nanoseconds a request.

import { LatencyHistogram } from '@weir/core/metrics'
import type { ApiRow } from './api-row.ts'

export interface ApiStats {
  readonly api: string
  /** From the whole request received to its answer given to the socket. */
  readonly latency: LatencyHistogram
  requestBytes: number
}

export class RequestStats {
  readonly #byKey: (ApiStats | undefined)[] = []

  record(row: ApiRow, durationMs: number, requestBytes: number): void {
    const { key, name } = row.definition
    let stats = this.#byKey[key]
    if (stats === undefined) {
      stats = { api: name, latency: new LatencyHistogram(), requestBytes: 0 }
      this.#byKey[key] = stats
    }
    stats.latency.record(durationMs)
    stats.requestBytes += requestBytes
  }

  /** Of the APIs that were asked for. */
  *all(): Generator<ApiStats> {
    for (const stats of this.#byKey) if (stats !== undefined) yield stats
  }
}
