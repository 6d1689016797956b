// The leader's checks of produced records, against the answers of a real Kafka broker.

import { existsSync, readFileSync } from 'node:fs'
import t from 'tap'
import { type Codec, decompress } from './compression/compression.ts'
import {
  batchAttributes,
  batchMaxTimestamp,
  codecOf,
  isLogAppendTime,
  RECORD_BATCH_HEADER_BYTES,
  setBatchBaseOffset,
  verifyBatchCrc,
  writeBatchCrc,
} from './record-batch.ts'
import { buildRecordBatch } from './record-batch-builder.ts'
import {
  type RecordValidationOptions,
  validateProducedRecords as validate,
} from './record-validation.ts'
import { records } from './records.ts'

const NOW_MS = 1_800_000_000_000

const options: RecordValidationOptions = {
  maxBatchBytes: 1_048_588,
  targetCodec: 'producer',
  targetLevel: null,
  isLogAppendTime: false,
  timestampBeforeMaxMs: Number.MAX_SAFE_INTEGER,
  timestampAfterMaxMs: 3_600_000,
  isCompacted: false,
  depth: 'full',
  inlineBatchBytes: 4_194_304,
  inlineInputBytes: 262_144,
  inlineOutputBytes: 1_048_576,
  maxOutputBytes: 67_108_864,
}

function validateProducedRecords(
  buffer: Buffer,
  given: RecordValidationOptions,
  nowMs: number = NOW_MS,
) {
  return validate(buffer, given, nowMs)
}

interface Damaged {
  name: string
  hex: string
  broker: { error: string; recordErrors: number[] }
}

const KIT = new URL('../../../../shared/protocol/golden/', import.meta.url)
const folder = existsSync(KIT) ? KIT : new URL('../testdata/', import.meta.url)
const damaged = readFileSync(new URL('record-batches-corrupt.jsonl', folder), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as Damaged)

/** Where ours differs from the broker's recorded answer, always stricter or clearer. */
const STRICTER = new Map([
  ['gzip-trailing-garbage-in-batch', 'CORRUPT_MESSAGE'],
  ['record-offset-delta-wrong', 'INVALID_RECORD'],
  ['record-offset-delta-negative', 'INVALID_RECORD'],
  // Kafka answers these two before it looks at the batch; so does the Produce handler.
  ['transactional-without-producer', 'INVALID_RECORD'],
  ['empty-batch-from-client', 'INVALID_RECORD'],
])

t.test('damaged batches get the answers of Kafka', async t => {
  t.equal(damaged.length, 105)
  for (const vector of damaged) {
    const outcome = validateProducedRecords(Buffer.from(vector.hex, 'hex'), options)
    const answer =
      outcome.kind === 'valid' ? 'NONE' : outcome.kind === 'invalid' ? outcome.error : ''
    const expected = STRICTER.get(vector.name) ?? vector.broker.error
    if (expected === 'UNKNOWN_SERVER_ERROR') {
      t.ok(['CORRUPT_MESSAGE', 'INVALID_RECORD'].includes(answer), vector.name)
    } else {
      t.equal(answer, expected, vector.name)
    }
    if (outcome.kind === 'valid') t.ok(verifyBatchCrc(outcome.records, 0), vector.name)
    const named = outcome.kind === 'invalid' ? outcome.recordErrors.map(e => e.batchIndex) : []
    t.same(named, vector.broker.recordErrors, vector.name)
  }
})

const plainRecords = [
  { timestamp: NOW_MS - 5, key: 'a', value: 'one '.repeat(40) },
  { timestamp: NOW_MS - 9, key: 'b', value: 'two '.repeat(40) },
]

const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']

t.test('a topic with a codec of its own stores every batch in it', async t => {
  for (const from of codecs) {
    for (const to of codecs) {
      const batch = buildRecordBatch(plainRecords, {
        codec: from,
        producerId: 7,
        producerEpoch: 1,
        baseSequence: 3,
      })
      const outcome = validateProducedRecords(batch, { ...options, targetCodec: to })
      if (outcome.kind !== 'valid') throw new Error(`${from} to ${to}: ${outcome.kind}`)
      t.equal(codecOf(batchAttributes(outcome.records, 0)), to)
      t.ok(verifyBatchCrc(outcome.records, 0))
      t.equal(outcome.recordCount, 2)
      t.same(
        [...records(outcome.records, 0)].map(record => [record.timestamp, String(record.value)]),
        plainRecords.map(record => [record.timestamp, record.value]),
      )
    }
  }
})

t.test('a batch that is too large in the codec of its topic is refused', async t => {
  const value = 'v'.repeat(20_000)
  const batch = buildRecordBatch([{ timestamp: NOW_MS, key: null, value }], { codec: 'gzip' })
  const given = { ...options, maxBatchBytes: 10_000 }
  t.match(validateProducedRecords(Buffer.from(batch), given), { kind: 'valid' })
  const stored = validateProducedRecords(batch, { ...given, targetCodec: 'none' as const })
  t.match(stored, { kind: 'invalid', error: 'MESSAGE_TOO_LARGE' })
})

t.test('log append time stamps the batch with the broker time', async t => {
  const outcome = validateProducedRecords(buildRecordBatch(plainRecords), {
    ...options,
    isLogAppendTime: true,
  })
  if (outcome.kind !== 'valid') throw new Error(outcome.kind)
  t.ok(isLogAppendTime(batchAttributes(outcome.records, 0)))
  t.equal(outcome.maxTimestamp, NOW_MS)
  t.ok(verifyBatchCrc(outcome.records, 0))
})

t.test('a wrong largest timestamp is replaced by the real one', async t => {
  const batch = buildRecordBatch(plainRecords)
  batch.writeBigInt64BE(1n, 35)
  writeBatchCrc(batch, 0)
  const outcome = validateProducedRecords(batch, options)
  if (outcome.kind !== 'valid') throw new Error(outcome.kind)
  t.equal(batchMaxTimestamp(outcome.records, 0), NOW_MS - 5)
  t.ok(verifyBatchCrc(outcome.records, 0))
})

const refused = [
  {
    name: 'a batch above max.message.bytes',
    change: { maxBatchBytes: 100 },
    error: 'MESSAGE_TOO_LARGE',
  },
  {
    name: 'a record that is too old',
    change: { timestampBeforeMaxMs: 6 },
    error: 'INVALID_TIMESTAMP',
    indexes: [1],
  },
  {
    name: 'a record from the future',
    change: { timestampAfterMaxMs: 10 },
    nowMs: NOW_MS - 100_000,
    error: 'INVALID_TIMESTAMP',
    indexes: [0, 1],
  },
]

for (const { name, change, error, indexes, nowMs } of refused) {
  t.test(`${name} is refused`, async t => {
    const given = { ...options, ...change }
    const outcome = validateProducedRecords(buildRecordBatch(plainRecords), given, nowMs)
    t.match(outcome, { kind: 'invalid', error })
    if (outcome.kind === 'invalid')
      t.same(
        outcome.recordErrors.map(e => e.batchIndex),
        indexes ?? [],
      )
  })
}

t.test('a compacted topic names the records without a key', async t => {
  const batch = buildRecordBatch([
    { timestamp: -1, key: 'k', value: '1' },
    { timestamp: -1, key: null, value: '2' },
  ])
  const outcome = validateProducedRecords(batch, { ...options, isCompacted: true })
  t.match(outcome, { kind: 'invalid', error: 'INVALID_RECORD', recordErrors: [{ batchIndex: 1 }] })
})

t.test('validation of batches only leaves their inside unread', async t => {
  const batch = buildRecordBatch(plainRecords, { codec: 'gzip' })
  batch.fill(0xff, RECORD_BATCH_HEADER_BYTES)
  writeBatchCrc(batch, 0)
  t.match(validateProducedRecords(batch, { ...options, depth: 'batch' }), { kind: 'valid' })
  t.match(validateProducedRecords(batch, options), { kind: 'invalid', error: 'CORRUPT_MESSAGE' })
  const wrongBase = buildRecordBatch(plainRecords)
  setBatchBaseOffset(wrongBase, 0, 3)
  t.match(validateProducedRecords(wrongBase, { ...options, depth: 'batch' }), {
    kind: 'invalid',
    error: 'INVALID_RECORD',
  })
})

t.test('a bomb is put off to a worker, and refused there by the budget', async t => {
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const value = Buffer.alloc(3 * 1024 * 1024)
    const batch = buildRecordBatch([{ timestamp: -1, key: null, value }], { codec })
    t.same(validateProducedRecords(batch, options), { kind: 'deferred' }, codec)
    const inWorker = { ...options, inlineInputBytes: Infinity, inlineOutputBytes: Infinity }
    t.match(validateProducedRecords(batch, inWorker), { kind: 'valid' }, codec)
    t.match(
      validateProducedRecords(batch, { ...inWorker, maxOutputBytes: 2 * 1024 * 1024 }),
      { kind: 'invalid', error: 'CORRUPT_MESSAGE' },
      codec,
    )
    t.throws(() => decompress(codec, batch.subarray(RECORD_BATCH_HEADER_BYTES), 1024))
  }
})

t.test('a large compressed batch is put off even when it holds little', async t => {
  const batch = buildRecordBatch(plainRecords, { codec: 'lz4' })
  t.same(validateProducedRecords(batch, { ...options, inlineInputBytes: 100 }), {
    kind: 'deferred',
  })
})

t.test(
  'a batch that is too large for one turn is put off before its checksum is looked at',
  async t => {
    const batch = buildRecordBatch(plainRecords)
    batch[batch.length - 1] = batch.at(-1)! ^ 1
    const small = { ...options, inlineBatchBytes: batch.length - 1 }
    t.same(validateProducedRecords(batch, small), { kind: 'deferred' })
    t.match(validateProducedRecords(batch, { ...small, inlineBatchBytes: batch.length }), {
      kind: 'invalid',
      error: 'CORRUPT_MESSAGE',
    })
    const tooLarge = { ...small, maxBatchBytes: batch.length - 1 }
    t.match(validateProducedRecords(batch, tooLarge), { error: 'MESSAGE_TOO_LARGE' })
  },
)
