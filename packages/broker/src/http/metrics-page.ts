// The text of /metrics. What is slow to make is made piece by piece: no hold of the event loop above
// 10 ms, however many topics and groups there are.

import type { Clock } from '@weir/core'
import { type MetricName, renderMetric, type Samples } from '@weir/core/metrics'
import { clusterMetrics, replicationMetrics } from './cluster-metrics.ts'
import { GroupMetrics } from './group-metrics.ts'
import type { MetricsSources } from './metrics-sources.ts'
import { processMetrics } from './process-metrics.ts'
import { serverMetrics } from './server-metrics.ts'
import { partitionMetrics, topicMetrics } from './topic-metrics.ts'

const SERIES_A_TURN = 1_000

export interface PageOptions {
  /** Series of every partition, too. */
  readonly withPartitions: boolean
}

export class MetricsPage {
  readonly #clock: Clock
  readonly #groups = new GroupMetrics()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async render(sources: MetricsSources, { withPartitions }: PageOptions): Promise<string> {
    const { control, broker } = sources
    const pieces: string[] = []
    await this.#add(pieces, processMetrics(sources))
    if (control !== null) {
      await this.#add(pieces, serverMetrics(control))
      await this.#add(pieces, clusterMetrics(control))
    }
    if (broker !== null) {
      await this.#add(pieces, topicMetrics(broker))
      await this.#add(pieces, replicationMetrics(broker))
      await this.#add(pieces, await this.#groups.collect(broker))
      if (withPartitions) await this.#add(pieces, partitionMetrics(broker))
    }
    return pieces.join('')
  }

  async #add(pieces: string[], samples: Samples): Promise<void> {
    let seriesThisTurn = 0
    for (const [name, each] of Object.entries(samples)) {
      for (const piece of renderMetric(name as MetricName, each)) {
        pieces.push(piece)
        if (++seriesThisTurn % SERIES_A_TURN === 0) await this.#nextTurn()
      }
    }
    await this.#nextTurn()
  }

  #nextTurn(): Promise<void> {
    return new Promise(resolve => this.#clock.soon(resolve))
  }
}
