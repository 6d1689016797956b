// Large Produce requests over a connection: read while they come, appended over several turns, in
// order; refused records take no memory.

import {
  buildRecordBatch,
  encodeRequestFrame,
  errorCode,
  type ProduceResponse,
  produceApi,
  type RecordBatchOptions,
} from '@weir/protocol'
import t from 'tap'
import { batchOf, DataPlane } from '../testing/data-plane.ts'
import { WireClient } from '../testing/wire-client.ts'
import { API_ROWS } from './api-table.ts'
import { BrokerServer } from './broker-server.ts'
import { Dispatcher } from './dispatch.ts'
import { RequestMemory } from './request-memory.ts'

const MEGABYTE = 1024 * 1024

interface Records {
  readonly index: number
  readonly records: Buffer
}

class World {
  readonly plane: DataPlane
  readonly memory = new RequestMemory(64 * MEGABYTE)
  readonly server: BrokerServer
  #lastConnectionId = 0

  private constructor(plane: DataPlane) {
    this.plane = plane
    const { env, services } = plane
    const onFatal = (error: Error) => {
      throw error
    }
    this.server = new BrokerServer({
      env,
      dispatcher: new Dispatcher({ rows: API_ROWS, listenerKind: 'broker', services, onFatal }),
      memory: this.memory,
      info: { name: 'PLAINTEXT', kind: 'broker' },
      limits: () => ({
        maxRequestBytes: 100 * MEGABYTE,
        maxConnections: 100,
        maxConnectionsPerAddress: 100,
        maxConnectionsFrom: () => 100,
        maxIdleMs: 600_000,
      }),
      newConnectionId: () => ++this.#lastConnectionId,
      onConnectionClosed: () => undefined,
    })
  }

  static async open(): Promise<World> {
    const world = new World(await DataPlane.open())
    // Megabytes in pieces of a few bytes would take long.
    world.plane.sim.network.faults.splitChance = 0.1
    await world.plane.sim.complete(world.server.listen('node', 9092))
    world.server.open()
    return world
  }

  connect(): Promise<WireClient> {
    const { sim } = this.plane
    return sim.complete(WireClient.connect(sim.env('client'), 'node', 9092))
  }

  async outcome(answer: Promise<ProduceResponse>): Promise<[number, number][]> {
    const { responses } = await this.plane.sim.complete(answer)
    return responses.flatMap(({ partitionResponses }) =>
      partitionResponses.map((each): [number, number] => [each.errorCode, each.baseOffset]),
    )
  }
}

function produceBody(topic: string, partitionData: readonly Records[]) {
  return { acks: -1, timeoutMs: 10_000, topicData: [{ name: topic, partitionData }] }
}

function produce(client: WireClient, topic: string, partitionData: readonly Records[]) {
  return client.request(produceApi, 9, produceBody(topic, partitionData))
}

function batch(bytes: number, options: RecordBatchOptions = {}): Buffer {
  const value = Buffer.alloc(bytes, 'value')
  return buildRecordBatch([{ timestamp: -1, key: null, value }], options)
}

t.test('a request for many partitions is appended as it was sent', async t => {
  const world = await World.open()
  world.plane.createTopic('a', 12)
  const client = await world.connect()
  const partitionData = Array.from({ length: 12 }, (_, index) => ({
    index,
    records: index % 3 === 0 ? batchOf([`small ${index}`]) : batch(900_000 + index),
  }))
  const outcome = await world.outcome(produce(client, 'a', partitionData))
  t.same(
    outcome,
    Array.from({ length: 12 }, () => [0, 0]),
  )
  for (const { index, records } of partitionData) {
    const { log } = world.plane.partition('a', index)
    t.equal(log.logEndOffset, 1)
    const read = await world.plane.sim.complete(
      Promise.resolve(
        world.plane.partition('a', index).read({
          fetchOffset: 0,
          maxBytes: 2 * MEGABYTE,
          minOneBatch: true,
          view: 'uncommitted',
        }),
      ),
    )
    // Offset and epoch are the log's, behind them everything is the client's.
    const stored = read.kind === 'read' ? Buffer.concat(read.chunks) : Buffer.alloc(0)
    t.ok(stored.subarray(16).equals(records.subarray(16)), `partition ${index}`)
  }
  t.equal(world.memory.heldBytes, 0)
})

t.test('requests behind a large one stay behind it in their partitions', async t => {
  const world = await World.open()
  world.plane.createTopic('a', 8)
  const client = await world.connect()
  const sequence = (baseSequence: number) => ({ producerId: 7, producerEpoch: 0, baseSequence })
  const all = (baseSequence: number, bytes: number) =>
    Array.from({ length: 8 }, (_, index) => ({
      index,
      records: batch(bytes, sequence(baseSequence)),
    }))
  const answers = [
    produce(client, 'a', all(0, 700_000)),
    produce(client, 'a', all(1, 100)),
    produce(client, 'a', all(2, 600_000)),
    produce(client, 'a', all(3, 10)),
  ]
  for (const [offset, answer] of answers.entries()) {
    const expected = Array.from({ length: 8 }, () => [0, offset])
    t.same(await world.outcome(answer), expected, `request ${offset}`)
  }
  t.equal(world.memory.heldBytes, 0)
})

t.test('records that are too large are refused without being held', async t => {
  const world = await World.open()
  world.plane.createTopic('a', 3, { maxMessageBytes: 1_000_000 })
  const client = await world.connect()
  const body = produceBody('a', [
    { index: 0, records: batchOf(['before']) },
    { index: 1, records: batch(4 * MEGABYTE) },
    { index: 2, records: batchOf(['after']) },
  ])
  const options = { version: 9, correlationId: 1_000, clientId: null }
  const frame = Buffer.concat(encodeRequestFrame(produceApi, options, body))
  client.sendBytes(frame.subarray(0, frame.length - 1_000))
  await world.plane.sim.run({ forMs: 1_000 })
  t.ok(world.memory.heldBytes < 10_000, `${world.memory.heldBytes} bytes are held`)
  client.sendBytes(frame.subarray(frame.length - 1_000))
  const next = produce(client, 'a', [{ index: 0, records: batchOf(['next']) }])
  t.same(await world.outcome(next), [[0, 1]])
  t.same(client.answered.length, 2)
  const tooLarge = produce(client, 'a', [{ index: 1, records: batch(2 * MEGABYTE) }])
  t.same(await world.outcome(tooLarge), [[errorCode('MESSAGE_TOO_LARGE'), -1]])
  const counts = [0, 1, 2].map(index => world.plane.partition('a', index).log.logEndOffset)
  t.same(counts, [2, 0, 1])
  t.equal(world.memory.heldBytes, 0)
})

t.test('what nobody here can append gets the error that it gets in a small request', async t => {
  const world = await World.open()
  world.plane.createTopic('a')
  world.plane.createTopic('elsewhere', 1, { leader: 2 })
  const client = await world.connect()
  const large = batch(2 * MEGABYTE)
  for (const topic of ['elsewhere', 'none']) {
    const few = await world.outcome(produce(client, topic, [{ index: 0, records: batchOf(['1']) }]))
    const many = await world.outcome(produce(client, topic, [{ index: 0, records: large }]))
    t.same(many, few, topic)
  }
  t.equal(world.memory.heldBytes, 0)
})

t.test('a batch that is large as a topic allows is validated elsewhere', async t => {
  const world = await World.open()
  world.plane.createTopic('a', 1, { maxMessageBytes: 50 * MEGABYTE })
  const client = await world.connect()
  const damaged = batch(5 * MEGABYTE)
  damaged[3 * MEGABYTE] = 1
  const answers = [batch(6 * MEGABYTE), damaged, batch(5 * MEGABYTE), batchOf(['small'])].map(
    records => produce(client, 'a', [{ index: 0, records }]),
  )
  const outcomes = []
  for (const answer of answers) outcomes.push(...(await world.outcome(answer)))
  t.same(outcomes, [
    [0, 0],
    [errorCode('CORRUPT_MESSAGE'), -1],
    [0, 1],
    [0, 2],
  ])
  t.equal(world.memory.heldBytes, 0)
})

t.test('a large request that does not parse closes its connection, with nothing held', async t => {
  const world = await World.open()
  world.plane.createTopic('a')
  const [bad, good] = [await world.connect(), await world.connect()]
  const options = { version: 9, correlationId: 1, clientId: null }
  const body = produceBody('a', [
    { index: 0, records: batch(900_000) },
    { index: 0, records: batch(900_000) },
  ])
  const frame = Buffer.concat(encodeRequestFrame(produceApi, options, body))
  // Nonsense where the first records end.
  bad.sendBytes(Buffer.concat([frame.subarray(0, 900_000), Buffer.alloc(1_100_000, 0xff)]))
  await world.plane.sim.run({ forMs: 3_000 })
  t.ok(bad.isGone)
  t.equal(world.memory.heldBytes, 0)
  t.same(await world.outcome(produce(good, 'a', [{ index: 0, records: batchOf(['1']) }])), [[0, 0]])
})

t.test('a peer that goes in the middle of a large request leaves nothing behind', async t => {
  const world = await World.open()
  world.plane.createTopic('a', 1, { maxMessageBytes: 50 * MEGABYTE })
  const client = await world.connect()
  const options = { version: 9, correlationId: 1, clientId: null }
  const body = produceBody('a', [{ index: 0, records: batch(8 * MEGABYTE) }])
  const frame = Buffer.concat(encodeRequestFrame(produceApi, options, body))
  client.sendBytes(frame.subarray(0, 5 * MEGABYTE))
  await world.plane.sim.run({ forMs: 1_000 })
  t.ok(world.memory.heldBytes > 4 * MEGABYTE)
  client.close()
  await world.plane.sim.run({ forMs: 1_000 })
  t.equal(world.memory.heldBytes, 0)
  t.equal(world.plane.partition('a').log.logEndOffset, 0)
})
