// Record batches against bytes that Apache Kafka wrote, and against themselves.

import { existsSync, readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { compress } from './compression/compression.ts'
import { crc32c, crc32cOfTable } from './crc32c.ts'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseSequence,
  batchBaseTimestamp,
  batchCrc,
  batchLastOffset,
  batchLastSequence,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  batchRecordCount,
  batchSizeInBytes,
  isControl,
  isLogAppendTime,
  isTransactional,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchLogAppendTime,
  verifyBatchCrc,
} from './record-batch.ts'
import { buildRecordBatch, type NewRecord } from './record-batch-builder.ts'
import { batchPositions, records } from './records.ts'
import { RecordsError } from './records-error.ts'

interface GoldenBatch {
  magic: number
  baseOffset: string
  lastOffset: string
  sizeInBytes: number
  crc: number
  attributes: number
  timestampType: string
  baseTimestamp: string
  maxTimestamp: string
  partitionLeaderEpoch: number
  producerId: string
  producerEpoch: number
  baseSequence: number
  lastSequence: number
  count: number
  isTransactional: boolean
  isControl: boolean
  records: {
    offset: string
    timestamp: string
    keyHex: string | null
    valueHex: string | null
    headers: [string, string | null][]
  }[]
}

interface Golden {
  name: string
  hex: string
  batches: GoldenBatch[]
  completeBytes: number
}

const KIT = new URL('../../../../shared/protocol/golden/', import.meta.url)
const TESTDATA = new URL('../testdata/', import.meta.url)
const folder = existsSync(KIT) ? KIT : TESTDATA

const golden = readFileSync(new URL('record-batches.jsonl', folder), 'utf8')
  .trim()
  .split('\n')
  .map(line => JSON.parse(line) as Golden)

/** Numbers are exact up to 2^53 only: larger vectors are compared as doubles. */
const int64 = (text: string) => Number(text)
const hexOf = (bytes: Buffer | null) => (bytes === null ? null : bytes.toString('hex'))

t.test('every golden batch of magic 2 reads as Kafka reads it', async t => {
  for (const vector of golden) {
    const bytes = Buffer.from(vector.hex, 'hex')
    if (vector.batches[0]?.magic !== 2) continue
    const positions = [...batchPositions(bytes)]
    t.equal(positions.length, vector.batches.length, vector.name)
    positions.forEach((at, index) => {
      const batch = vector.batches[index]!
      t.match(
        {
          baseOffset: batchBaseOffset(bytes, at),
          lastOffset: batchLastOffset(bytes, at),
          sizeInBytes: batchSizeInBytes(bytes, at),
          crc: batchCrc(bytes, at),
          attributes: batchAttributes(bytes, at),
          isLogAppendTime: isLogAppendTime(batchAttributes(bytes, at)),
          baseTimestamp: batchBaseTimestamp(bytes, at),
          maxTimestamp: batchMaxTimestamp(bytes, at),
          leaderEpoch: batchLeaderEpoch(bytes, at),
          producerId: batchProducerId(bytes, at),
          producerEpoch: batchProducerEpoch(bytes, at),
          baseSequence: batchBaseSequence(bytes, at),
          lastSequence: batchLastSequence(bytes, at),
          count: batchRecordCount(bytes, at),
          isTransactional: isTransactional(batchAttributes(bytes, at)),
          isControl: isControl(batchAttributes(bytes, at)),
        },
        {
          baseOffset: int64(batch.baseOffset),
          lastOffset: int64(batch.lastOffset),
          sizeInBytes: batch.sizeInBytes,
          crc: batch.crc,
          attributes: batch.attributes,
          isLogAppendTime: batch.timestampType === 'LogAppendTime',
          baseTimestamp: int64(batch.baseTimestamp),
          maxTimestamp: int64(batch.maxTimestamp),
          leaderEpoch: batch.partitionLeaderEpoch,
          producerId: int64(batch.producerId),
          producerEpoch: batch.producerEpoch,
          baseSequence: batch.baseSequence,
          lastSequence: batch.lastSequence,
          count: batch.count,
          isTransactional: batch.isTransactional,
          isControl: batch.isControl,
        },
        vector.name,
      )
      t.ok(verifyBatchCrc(bytes, at), vector.name)
      const decoded = [...records(bytes, at)].map(record => ({
        offset: record.offset,
        timestamp: record.timestamp,
        keyHex: hexOf(record.key),
        valueHex: hexOf(record.value),
        headers: record.headers.map(header => [header.key, hexOf(header.value)]),
      }))
      const expected = batch.records.map(record => ({
        offset: int64(record.offset),
        timestamp: int64(record.timestamp),
        keyHex: record.keyHex,
        valueHex: record.valueHex,
        headers: record.headers,
      }))
      t.same(decoded, expected, vector.name)
    })
  }
})

t.test('batches of magic 0 and 1 are refused, not misread', async t => {
  const old = golden.filter(vector => vector.batches[0]?.magic !== 2)
  t.ok(old.length > 10)
  for (const vector of old) {
    const bytes = Buffer.from(vector.hex, 'hex')
    t.ok(batchMagic(bytes, 0) < 2, vector.name)
    t.throws(() => [...records(bytes, 0)], RecordsError, vector.name)
  }
})

t.test('offset and leader epoch are patched without touching the checksum', async t => {
  const bytes = buildRecordBatch([{ timestamp: 5, key: 'k', value: 'v' }])
  setBatchBaseOffset(bytes, 0, 2 ** 40 + 7)
  setBatchLeaderEpoch(bytes, 0, 12)
  t.equal(batchBaseOffset(bytes, 0), 2 ** 40 + 7)
  t.equal(batchLeaderEpoch(bytes, 0), 12)
  t.ok(verifyBatchCrc(bytes, 0))
  setBatchLogAppendTime(bytes, 0, 99)
  t.ok(verifyBatchCrc(bytes, 0))
  t.same(
    [...records(bytes, 0)].map(record => record.timestamp),
    [99],
  )
})

const recordArbitrary: fc.Arbitrary<NewRecord> = fc.record(
  {
    timestamp: fc.oneof(
      fc.integer({ min: -1, max: 2_000_000_000 }),
      fc.maxSafeInteger().map(value => Math.abs(value)),
    ),
    key: fc.option(fc.uint8Array({ maxLength: 70 }).map(bytes => Buffer.from(bytes))),
    value: fc.option(fc.uint8Array({ maxLength: 300 }).map(bytes => Buffer.from(bytes))),
    headers: fc.array(
      fc.record(
        {
          key: fc.string({ unit: 'grapheme', maxLength: 10 }),
          value: fc.option(fc.uint8Array({ maxLength: 10 }).map(bytes => Buffer.from(bytes))),
        },
        { noNullPrototype: true },
      ),
      { maxLength: 3 },
    ),
  },
  { noNullPrototype: true },
)

t.test('what is built reads back the same, in every codec', async () => {
  fc.assert(
    fc.property(
      fc.array(recordArbitrary, { minLength: 1, maxLength: 8 }),
      fc.constantFrom('none', 'gzip', 'snappy', 'lz4', 'zstd'),
      fc.nat(),
      (input, codec, baseOffset) => {
        const bytes = buildRecordBatch(input, { codec, baseOffset })
        const output = [...records(bytes, 0)].map((record, index) => {
          if (record.offset !== baseOffset + index) return null
          const { timestamp, key, value, headers } = record
          return { timestamp, key, value, headers }
        })
        return verifyBatchCrc(bytes, 0) && isDeepStrictEqual(output, input)
      },
    ),
    { numRuns: 60 },
  )
})

t.test('a damaged batch ends in RecordsError and never in anything else', async t => {
  const seeds = golden
    .filter(vector => vector.batches[0]?.magic === 2 && vector.hex.length < 1000)
    .map(vector => Buffer.from(vector.hex, 'hex'))
  let damaged = 0
  fc.assert(
    fc.property(
      fc.constantFrom(...seeds),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.nat(),
      (seed, changes, cut) => {
        const bytes = Buffer.from(seed.subarray(0, seed.length - (cut % 4)))
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        try {
          for (const at of batchPositions(bytes)) [...records(bytes, at, 1 << 20)].length
        } catch (error) {
          damaged++
          if (!(error instanceof RecordsError)) throw error
        }
      },
    ),
    { numRuns: 3000 },
  )
  t.ok(damaged > 100)
})

t.test('the checksum is the same from both implementations, whole or chained', async t => {
  t.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  // The native one is loaded once enough was asked for.
  const much = Buffer.alloc(1024 * 1024, 'much')
  t.equal(crc32c(much), crc32cOfTable(much, 0, much.length, 0))
  const bytes = Buffer.alloc(3000, 'some bytes, and more of them')
  for (const length of [0, 1, 7, 8, 9, 511, 512, 513, 3000]) {
    const whole = crc32c(bytes, 0, length)
    t.equal(crc32cOfTable(bytes, 0, length, 0), whole)
    const half = length >> 1
    t.equal(crc32c(bytes, half, length, crc32c(bytes, 0, half)), whole)
  }
})

t.test('compressing a batch keeps every record', async t => {
  const input = Array.from({ length: 200 }, (_, index) => ({
    timestamp: index,
    key: `key-${index}`,
    value: 'x'.repeat(index),
  }))
  const plain = buildRecordBatch(input)
  t.ok(compress('gzip', 9, plain).length < plain.length)
  t.equal([...records(buildRecordBatch(input, { codec: 'zstd', level: 1 }), 0)].length, 200)
})
