import { buildRecordBatch, type NewRecord, type RecordBatchOptions } from '@weir/protocol'
import t from 'tap'
import { ClientError } from './errors.ts'
import { decodeFetched } from './fetch-decoder.ts'

function batch(values: readonly string[], options: RecordBatchOptions): Buffer {
  const records = values.map((value): NewRecord => ({ timestamp: 1, key: null, value }))
  return buildRecordBatch(records, options)
}

/** An abort (0) or commit (1) marker. */
function marker(type: number, options: RecordBatchOptions): Buffer {
  const key = Buffer.alloc(4)
  key.writeInt16BE(type, 2)
  return buildRecordBatch([{ timestamp: 1, key, value: Buffer.alloc(6) }], {
    ...options,
    isControl: true,
    isTransactional: true,
  })
}

const PARTITION = { topic: 't', partition: 0, abortedTransactions: null }

t.test('records before the asked offset and in cut batches are left out', async t => {
  const data = Buffer.concat([
    batch(['a', 'b', 'c'], { baseOffset: 10 }),
    batch(['d'], { baseOffset: 13, codec: 'gzip' }),
    batch(['e'], { baseOffset: 14 }).subarray(0, 40),
  ])
  const fetched = decodeFetched({ ...PARTITION, fetchOffset: 11, records: data })
  t.same(
    fetched.records.map(({ offset, value }) => [offset, value?.toString()]),
    [
      [11, 'b'],
      [12, 'c'],
      [13, 'd'],
    ],
  )
  t.equal(fetched.nextOffset, 14)
})

t.test('an empty answer leaves the position where it is', async t => {
  for (const records of [null, Buffer.alloc(0)]) {
    const fetched = decodeFetched({ ...PARTITION, fetchOffset: 7, records })
    t.same(fetched, { records: [], nextOffset: 7 })
  }
})

t.test('control batches are skipped and move the position', async t => {
  const data = marker(1, { baseOffset: 5, producerId: 1, producerEpoch: 0 })
  t.same(decodeFetched({ ...PARTITION, fetchOffset: 5, records: data }), {
    records: [],
    nextOffset: 6,
  })
})

t.test('with read_committed the records of aborted transactions are left out', async t => {
  const of = (producerId: number, baseOffset: number): RecordBatchOptions => {
    return { producerId, producerEpoch: 0, baseSequence: 0, baseOffset, isTransactional: true }
  }
  const data = Buffer.concat([
    batch(['aborted-1'], of(1, 0)),
    batch(['kept-2'], of(2, 1)),
    batch(['plain'], { baseOffset: 2 }),
    marker(0, { baseOffset: 3, producerId: 1, producerEpoch: 0 }),
    batch(['kept-1'], of(1, 4)),
    marker(1, { baseOffset: 5, producerId: 1, producerEpoch: 0 }),
    batch(['aborted-2'], of(2, 6)),
    marker(0, { baseOffset: 7, producerId: 2, producerEpoch: 0 }),
  ])
  const abortedTransactions = [
    { producerId: 2, firstOffset: 6 },
    { producerId: 1, firstOffset: 0 },
  ]
  const fetched = decodeFetched({
    ...PARTITION,
    fetchOffset: 0,
    records: data,
    abortedTransactions,
  })
  t.same(
    fetched.records.map(record => record.value?.toString()),
    ['kept-2', 'plain', 'kept-1'],
  )
  t.equal(fetched.nextOffset, 8)
})

t.test('a batch with a wrong CRC is an error, not a record', async t => {
  const data = batch(['a'], { baseOffset: 0 })
  data[data.length - 2]! ^= 1
  t.throws(() => decodeFetched({ ...PARTITION, fetchOffset: 0, records: data }), ClientError)
})
