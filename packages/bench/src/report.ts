// A report as a table for people.

import type { BenchReport, BenchResult } from './run.ts'

interface Column {
  readonly title: string
  readonly text: (result: BenchResult) => string
}

const COLUMNS: readonly Column[] = [
  { title: 'broker', text: result => result.target },
  { title: 'MB/s', text: result => number(result.median.megabytesPerSecond) },
  { title: 'requests/s', text: result => number(result.median.requestsPerSecond) },
  { title: 'CPU s/GB', text: result => number(result.median.cpuSecondsPerGb) },
  { title: 'CPU us/req', text: result => number(result.median.cpuMicrosPerRequest) },
  { title: 'p50 us', text: result => number(result.median.latency.p50Us) },
  { title: 'p99 us', text: result => number(result.median.latency.p99Us) },
  { title: 'p99.9 us', text: result => number(result.median.latency.p999Us) },
  { title: 'RSS MB', text: result => number(result.median.residentBytes / 1e6) },
]

/** Scenario by scenario, a line a broker; with two brokers a line of ratios, first to second. */
export function formatReport(report: BenchReport): string {
  const { machine, rounds, seconds, partitions, replicationFactor } = report
  const lines = [
    `${report.startedAt.slice(0, 10)}, ${machine.cores} cores (${machine.cpu}), Node ${machine.node};`,
    `median of ${rounds} round${rounds === 1 ? '' : 's'} of ${seconds} s, ${partitions} partitions, replication factor ${replicationFactor}`,
    '',
  ]
  const names = [...new Set(report.results.map(result => result.scenario))]
  for (const name of names) {
    const results = report.results.filter(result => result.scenario === name)
    lines.push(`${name}: ${results[0]?.title ?? ''}`, ...table(results), '')
  }
  return lines.join('\n')
}

function table(results: readonly BenchResult[]): string[] {
  const rows = [COLUMNS.map(column => column.title)]
  for (const result of results) rows.push(COLUMNS.map(column => column.text(result)))
  const [first, second] = results
  if (first !== undefined && second !== undefined && results.length === 2) {
    rows.push(ratios(first, second))
  }
  const widths = COLUMNS.map((_, i) => Math.max(...rows.map(row => row[i]?.length ?? 0)))
  return rows.map(row =>
    row
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  )
}

function ratios(first: BenchResult, second: BenchResult): string[] {
  const a = first.median
  const b = second.median
  const pairs: [number, number][] = [
    [a.megabytesPerSecond, b.megabytesPerSecond],
    [a.requestsPerSecond, b.requestsPerSecond],
    [a.cpuSecondsPerGb, b.cpuSecondsPerGb],
    [a.cpuMicrosPerRequest, b.cpuMicrosPerRequest],
    [a.latency.p50Us, b.latency.p50Us],
    [a.latency.p99Us, b.latency.p99Us],
    [a.latency.p999Us, b.latency.p999Us],
    [a.residentBytes, b.residentBytes],
  ]
  return ['ratio', ...pairs.map(([x, y]) => (y === 0 ? '-' : `${(x / y).toFixed(2)}x`))]
}

/** Three significant digits, thousands apart; nothing for what is not known. */
function number(value: number): string {
  if (value === 0) return '-'
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toPrecision(3)
}
