// The text of /metrics. What is slow to make is made piece by piece: no hold of the event loop above
// 10 ms, however many topics and groups there are.

import type { Clock } from '@weir/core'
import { type MetricName, renderMetric, type Samples } from '@weir/core/metrics'
import { clusterMetrics, replicationMetrics } from './cluster-metrics.ts'
import { GroupMetrics } from './group-metrics.ts'
import type { MetricsSources } from './metrics-sources.ts'
import { processMetrics } from './process-metrics.ts'
import { serverMetrics } from './server-metrics.ts'
import { logsByTopic, partitionMetrics, topicMetrics } from './topic-metrics.ts'

const SERIES_A_TURN = 1_000

/** Parts of the page that can be asked for alone. */
export const METRIC_AREAS = [
  'process',
  'requests',
  'cluster',
  'topics',
  'replication',
  'groups',
] as const

export type MetricArea = (typeof METRIC_AREAS)[number]

export interface PageOptions {
  /** Series of every partition, too. */
  readonly withPartitions: boolean
  /** Null: all of them. */
  readonly area: MetricArea | null
}

export class MetricsPage {
  readonly #clock: Clock
  readonly #groups = new GroupMetrics()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  async render(sources: MetricsSources, { withPartitions, area }: PageOptions): Promise<string> {
    const { control, broker } = sources
    const has = (name: MetricArea) => area === null || area === name
    const pieces: string[] = []
    if (has('process')) await this.#add(pieces, processMetrics(sources))
    if (control !== null) {
      if (has('requests')) await this.#add(pieces, serverMetrics(control))
      if (has('cluster')) await this.#add(pieces, clusterMetrics(control))
    }
    if (broker !== null) {
      if (has('topics')) {
        const logs = await logsByTopic(broker, () => this.#nextTurn())
        await this.#add(pieces, topicMetrics(broker, logs))
      }
      if (has('replication')) await this.#add(pieces, replicationMetrics(broker))
      if (has('groups')) await this.#add(pieces, await this.#groups.collect(broker))
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
