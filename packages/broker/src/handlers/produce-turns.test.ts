// What clients send in one turn of the event loop is validated in several if it takes long.

import type { ProduceResponseInit } from '@weir/protocol'
import t from 'tap'
import { type Asked, batchOf, DataPlane } from '../testing/data-plane.ts'
import { handleProduce } from './produce.ts'

const PARTITIONS = 20
/** Of compressed records. */
const TURN_BYTES = 256 * 1024
/** Of one request. */
const AT_ONCE_BYTES = 1024 * 1024
/** Of all that lines up. */
const LINE_BYTES = 512 * 1024

async function newPlane(): Promise<DataPlane> {
  const plane = await DataPlane.open()
  plane.createTopic('a', PARTITIONS)
  return plane
}

/** Hardly compressible, so that the batch is about as large as its record. */
function noise(plane: DataPlane, bytes: number): string {
  return plane.env.random.bytes(bytes / 2).toString('hex')
}

function appendedCount(plane: DataPlane): number {
  let count = 0
  for (let index = 0; index < PARTITIONS; index++) {
    count += plane.partition('a', index).log.logEndOffset
  }
  return count
}

async function offsetsOf(plane: DataPlane, asked: readonly Asked[]): Promise<unknown[]> {
  const offsets = []
  for (const each of asked) {
    const { responses } = await plane.response<ProduceResponseInit>(each)
    const partition = responses[0]?.partitionResponses[0]
    offsets.push([partition?.errorCode, partition?.baseOffset])
  }
  return offsets
}

t.test('compressed batches of many clients do not fill one turn', async t => {
  for (const codec of ['gzip', 'snappy', 'lz4', 'zstd'] as const) {
    const plane = await newPlane()
    const records = batchOf([noise(plane, 150_000)], { codec })
    const asked = Array.from({ length: PARTITIONS }, (_, index) =>
      plane.askProduce('a', Buffer.from(records), { index }),
    )
    const counts = [appendedCount(plane)]
    const count = () => {
      counts.push(appendedCount(plane))
      if (counts.length < 40) plane.env.clock.soon(count)
    }
    plane.env.clock.soon(count)
    t.same(await offsetsOf(plane, asked), Array(PARTITIONS).fill([0, 0]), codec)
    const steps = counts.map((each, i) => each - (counts[i - 1] ?? 0))
    // The last one of a turn begins within its share.
    t.ok(Math.max(...steps) <= Math.ceil(TURN_BYTES / records.length), `${codec}: ${steps}`)
    t.equal(appendedCount(plane), PARTITIONS)
  }
})

t.test('plain batches are appended in the turn in which they come', async t => {
  const plane = await newPlane()
  const records = batchOf([noise(plane, 150_000)])
  for (let index = 0; index < PARTITIONS; index++) {
    plane.askProduce('a', Buffer.from(records), { index })
  }
  t.equal(appendedCount(plane), PARTITIONS)
})

t.test('a request of more than 1 MiB does not fill one turn', async t => {
  const plane = await newPlane()
  const records = batchOf([noise(plane, 150_000)])
  const partitionData = Array.from({ length: PARTITIONS }, (_, index) => {
    return { index, records: Buffer.from(records) }
  })
  const asked = plane.ask(handleProduce, 9, {
    transactionalId: null,
    acks: -1,
    timeoutMs: 1_500,
    topicData: [{ name: 'a', topicId: '', partitionData }],
  })
  // The first of those that line up have a share of this turn, too.
  const most = Math.ceil(AT_ONCE_BYTES / records.length) + Math.ceil(LINE_BYTES / records.length)
  t.ok(appendedCount(plane) <= most, `${appendedCount(plane)} of ${PARTITIONS}`)
  const { responses } = await plane.response<ProduceResponseInit>(asked)
  t.ok(responses[0]?.partitionResponses.every(({ errorCode }) => errorCode === 0))
  t.equal(appendedCount(plane), PARTITIONS)
})

t.test('a plain batch does not overtake a compressed one of its partition', async t => {
  const plane = await newPlane()
  const sequence = (baseSequence: number) => ({ producerId: 7, producerEpoch: 0, baseSequence })
  const sent = Array.from({ length: 12 }, (_, at) =>
    at % 4 === 3
      ? batchOf(['plain'], sequence(at))
      : batchOf([noise(plane, 150_000)], { codec: 'lz4', ...sequence(at) }),
  )
  const asked = sent.map(records => plane.askProduce('a', records))
  t.equal(plane.partition('a').appendQueue.isBusy, true)
  t.same(
    await offsetsOf(plane, asked),
    sent.map((_, offset) => [0, offset]),
  )
})
