import t from 'tap'
import { CommandError, UsageError } from '../errors.ts'
import { parseConfigResource } from './config-resource.ts'
import {
  formatDurationMs,
  parseDurationMs,
  parseIsoDurationMs,
  parseTimestampMs,
} from './duration.ts'
import { parseKeyValues, parsePartitions, parseTopicSelection } from './key-values.ts'
import { nearest } from './nearest.ts'
import { parseOffsetCsv } from './offset-plan.ts'
import { parseStart } from './read-range.ts'
import { parseJsonRecord, parseLineRecord } from './record-input.ts'

t.test('durations', async t => {
  const cases: readonly (readonly [string, number])[] = [
    ['90s', 90_000],
    ['2h30m', 9_000_000],
    ['1.5s', 1_500],
    ['7d', 604_800_000],
    ['250ms', 250],
    ['PT1H30M', 5_400_000],
    ['P1DT2S', 86_402_000],
    ['P1W', 604_800_000],
    ['PT0.5S', 500],
  ]
  for (const [text, expected] of cases) t.equal(parseDurationMs(text), expected, text)
  for (const text of ['', '5', 'soon', 'P', 'PT', 'P1DT', '5 m', '-PT5S']) {
    t.throws(() => parseDurationMs(text), UsageError, text)
  }
  t.equal(parseIsoDurationMs('-PT5M'), -300_000)
  t.same([999, 1_500, 90_000, 7_200_000, 3e8].map(formatDurationMs), [
    '999 ms',
    '1.5 s',
    '1.5 min',
    '2 h',
    '3.5 d',
  ])
})

t.test('times', async t => {
  t.equal(parseTimestampMs('1700000000000'), 1_700_000_000_000)
  t.equal(parseTimestampMs('2026-01-31T12:00:00Z'), Date.UTC(2026, 0, 31, 12))
  t.equal(parseTimestampMs('2026-01-31T12:00+01:00'), Date.UTC(2026, 0, 31, 11))
  t.equal(parseTimestampMs('2026-01-31'), new Date(2026, 0, 31).getTime(), 'local time')
  for (const text of ['yesterday', '2026', '2026-13-01', '12:00']) {
    t.throws(() => parseTimestampMs(text), UsageError, text)
  }
})

t.test('places in a log', async t => {
  const nowMs = 1_000_000_000_000
  t.same(parseStart('earliest'), { kind: 'earliest' })
  t.same(parseStart('end'), { kind: 'latest' })
  t.same(parseStart('42'), { kind: 'offset', offset: 42 })
  t.same(parseStart('-10'), { kind: 'last', count: 10 })
  t.same(parseStart('1h', nowMs), { kind: 'time', timestampMs: nowMs - 3_600_000 })
  t.same(parseStart('PT1M', nowMs), { kind: 'time', timestampMs: nowMs - 60_000 })
  t.same(parseStart('1700000000000'), { kind: 'time', timestampMs: 1_700_000_000_000 })
  t.equal(parseStart('2026-01-31T12:00').kind, 'time')
  for (const text of ['', 'first', '-', '--5']) t.throws(() => parseStart(text), UsageError, text)
})

t.test('partitions and selections of topics', async t => {
  t.same(parsePartitions('0,3,5-7,5'), [0, 3, 5, 6, 7])
  for (const text of ['', 'a', '3-1', '1,,2', '99999999']) {
    t.throws(() => parsePartitions(text), UsageError, text)
  }
  t.same(parseTopicSelection('orders'), { topic: 'orders', partitions: null })
  t.same(parseTopicSelection('orders:1-2'), { topic: 'orders', partitions: [1, 2] })
})

t.test('NAME=VALUE: the first = splits, the last of equal names wins', async t => {
  t.same(
    [...parseKeyValues(['a=1', 'b=x=y', 'a=2', 'c='], '--x')],
    [
      ['a', '2'],
      ['b', 'x=y'],
      ['c', ''],
    ],
  )
  t.throws(() => parseKeyValues(['a'], '--config'), /--config takes NAME=VALUE, not 'a'/)
  t.throws(() => parseKeyValues(['=a'], '--config'), UsageError)
})

t.test('the nearest name is found, and none where none is near', async t => {
  const names = ['orders', 'bills', 'retention.ms', 'retention.bytes']
  t.equal(nearest('ordres', names), 'orders')
  t.equal(nearest('retention.mss', names), 'retention.ms')
  t.equal(nearest('BILLS', names), 'bills')
  t.equal(nearest('zzz', names), null)
})

t.test('what has settings', async t => {
  t.same(parseConfigResource('topic/orders'), { type: 'topic', name: 'orders' })
  t.same(parseConfigResource('broker'), { type: 'broker', name: '' })
  t.same(parseConfigResource('broker/3'), { type: 'broker', name: '3' })
  t.same(parseConfigResource('group/a/b'), { type: 'group', name: 'a/b' })
  for (const text of ['orders', 'topic', 'topic/', 'broker/x']) {
    t.throws(() => parseConfigResource(text), UsageError, text)
  }
})

t.test('lines become records', async t => {
  const plain = parseLineRecord({ key: null, keySeparator: null, isEmptyNull: false })
  t.match(plain('a:b', 1), { key: null, value: 'a:b' })
  const keyed = parseLineRecord({ key: null, keySeparator: ':', isEmptyNull: true })
  t.match(keyed('a:b:c', 1), { key: 'a', value: 'b:c' })
  t.match(keyed('a:', 1), { key: 'a', value: null })
  t.throws(() => keyed('ab', 7), /line 7 has no key/)
})

t.test('JSON lines become records, and what is no record says which line', async t => {
  t.match(parseJsonRecord('{"key":"k","value":{"a":1},"headers":{"h":"x"},"partition":3}', 1), {
    key: 'k',
    value: '{"a":1}',
    headers: [{ key: 'h', value: 'x' }],
    partition: 3,
  })
  t.match(parseJsonRecord('{"value":null}', 1), { key: null, value: null })
  t.match(parseJsonRecord('{"valueBase64":"/w=="}', 1), { value: Buffer.from([255]) })
  t.match(parseJsonRecord('{"value":"v","headers":[["a","1"],["a",null]]}', 1), {
    headers: [
      { key: 'a', value: '1' },
      { key: 'a', value: null },
    ],
  })
  for (const line of ['', '5', '[]', '{"key":"k"}', '{']) {
    t.throws(() => parseJsonRecord(line, 4), CommandError, line)
  }
})

t.test('a file of offsets is read, and a bad line is named', async t => {
  t.same(parseOffsetCsv('# plan\norders,0,5\n\n"bills", 1 ,7\n'), [
    { topic: 'orders', partition: 0, offset: 5 },
    { topic: 'bills', partition: 1, offset: 7 },
  ])
  t.throws(() => parseOffsetCsv('orders,0,5\norders,x,1'), /line 2/)
})
