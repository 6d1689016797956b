import t from 'tap'
import {
  clientResult,
  javaConsumerFigures,
  javaProducerFigures,
  librdkafkaFigures,
} from './client-figures.ts'

const USAGE = { cpuSeconds: 1, residentBytes: 2e6, peakResidentBytes: 3e6 }
const usage = { before: USAGE, after: { ...USAGE, cpuSeconds: 3 } }

t.test('the figures of the Java producer are those of its last line', t => {
  const figures = javaProducerFigures(
    [
      '16226 records sent, 3237.4 records/sec (3.09 MB/sec), 1338.3 ms avg latency, 2114.0 ms max latency.',
      '50000 records sent, 25000.0 records/sec (23.84 MB/sec), 21.08 ms avg latency, 29.00 ms max latency, 24 ms 50th, 25 ms 95th, 26 ms 99th, 28 ms 99.9th.',
      '',
    ].join('\n'),
  )
  t.same(figures, {
    records: 50_000,
    seconds: 2,
    latency: { p50Us: 24_000, p90Us: 0, p99Us: 26_000, p999Us: 28_000, maxUs: 29_000 },
  })
  const result = clientResult(figures, { records: 50_000, recordBytes: 1_000 }, usage)
  t.equal(result.megabytesPerSecond, 25)
  t.equal(result.cpuSecondsPerGb, 40)
  t.equal(result.requestsPerSecond, 0, 'what is not known')
  t.end()
})

t.test('the time of the Java consumer is the one that it fetched', t => {
  const output = `start.time, end.time, data.consumed.in.MB, MB.sec, data.consumed.in.nMsg, nMsg.sec, rebalance.time.ms, fetch.time.ms, fetch.MB.sec, fetch.nMsg.sec
2026-11-21 16:46:08:585, 2026-11-21 16:46:13:946, 47.6837, 8.8946, 50000, 9326.6182, 4198, 1163, 41.0006, 42992.2614
`
  const { records, seconds } = javaConsumerFigures(output)
  t.same({ records, seconds }, { records: 50_000, seconds: 1.163 })
  t.end()
})

t.test('the figures of librdkafka are one line', t => {
  const { records, seconds } = librdkafkaFigures('{"records": 7, "seconds": 0.250000}\n')
  t.same({ records, seconds }, { records: 7, seconds: 0.25 })
  t.end()
})

t.test('output without figures, and too few records, are failures', t => {
  t.throws(() => javaProducerFigures('16226 records sent, 3237.4 records/sec'), /no figures/)
  t.throws(() => javaConsumerFigures('TimeoutException\nno broker'), /no figures.*no broker/s)
  t.throws(() => librdkafkaFigures(''), /no figures/)
  const figures = librdkafkaFigures('{"records": 7, "seconds": 0.25}')
  const wanted = { records: 8, recordBytes: 100 }
  t.throws(() => clientResult(figures, wanted, usage), /only 7 of 8 records/)
  t.end()
})
