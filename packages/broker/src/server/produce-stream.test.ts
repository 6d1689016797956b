// A Produce request that is read in pieces is the request that the codec decodes; what is refused or
// damaged costs no memory.

import { SimRandom } from '@weir/core/sim'
import {
  DecodeError,
  decodeMessage,
  decodeRequestHeader,
  encodeRequestFrame,
  type ProduceRequest,
  produceApi,
} from '@weir/protocol'
import t from 'tap'
import { ProduceStream, type RefuseRecords, type StreamedTopic } from './produce-stream.ts'

const keepAll: RefuseRecords = () => null
const TOO_LARGE = { error: 'MESSAGE_TOO_LARGE', message: 'too large' } as const

interface Sample {
  readonly version: number
  readonly frame: Buffer
}

function topicsOf(seed: number): ProduceRequest['topicData'] {
  const random = new SimRandom(seed)
  return Array.from({ length: random.below(4) }, (_, topic) => ({
    name: `topic-${topic}`,
    topicId: 'BBBBBBBBBBBBBBBBBBBBBQ',
    partitionData: Array.from({ length: random.below(4) }, (_, index) => ({
      index,
      records: random.chance(0.2) ? null : random.bytes(random.below(300)),
    })),
  }))
}

function sampleOf(version: number, topicData: ProduceRequest['topicData']): Sample {
  const body = { transactionalId: version % 2 ? 'mine' : null, acks: -1, timeoutMs: 77, topicData }
  const options = { version, correlationId: 9, clientId: 'somebody' }
  return {
    version,
    frame: Buffer.concat(encodeRequestFrame(produceApi, options, body)).subarray(4),
  }
}

function read({ version, frame }: Sample, step: number, refuse = keepAll): ProduceStream {
  const stream = new ProduceStream(version, frame.length, refuse)
  for (let at = 0; at < frame.length; at += step) {
    // The memory of each piece is used again behind the call.
    const piece = Buffer.from(frame.subarray(at, at + step))
    stream.push(piece)
    piece.fill(0xdb)
  }
  return stream
}

/** What the codec makes of it, in the form of the stream. */
function decoded({ version, frame }: Sample): unknown {
  const { bodyStart } = decodeRequestHeader(frame)
  const body = decodeMessage(produceApi.request, version, frame, bodyStart)
  const topicData = body.topicData.map(topic => ({
    ...topic,
    partitionData: topic.partitionData.map(each => ({ ...each, refusal: null })),
  }))
  return { ...body, topicData }
}

for (let version = 3; version <= 13; version++) {
  t.test(`version ${version} in pieces of any size is what the codec reads`, t => {
    for (let seed = 1; seed <= 8; seed++) {
      const sample = sampleOf(version, topicsOf(seed))
      for (const step of [1, 7, 64, 1_000, sample.frame.length]) {
        const stream = read(sample, step)
        t.strictSame(stream.body, decoded(sample), `seed ${seed}, step ${step}`)
        t.match(stream.header, { requestApiVersion: version, correlationId: 9 })
        t.equal(stream.isWhole, true)
      }
    }
    t.end()
  })
}

t.test('records of all sizes come as they were sent', t => {
  const random = new SimRandom(3)
  const sizes = [1, 61, 130_000, 131_072, 200_000, 4_194_304, 4_194_305, 9_000_000]
  const noise = random.bytes(1_009)
  const partitionData = sizes.map((size, index) => ({ index, records: Buffer.alloc(size, noise) }))
  const sample = sampleOf(9, [{ name: 'a', topicId: '', partitionData }])
  const { topicData } = read(sample, 65_536).body as { topicData: StreamedTopic[] }
  for (const { index, records } of partitionData) {
    t.ok(topicData[0]?.partitionData[index]?.records?.equals(records), `${sizes[index]} bytes`)
  }
  t.end()
})

t.test('of refused records only the first header is kept', t => {
  const asked: unknown[] = []
  const refuse: RefuseRecords = ({ name }, index, byteCount) => {
    asked.push([name, index, byteCount])
    return index === 1 ? TOO_LARGE : null
  }
  const partitionData = [500, 2_000_000, 700].map((size, index) => ({
    index,
    records: Buffer.alloc(size, index + 1),
  }))
  const sample = sampleOf(7, [{ name: 'a', topicId: '', partitionData }])
  const stream = read(sample, 65_536, refuse)
  const { topicData } = stream.body as { topicData: StreamedTopic[] }
  t.same(asked, [
    ['a', 0, 500],
    ['a', 1, 2_000_000],
    ['a', 2, 700],
  ])
  t.same(
    topicData[0]?.partitionData.map(each => [each.records?.length, each.refusal]),
    [
      [500, null],
      [61, TOO_LARGE],
      [700, null],
    ],
  )
  t.ok(topicData[0]?.partitionData[2]?.records?.every(byte => byte === 3))
  t.equal(stream.droppedBytes, 2_000_000 - 61)
  t.end()
})

t.test('announced records take memory as they come', t => {
  for (const announced of [100_000, 1_000_000, 64 * 1024 * 1024]) {
    const records = Buffer.alloc(announced)
    const topicData = [{ name: 'a', topicId: '', partitionData: [{ index: 0, records }] }]
    const { frame } = sampleOf(9, topicData)
    const stream = new ProduceStream(9, frame.length, keepAll)
    const { topicData: read } = stream.body as { topicData: StreamedTopic[] }
    let at = 0
    for (const arrived of [100, 10_000, 50_000, 90_000]) {
      stream.push(frame.subarray(at, arrived))
      at = arrived
      const taken = read[0]?.partitionData[0]?.records?.buffer.byteLength ?? 0
      t.ok(taken <= Math.max(announced < 131_072 ? announced : 65_536, 4 * arrived), `${taken}`)
    }
  }
  t.end()
})

t.test('a frame that ends too early, or says more than it has, is refused', t => {
  const [topic] = topicsOf(2).filter(({ partitionData }) => partitionData.length > 0)
  for (const version of [8, 9]) {
    const { frame } = sampleOf(version, [topic as ProduceRequest['topicData'][number]])
    for (let length = 20; length < frame.length - 3; length++) {
      const cut = { version, frame: frame.subarray(0, length) }
      t.throws(() => read(cut, 7), DecodeError, `version ${version}, ${length} bytes`)
    }
  }
  t.end()
})

t.test('counts and sizes beyond the frame are refused at once', t => {
  const head = Buffer.from('0000000700000001ffff' + 'ffff' + 'ffff' + '00000064', 'hex')
  const topic = Buffer.from('00000001' + '000161' + '00000001' + '00000000', 'hex')
  const int32 = (value: number) => {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(value)
    return bytes
  }
  for (const [name, bytes] of [
    ['topics', Buffer.concat([head, int32(2 ** 30)])],
    ['a negative count', Buffer.concat([head, int32(-2)])],
    ['more elements than any request may have', Buffer.concat([head, int32(400_000)])],
    ['records', Buffer.concat([head, topic, int32(2_000_000)])],
    ['a negative size of records', Buffer.concat([head, topic, int32(-2)])],
  ] as const) {
    const stream = new ProduceStream(7, 1_500_000, keepAll)
    t.throws(() => stream.push(bytes), DecodeError, name)
  }
  t.end()
})

t.test('a field without an end is not collected for ever', t => {
  // Version 9: a client id, no tags, a transactional id that announces 1 GiB.
  const start = Buffer.from('0000000900000001' + 'ffff' + '00' + 'ffffffff03', 'hex')
  const stream = new ProduceStream(9, 100_000_000, keepAll)
  stream.push(start)
  const more = Buffer.alloc(16 * 1024)
  t.throws(() => {
    for (let i = 0; i < 8; i++) stream.push(more)
  }, DecodeError)
  t.end()
})
