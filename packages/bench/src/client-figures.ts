// What the performance tools of real clients print, as figures of a round.

import { BenchError } from './bench-error.ts'
import type { LatencySummary } from './latency.ts'
import type { Usage } from './process-usage.ts'
import { NO_LATENCY, resultOf, type ScenarioResult } from './results.ts'

/** By the client's own count and clock. */
export interface ClientFigures {
  readonly records: number
  readonly seconds: number
  readonly latency: LatencySummary
}

const NUMBER = '([\\d.]+)'
const PRODUCED = new RegExp(
  `^(\\d+) records sent, ${NUMBER} records/sec .* ${NUMBER} ms max latency, ` +
    `${NUMBER} ms 50th, ${NUMBER} ms 95th, ${NUMBER} ms 99th, ${NUMBER} ms 99.9th`,
  'm',
)

/** Of the Java ProducerPerformance: its last line, which alone has percentiles. */
export function javaProducerFigures(output: string): ClientFigures {
  const match = PRODUCED.exec(output)
  if (match === null) throw notUnderstood('the Java producer', output)
  const [records = 0, perSecond = 0, max = 0, p50 = 0, , p99 = 0, p999 = 0] = match
    .slice(1)
    .map(Number)
  const latency = { p50Us: p50, p90Us: 0, p99Us: p99, p999Us: p999, maxUs: max }
  for (const name of Object.keys(latency) as (keyof LatencySummary)[]) latency[name] *= 1_000
  return { records, seconds: perSecond === 0 ? 0 : records / perSecond, latency }
}

/** Of the Java ConsumerPerformance: the time without that of joining its group. */
export function javaConsumerFigures(output: string): ClientFigures {
  const [titles = '', values = ''] = output.trim().split('\n').slice(-2)
  const row = values.split(',').map(value => value.trim())
  const at = (title: string) => Number(row[titles.split(', ').indexOf(title)])
  const records = at('data.consumed.in.nMsg')
  const seconds = at('fetch.time.ms') / 1_000
  if (!(records >= 0 && seconds >= 0)) throw notUnderstood('the Java consumer', output)
  return { records, seconds, latency: NO_LATENCY }
}

/** Of benchmarks/librdkafka-perf.py: one line of JSON. */
export function librdkafkaFigures(output: string): ClientFigures {
  const match = /^\{"records": (\d+), "seconds": ([\d.]+)\}$/m.exec(output)
  if (match === null) throw notUnderstood('librdkafka', output)
  return { records: Number(match[1]), seconds: Number(match[2]), latency: NO_LATENCY }
}

/** `wanted` records had to pass, of `recordBytes` each; usage is the broker's, before and after. */
export function clientResult(
  { records, seconds, latency }: ClientFigures,
  wanted: { readonly records: number; readonly recordBytes: number },
  usage: { readonly before: Usage; readonly after: Usage },
): ScenarioResult {
  if (records < wanted.records) {
    throw new BenchError(`only ${records} of ${wanted.records} records passed`)
  }
  if (seconds <= 0) throw new BenchError(`${records} records are too few to be timed`)
  // Requests are not known: a client puts as many records into one as it likes.
  const counts = { requests: 0, bytes: records * wanted.recordBytes, latency }
  return resultOf(counts, seconds, usage.before, usage.after)
}

function notUnderstood(who: string, output: string): BenchError {
  return new BenchError(`no figures from ${who}: ${output.trim().slice(-500)}`)
}
