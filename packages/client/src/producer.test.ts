import {
  batchBaseSequence,
  batchProducerId,
  batchRecordCount,
  initProducerIdApi,
  produceApi,
  records,
} from '@weir/protocol'
import t from 'tap'
import { Producer, type ProducerOptions } from './producer.ts'
import {
  type FakeBroker,
  fakeCluster,
  HANG_UP,
  like,
  serveMetadata,
} from './testing/fake-broker.ts'

interface Received {
  readonly nodeId: number
  readonly partition: number
  readonly values: string[]
  readonly data: Buffer
}

/** `decide` answers the error code of each produce request, or that the connection is cut. */
function serveProduce(
  broker: FakeBroker,
  received: Received[],
  decide: (count: number) => number | typeof HANG_UP = () => 0,
): void {
  let nextOffset = 0
  broker.on(initProducerIdApi, () => ({
    throttleTimeMs: 0,
    errorCode: 0,
    producerId: 7,
    producerEpoch: 0,
  }))
  broker.on(produceApi, body => {
    const topic = body.topicData[0]!
    const partition = topic.partitionData[0]!
    const data = Buffer.from(partition.records!)
    const values = [...records(data, 0)].map(record => String(record.value))
    received.push({ nodeId: broker.nodeId, partition: partition.index, values, data })
    const errorCode = decide(received.length)
    if (errorCode === HANG_UP) return HANG_UP
    const baseOffset = errorCode === 0 ? nextOffset : -1
    if (errorCode === 0) nextOffset += values.length
    return {
      responses: [
        {
          topicId: topic.topicId,
          partitionResponses: [{ index: partition.index, errorCode, baseOffset }],
        },
      ],
    }
  })
}

async function setUp(options: ProducerOptions = {}, leaders: readonly number[] = [1]) {
  const world = await fakeCluster(2)
  const state = { leaders }
  serveMetadata(world.brokers, () => [{ name: 'orders', leaders: state.leaders }])
  const producer = new Producer(world.cluster, options)
  return { ...world, state, producer, received: [] as Received[] }
}

const record = (value: string, key: string | null = null) => ({ topic: 'orders', key, value })

t.test('records of one turn travel together and learn their offsets', async t => {
  const { sim, brokers, producer, received } = await setUp()
  serveProduce(brokers[0]!, received)
  const sent = ['a', 'b', 'c'].map(value => producer.send(record(value)))
  const metadata = await sim.complete(Promise.all(sent))
  t.same(
    metadata.map(({ partition, offset }) => [partition, offset]),
    [
      [0, 0],
      [0, 1],
      [0, 2],
    ],
  )
  t.same(
    received.map(({ values }) => values),
    [['a', 'b', 'c']],
  )
})

t.test('after a moved leader the very same batch goes to the new one', async t => {
  const { sim, brokers, producer, received, state } = await setUp()
  serveProduce(brokers[0]!, received, () => {
    state.leaders = [2]
    return 6
  })
  serveProduce(brokers[1]!, received)
  const metadata = await sim.complete(producer.send(record('a')))
  t.equal(metadata.offset, 0)
  t.same(
    received.map(({ nodeId }) => nodeId),
    [1, 2],
  )
  t.ok(received[0]!.data.equals(received[1]!.data), 'byte for byte')
  t.equal(batchProducerId(received[1]!.data, 0), 7)
})

t.test('a cut connection is survived, in order and with the same sequences', async t => {
  const { sim, brokers, producer, received } = await setUp({ batchBytes: 60 })
  serveProduce(brokers[0]!, received, count => (count === 2 || count === 4 ? HANG_UP : 0))
  const values = Array.from({ length: 12 }, (_, i) => `value-${i}`)
  const sent = values.map(value => producer.send(record(value)))
  await sim.complete(Promise.all(sent))
  const accepted = received.filter((_, index) => index !== 1 && index !== 3)
  t.same(
    accepted.flatMap(batch => batch.values),
    values,
  )
  let next = 0
  for (const { data } of accepted) {
    t.equal(batchBaseSequence(data, 0), next)
    next += batchRecordCount(data, 0)
  }
  t.ok(received[1]!.data.equals(received[2]!.data), 'the lost one came again unchanged')
})

t.test('a refused batch fails its records and the ones behind it still go', async t => {
  const { sim, brokers, producer, received } = await setUp({ batchBytes: 60 })
  serveProduce(brokers[0]!, received, count => (count === 1 ? 10 : 0))
  const sent = Array.from({ length: 6 }, (_, i) => producer.send(record(`value-${i}`)))
  const outcomes = await sim.complete(Promise.allSettled(sent))
  const failed = received[0]!.values.length
  outcomes.forEach((outcome, index) => {
    t.equal(outcome.status, index < failed ? 'rejected' : 'fulfilled')
  })
  t.match(outcomes[0], { reason: { errorName: 'MESSAGE_TOO_LARGE' } })
})

t.test('a batch that is too large for the topic goes in smaller ones, in order', async t => {
  const { sim, brokers, producer, received } = await setUp()
  serveProduce(brokers[0]!, received, () => (received.at(-1)!.values.length > 3 ? 10 : 0))
  const values = Array.from({ length: 20 }, (_, i) => `value-${i}`)
  const sent = await sim.complete(Promise.all(values.map(value => producer.send(record(value)))))
  t.same(
    sent.map(({ offset }) => offset),
    values.map((_, index) => index),
  )
  const accepted = received.filter(batch => batch.values.length <= 3)
  t.same(
    accepted.flatMap(batch => batch.values),
    values,
  )
  let next = 0
  for (const { data } of accepted) {
    t.equal(batchBaseSequence(data, 0), next)
    next += batchRecordCount(data, 0)
  }
})

t.test(
  'what failed in one partition does not change a batch of another that is sent again',
  async t => {
    const { sim, brokers, producer, received } = await setUp({}, [1, 2])
    // The answer to the first one is lost, so that it may be there already.
    serveProduce(brokers[0]!, received, count => (count === 2 ? HANG_UP : 0))
    serveProduce(brokers[1]!, received, () => 10)
    const send = (value: string, partition: number) =>
      producer.send({ ...record(value), partition })
    await sim.complete(send('a', 0))
    const failing = send('c', 1)
    const repeated = send('b', 0)
    await t.rejects(sim.complete(failing), like({ errorName: 'MESSAGE_TOO_LARGE' }))
    t.equal((await sim.complete(repeated)).offset, 1)
    const copies = received.filter(({ values }) => values[0] === 'b')
    t.equal(copies.length, 2)
    t.ok(copies[0]!.data.equals(copies[1]!.data), 'byte for byte')
    t.equal(batchBaseSequence(copies[1]!.data, 0), 1)
  },
)

t.test('flush throws the failure that nobody was told', async t => {
  const { sim, brokers, producer, received } = await setUp()
  serveProduce(brokers[0]!, received, count => (count === 1 ? 10 : 0))
  await sim.complete(producer.enqueue(record('a')))
  await t.rejects(sim.complete(producer.flush()), like({ errorName: 'MESSAGE_TOO_LARGE' }))
  await sim.complete(producer.enqueue(record('b')))
  await sim.complete(producer.flush())
  t.same(received.at(-1)?.values, ['b'])
})

t.test('equal keys meet in one partition, and a full buffer makes the caller wait', async t => {
  const { sim, brokers, producer, received } = await setUp({ bufferBytes: 200 }, [1, 1, 1, 1])
  serveProduce(brokers[0]!, received)
  const done: (string | null)[] = []
  let mostBuffered = 0
  const sending = (async () => {
    for (let i = 0; i < 40; i++) {
      await producer.enqueue(record(`v${i}`, `k${i % 5}`), error => {
        done.push(error === null ? null : error.message)
      })
      mostBuffered = Math.max(mostBuffered, i + 1 - done.length)
    }
    await producer.flush()
  })()
  await sim.complete(sending)
  t.ok(mostBuffered < 20, `${mostBuffered} records in 200 bytes`)
  t.equal(done.length, 40)
  t.ok(done.every(error => error === null))
  const homes = new Map<string, Set<number>>()
  for (const { partition, data } of received) {
    for (const { key } of records(data, 0)) {
      const home = homes.get(String(key)) ?? new Set()
      homes.set(String(key), home.add(partition))
    }
  }
  t.equal(homes.size, 5)
  t.ok([...homes.values()].every(partitions => partitions.size === 1))
})

t.test(
  'records that nobody acknowledges fill the buffer, too, while the broker does not read',
  async t => {
    const { sim, brokers, producer, received } = await setUp({ acks: 0, bufferBytes: 100_000 })
    serveProduce(brokers[0]!, received)
    await sim.complete(producer.send(record('first')))
    brokers[0]!.stopReading()
    let accepted = 0
    const sending = (async () => {
      for (; accepted < 500; accepted++) await producer.enqueue(record('x'.repeat(10_000)))
    })()
    await sim.run({ forMs: 5_000 })
    t.ok(accepted < 100, `${accepted} records of 10 kB`)
    brokers[0]!.hangUp()
    await sim.complete(sending)
  },
)

t.test('a partition that the topic does not have is refused', async t => {
  const { sim, producer } = await setUp()
  const sending = producer.send({ ...record('a'), partition: 4 })
  await t.rejects(sim.complete(sending), like({ errorName: 'UNKNOWN_TOPIC_OR_PARTITION' }))
})
