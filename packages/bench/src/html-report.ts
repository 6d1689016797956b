// A report as one static page: a table and bars a scenario, no script, nothing loaded from elsewhere.

import type { BenchReport, BenchResult } from './run.ts'

interface Plot {
  readonly title: string
  readonly isMoreBetter: boolean
  readonly value: (result: BenchResult) => number
}

const PLOTS: readonly Plot[] = [
  { title: 'MB/s', isMoreBetter: true, value: result => result.median.megabytesPerSecond },
  { title: 'requests/s', isMoreBetter: true, value: result => result.median.requestsPerSecond },
  { title: 'CPU s/GB', isMoreBetter: false, value: result => result.median.cpuSecondsPerGb },
  { title: 'p50 ms', isMoreBetter: false, value: result => result.median.latency.p50Us / 1_000 },
  { title: 'p99 ms', isMoreBetter: false, value: result => result.median.latency.p99Us / 1_000 },
  { title: 'RSS MB', isMoreBetter: false, value: result => result.median.residentBytes / 1e6 },
]

const COLOURS = ['#2563eb', '#a3a3a3', '#16a34a', '#d97706']
const LABEL_WIDTH = 70
const BAR_WIDTH = 180
const ROW_HEIGHT = 18

const STYLE = `body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; color: #222 }
section { border-top: 1px solid #ddd; padding: 1rem 0 }
.plots { display: flex; flex-wrap: wrap; gap: 1rem 2rem }
figure { margin: 0 } figcaption { font-size: 13px; color: #555 }
text { font: 12px system-ui, sans-serif; fill: #222 }`

/** The whole page. */
export function formatHtml(report: BenchReport): string {
  const { machine, rounds, seconds, partitions, replicationFactor } = report
  const names = [...new Set(report.results.map(result => result.scenario))]
  const sections = names.map(name =>
    section(report.results.filter(result => result.scenario === name)),
  )
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Weir bench, ${report.startedAt.slice(0, 10)}</title>
<style>${STYLE}</style></head>
<body>
<h1>Weir bench</h1>
<p>${htmlText(report.startedAt)}; ${machine.cores} cores (${htmlText(machine.cpu)}), Node ${htmlText(machine.node)};
median of ${rounds} rounds of ${seconds} s, ${partitions} partitions, replication factor ${replicationFactor}.</p>
${sections.join('\n')}
</body>
</html>
`
}

function section(results: readonly BenchResult[]): string {
  const plots = PLOTS.filter(plot => results.some(result => plot.value(result) > 0))
  return `<section>
<h2>${htmlText(results[0]?.scenario ?? '')}</h2>
<p>${htmlText(results[0]?.title ?? '')}</p>
<div class="plots">
${plots.map(plot => figure(plot, results)).join('\n')}
</div>
</section>`
}

function figure(plot: Plot, results: readonly BenchResult[]): string {
  const highest = Math.max(...results.map(plot.value))
  const bars = results.map((result, row) => {
    const value = plot.value(result)
    const width = highest === 0 ? 0 : (value / highest) * BAR_WIDTH
    const y = row * ROW_HEIGHT
    const colour = COLOURS[row % COLOURS.length] ?? ''
    return `<text x="0" y="${y + 13}">${htmlText(result.target)}</text>
<rect x="${LABEL_WIDTH}" y="${y + 2}" width="${width.toFixed(1)}" height="${ROW_HEIGHT - 4}" fill="${colour}"/>
<text x="${(LABEL_WIDTH + width + 4).toFixed(1)}" y="${y + 13}">${short(value)}</text>`
  })
  const width = LABEL_WIDTH + BAR_WIDTH + 70
  return `<figure><svg width="${width}" height="${results.length * ROW_HEIGHT}" role="img">
${bars.join('\n')}
</svg><figcaption>${plot.title}, ${plot.isMoreBetter ? 'more' : 'less'} is better</figcaption></figure>`
}

function short(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3)
}

function htmlText(text: string): string {
  return text.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
