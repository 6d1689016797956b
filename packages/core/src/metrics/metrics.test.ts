import t from 'tap'
import { LATENCY_BOUNDS_SECONDS, LatencyHistogram } from './latency-histogram.ts'
import { metricRows } from './metric-table.ts'
import { renderMetric } from './prometheus.ts'

t.test('metrics are named as Prometheus wants it, each once', t => {
  const names = new Set<string>()
  for (const { name, kind, help, labels } of metricRows()) {
    t.match(name, /^(weir|process)_[a-z_]*[a-z]$/)
    t.equal(name.endsWith('_total'), kind === 'counter', `${name} is a ${kind}`)
    t.match(help, /^[A-Z0-9][^\n]*\.$/, `${name} is explained in a sentence`)
    t.equal(new Set(labels).size, labels.length)
    t.notOk(names.has(name))
    names.add(name)
  }
  t.end()
})

t.test('a duration falls into the first bucket whose bound is above it', t => {
  const bucketOf = (ms: number) => {
    const histogram = new LatencyHistogram()
    histogram.record(ms)
    t.equal(histogram.count, 1)
    return histogram.counts.indexOf(1)
  }
  t.equal(bucketOf(0), 0)
  t.equal(bucketOf(0.0639), 0)
  t.equal(bucketOf(0.065), 1)
  t.equal(bucketOf(0.127), 1)
  t.equal(bucketOf(0.129), 2)
  for (const [index, bound] of LATENCY_BOUNDS_SECONDS.entries()) {
    t.equal(bucketOf(bound * 999), index, `just below ${bound} s`)
    t.equal(bucketOf(bound * 1001), index + 1, `just above ${bound} s`)
  }
  t.equal(bucketOf(1e12), LATENCY_BOUNDS_SECONDS.length)
  t.end()
})

t.test('series are rendered with escaped labels, and metrics without series not at all', t => {
  const lines = (...args: Parameters<typeof renderMetric>) => [...renderMetric(...args)].join('')
  t.equal(lines('weir_topics', []), '')
  t.equal(
    lines('weir_topics', [{ value: 3 }]),
    '# HELP weir_topics Topics of the cluster.\n# TYPE weir_topics gauge\nweir_topics 3\n',
  )
  t.match(
    lines('weir_group_lag_records', [{ labels: ['a"b\\c\nd', 't'], value: 1 }]),
    'weir_group_lag_records{group="a\\"b\\\\c\\nd",topic="t"} 1\n',
  )
  t.throws(() => lines('weir_topics', [{ labels: ['x'], value: 1 }]), /other labels/)
  t.end()
})

t.test('a histogram is rendered with counts up to each bound', t => {
  const sample = {
    labels: ['Fetch'],
    boundsSeconds: [0.1, 0.2],
    counts: [1, 2, 3],
    sumSeconds: 4.5,
  }
  t.equal(
    [...renderMetric('weir_request_seconds', [sample])].join('').split('\n').slice(2).join('\n'),
    `weir_request_seconds_bucket{api="Fetch",le="0.1"} 1
weir_request_seconds_bucket{api="Fetch",le="0.2"} 3
weir_request_seconds_bucket{api="Fetch",le="+Inf"} 6
weir_request_seconds_sum{api="Fetch"} 4.5
weir_request_seconds_count{api="Fetch"} 6
`,
  )
  t.end()
})
