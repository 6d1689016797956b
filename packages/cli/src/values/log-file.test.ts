import { buildRecordBatch, type NewRecord, type RecordBatchOptions } from '@weir/protocol'
import t from 'tap'
import { dumpOffsetIndex, dumpSegment, dumpTimeIndex, type FileReader } from './log-file.ts'

function fileOf(data: Buffer): FileReader {
  return { bytes: data.length, read: (at, length) => data.subarray(at, at + length) }
}

function batch(values: readonly string[], options: RecordBatchOptions = {}): Buffer {
  return buildRecordBatch(
    values.map((value): NewRecord => ({ timestamp: 5, key: null, value })),
    options,
  )
}

t.test('batches come with their positions, counts and records', async t => {
  const first = batch(['a', 'b'], { baseOffset: 10, leaderEpoch: 3 })
  const second = batch(['c'], { baseOffset: 12, codec: 'gzip' })
  const dumped = [...dumpSegment(fileOf(Buffer.concat([first, second])), true)]
  t.match(dumped, [
    { position: 0, baseOffset: 10, lastOffset: 11, recordCount: 2, leaderEpoch: 3, codec: 'none' },
    { position: first.length, baseOffset: 12, recordCount: 1, codec: 'gzip', problem: null },
  ])
  t.same(
    dumped.flatMap(({ records }) => records?.map(record => String(record.value))),
    ['a', 'b', 'c'],
  )
})

t.test('a wrong CRC, a cut end and offsets that go back are reported', async t => {
  const sound = batch(['a', 'b'], { baseOffset: 10 })
  const damaged = Buffer.from(sound)
  damaged[damaged.length - 1]! ^= 1
  const problems = (data: Buffer): (string | null)[] =>
    [...dumpSegment(fileOf(data), false)].map(({ problem }) => problem)
  t.match(problems(damaged), [/wrong CRC/])
  const cut = Buffer.concat([sound, batch(['c'], { baseOffset: 12 }).subarray(0, 65)])
  t.match(problems(cut), [null, /cut off: 65 of/])
  t.match(problems(Buffer.concat([sound, batch(['c'], { baseOffset: 4 })])), [null, /offset 4/])
  t.match(problems(Buffer.concat([sound, Buffer.alloc(100)])), [null, /100 zero bytes/])
  t.match(problems(Buffer.concat([sound, Buffer.alloc(80, 0xff)])), [null, /no batch begins/])
})

t.test('index entries are absolute, and those out of order are reported', async t => {
  const entry = (offset: number, position: number): Buffer => {
    const bytes = Buffer.alloc(8)
    bytes.writeUInt32BE(offset)
    bytes.writeUInt32BE(position, 4)
    return bytes
  }
  const data = Buffer.concat([entry(5, 4096), entry(3, 9000), Buffer.alloc(16)])
  t.match(
    [...dumpOffsetIndex(fileOf(data), 100)],
    [
      { offset: 105, position: 4096, problem: null },
      { offset: 103, position: 9000, problem: /out of order/ },
    ],
  )
  const time = Buffer.alloc(12)
  time.writeBigInt64BE(1700n)
  time.writeUInt32BE(9, 8)
  t.match([...dumpTimeIndex(fileOf(time), 100)], [{ offset: 109, timestamp: 1700, problem: null }])
})
