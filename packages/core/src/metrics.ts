// Metrics as plain numbers: the hot path adds to a field, nothing else. Whoever serves /metrics walks
// the families and renders them at that moment.
//
// Names and labels follow Prometheus: snake_case, base units, counters end in _total.

import { assert } from './assert.ts'

/** Only grows. */
export interface Counter {
  value: number
}

export interface Gauge {
  value: number
}

export type Labels = Readonly<Record<string, string>>

export interface Sample {
  readonly labels: Labels
  readonly value: number
}

export interface MetricFamily {
  readonly name: string
  readonly help: string
  readonly kind: 'counter' | 'gauge'
  /** The values of this moment. */
  samples(): Iterable<Sample>
}

interface Cell {
  readonly labels: Labels
  value: number
}

const NO_LABELS: Labels = Object.freeze({})
const NAME = /^[a-z][a-z0-9_]*$/

export class Metrics {
  readonly #families = new Map<string, MetricFamily>()
  readonly #cells = new Map<string, Map<string, Cell>>()

  /** The counter of a name and labels; the same one for the same labels. Keep it, then add to it. */
  counter(name: string, help: string, labels: Labels = NO_LABELS): Counter {
    return this.#cell({ name, help, kind: 'counter', labels })
  }

  gauge(name: string, help: string, labels: Labels = NO_LABELS): Gauge {
    return this.#cell({ name, help, kind: 'gauge', labels })
  }

  /** Values that are read when somebody asks, such as the length of a queue. */
  collected(
    name: string,
    help: string,
    kind: 'counter' | 'gauge',
    samples: () => Iterable<Sample>,
  ): void {
    this.#checkNew(name)
    this.#families.set(name, { name, help, kind, samples })
  }

  families(): IterableIterator<MetricFamily> {
    return this.#families.values()
  }

  #cell(row: { name: string; help: string; kind: 'counter' | 'gauge'; labels: Labels }): Cell {
    const { name, help, kind, labels } = row
    let cells = this.#cells.get(name)
    if (cells === undefined) {
      this.#checkNew(name)
      const all = new Map<string, Cell>()
      this.#cells.set(name, all)
      this.#families.set(name, { name, help, kind, samples: () => all.values() })
      cells = all
    }
    const key = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)))
    let cell = cells.get(key)
    if (cell === undefined) {
      cell = { labels, value: 0 }
      cells.set(key, cell)
    }
    return cell
  }

  #checkNew(name: string): void {
    assert(NAME.test(name), 'metric name is not snake_case', { name })
    assert(!this.#families.has(name), 'metric declared twice', { name })
  }
}
