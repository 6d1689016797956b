// Metrics as Prometheus reads them: text, format 0.0.4. Values are read at the moment of the scrape.

import { assert } from '../assert.ts'
import { type MetricName, type MetricRow, metricRow } from './metric-table.ts'

export const PROMETHEUS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

/** One series: label values in the order of the row's labels. */
export interface Sample {
  readonly labels?: readonly string[]
  readonly value: number
}

export interface HistogramSample {
  readonly labels?: readonly string[]
  /** Upper bounds in seconds, inclusive, without the last. */
  readonly boundsSeconds: readonly number[]
  /** How many there are in each bucket; one more than bounds. */
  readonly counts: ArrayLike<number>
  readonly sumSeconds: number
}

export type AnySample = Sample | HistogramSample

/** The samples of some metrics, by name; each name is collected in one place. */
export type Samples = { readonly [Name in MetricName]?: Iterable<AnySample> }

/** Lines of one metric, without those of a metric that has no series at the moment. */
export function* renderMetric(name: MetricName, samples: Iterable<AnySample>): Generator<string> {
  const row = metricRow(name)
  let isFirst = true
  for (const sample of samples) {
    if (isFirst) yield `# HELP ${name} ${row.help}\n# TYPE ${name} ${row.kind}\n`
    isFirst = false
    const labels = labelsOf(row, sample.labels ?? [])
    if ('counts' in sample) yield histogramLines(name, labels, sample)
    else yield `${name}${inBraces(labels)} ${sample.value}\n`
  }
}

function histogramLines(name: string, labels: string, sample: HistogramSample): string {
  const prefix = labels === '' ? '' : `${labels},`
  let count = 0
  let lines = ''
  sample.boundsSeconds.forEach((bound, index) => {
    count += sample.counts[index] ?? 0
    lines += `${name}_bucket{${prefix}le="${Number(bound.toPrecision(6))}"} ${count}\n`
  })
  count += sample.counts[sample.boundsSeconds.length] ?? 0
  lines += `${name}_bucket{${prefix}le="+Inf"} ${count}\n`
  lines += `${name}_sum${inBraces(labels)} ${sample.sumSeconds}\n`
  return `${lines}${name}_count${inBraces(labels)} ${count}\n`
}

function labelsOf(row: MetricRow, values: readonly string[]): string {
  assert(values.length === row.labels.length, 'a series with other labels than its metric', {
    name: row.name,
    values,
  })
  return row.labels.map((label, index) => `${label}="${escaped(values[index] ?? '')}"`).join()
}

function inBraces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

/** Group names may hold anything. */
function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
