// A connection over the simulated network with handlers of the test: order of answers, what overlaps,
// back-pressure, and what closes it.

import { AssertionError } from '@weir/core'
import { Simulation } from '@weir/core/sim'
import {
  apiVersionsApi,
  describeClusterApi,
  encodeRequestFrame,
  findCoordinatorApi,
  KafkaError,
  metadataApi,
  produceApi,
} from '@weir/protocol'
import t from 'tap'
import type { Services } from '../services.ts'
import { WireClient } from '../testing/wire-client.ts'
import { type ApiRow, row } from './api-row.ts'
import { BrokerServer } from './broker-server.ts'
import { Dispatcher } from './dispatch.ts'
import { DEFERRED, type RequestContext } from './request-context.ts'
import { RequestMemory } from './request-memory.ts'

const MEGABYTE = 1024 * 1024

interface World {
  readonly sim: Simulation
  readonly server: BrokerServer
  readonly memory: RequestMemory
  /** Requests that wait for the test to answer them, in the order of their start. */
  readonly waiting: RequestContext[]
  readonly fatal: Error[]
  /** One for each answer of 4 MB that was made. */
  readonly largeAnswers: string[]
  connect(): Promise<WireClient>
  settle(): Promise<void>
}

const CLUSTER = { errorCode: 0, clusterId: 'c', brokers: [] }
/** Fails in the encoder with something that is not an EncodeError. */
const TRAP = {
  errorCode: 0,
  get name(): string {
    throw new TypeError('a trap')
  },
  partitions: [],
}
const PRODUCED = { responses: [] }
const noTopics = { topics: [] }
const produceBody = (acks = 1) => ({ acks, timeoutMs: 1000, topicData: [] })
const cluster = { includeClusterAuthorizedOperations: false }

async function newWorld(
  limits: { maxIdleMs?: number; maxConnections?: number } = {},
): Promise<World> {
  const sim = new Simulation({ seed: 7 })
  const env = sim.env('node')
  const waiting: RequestContext[] = []
  const fatal: Error[] = []
  const largeAnswers: string[] = []
  const wait = (_services: Services, context: RequestContext): typeof DEFERRED => {
    waiting.push(context)
    return DEFERRED
  }
  const rows: ApiRow[] = [
    row(produceApi, wait, { overlaps: true, advertisedMinVersion: 0 }),
    row(metadataApi, (_services, _context, request) => {
      if (request.topics === null) throw new AssertionError('broken', {})
      const [topic] = request.topics
      if (topic?.name === 'throw') throw new Error('unexpected')
      if (topic?.name === 'unfit')
        return { brokers: [], topics: [{ errorCode: 70_000, name: 'x', partitions: [] }] }
      if (topic?.name === 'refuse') throw new KafkaError('INVALID_REQUEST', 'refused')
      if (topic?.name === 'misfit')
        return { brokers: [], topics: [] as never, clusterId: 1 as never }
      if (topic?.name === 'trap') return { brokers: [], topics: [TRAP] }
      // 4 MB are enough to fill any buffer.
      const count = topic?.name === 'large' ? 200 : 1
      if (count > 1) largeAnswers.push(topic?.name ?? '')
      const entry = { errorCode: 0, name: 'x'.repeat(20_000), partitions: [] }
      return { brokers: [], topics: Array.from({ length: count }, () => entry) }
    }),
    row(apiVersionsApi, () => ({ errorCode: 0, apiKeys: [] })),
    row(describeClusterApi, wait),
    row(findCoordinatorApi, () => Promise.reject(new KafkaError('INVALID_REQUEST', 'no')), {
      errorResponse: (_request, { errorCode }) => ({ errorCode }),
    }),
  ]
  const services = { env } as unknown as Services
  const onFatal = (error: Error) => fatal.push(error)
  const dispatcher = new Dispatcher({ rows, listenerKind: 'broker', services, onFatal })
  let lastConnectionId = 0
  const memory = new RequestMemory(16 * MEGABYTE)
  const server = new BrokerServer({
    env,
    dispatcher,
    memory,
    info: { name: 'PLAINTEXT', kind: 'broker' },
    limits: () => ({
      maxRequestBytes: 4 * MEGABYTE,
      maxConnections: limits.maxConnections ?? 100,
      maxConnectionsFrom: () => 100,
      maxIdleMs: limits.maxIdleMs ?? 600_000,
    }),
    newConnectionId: () => ++lastConnectionId,
    onConnectionClosed: () => undefined,
  })
  await sim.complete(server.listen('node', 9092))
  server.open()
  const client = sim.env('client')
  return {
    sim,
    server,
    memory,
    waiting,
    fatal,
    largeAnswers,
    connect: () => sim.complete(WireClient.connect(client, 'node', 9092)),
    settle: () => sim.run({ forMs: 50 }),
  }
}

t.test('produce requests overlap and are answered in the order of the requests', async t => {
  const world = await newWorld()
  const client = await world.connect()
  const ids = [0, 1, 2].map(() => client.send(produceApi, 9, produceBody()))
  await world.settle()
  t.equal(world.waiting.length, 3)
  for (const context of world.waiting.toReversed()) context.respond(PRODUCED)
  await world.settle()
  t.same(client.answered, ids)
})

t.test('other requests run one at a time, also behind and before produce', async t => {
  const world = await newWorld()
  const client = await world.connect()
  client.send(produceApi, 9, produceBody())
  client.send(describeClusterApi, 1, cluster)
  client.send(produceApi, 9, produceBody())
  client.send(metadataApi, 9, noTopics)
  await world.settle()
  t.equal(world.waiting.length, 1)
  world.waiting[0]?.respond(PRODUCED)
  await world.settle()
  t.same(
    world.waiting.map(context => context.apiKey),
    [produceApi.key, describeClusterApi.key],
  )
  world.waiting[1]?.respond(CLUSTER)
  await world.settle()
  t.equal(world.waiting.length, 3)
  world.waiting[2]?.respond(PRODUCED)
  await world.settle()
  t.same(client.answered, [1, 2, 3, 4])
})

t.test('a request without an answer lets the next one through', async t => {
  const world = await newWorld()
  const client = await world.connect()
  client.send(produceApi, 9, produceBody(0))
  const asked = client.send(metadataApi, 9, noTopics)
  await world.settle()
  world.waiting[0]?.respondNothing()
  await world.settle()
  t.same(client.answered, [asked])
})

t.test('overlapping requests are bounded in number', async t => {
  const world = await newWorld()
  const client = await world.connect()
  for (let i = 0; i < 500; i++) client.send(produceApi, 9, produceBody())
  await world.settle()
  t.equal(world.waiting.length, 64)
  for (let done = 0; done < world.waiting.length; done++) {
    world.waiting[done]?.respond(PRODUCED)
    await world.sim.run({ forMs: 1 })
  }
  await world.settle()
  t.equal(client.answered.length, 500)
  t.equal(world.memory.heldBytes, 0)
})

t.test('a flood behind a waiting request stays in the network', async t => {
  const world = await newWorld()
  const client = await world.connect()
  client.send(describeClusterApi, 1, cluster)
  const frame = Buffer.concat(
    encodeRequestFrame(
      metadataApi,
      { version: 9, correlationId: 99, clientId: null },
      { topics: [{ name: 'n'.repeat(30_000) }] },
    ),
  )
  for (let i = 0; i < 200; i++) client.sendBytes(frame)
  await world.sim.run({ forMs: 2_000 })
  t.ok(world.memory.heldBytes < 512 * 1024, `${world.memory.heldBytes} bytes are held`)
  world.waiting[0]?.respond(CLUSTER)
  await world.sim.run(() => client.frames.length === 201)
  t.equal(world.memory.heldBytes, 0)
})

t.test('a peer that does not read its answers is not read from', async t => {
  const world = await newWorld()
  const client = await world.connect()
  client.pause()
  for (let i = 0; i < 20; i++) client.send(metadataApi, 9, { topics: [{ name: 'large' }] })
  await world.sim.run({ forMs: 5_000 })
  t.equal(world.largeAnswers.length, 1)
  client.resume()
  await world.sim.run(() => client.answered.length === 20)
  t.equal(world.memory.heldBytes, 0)
})

t.test('what a handler throws is answered, or ends that connection only', async t => {
  const world = await newWorld()
  const [refused, thrown, unfit, other] = [
    await world.connect(),
    await world.connect(),
    await world.connect(),
    await world.connect(),
  ]
  const key = { key: 'k', keyType: 0 }
  t.match(await world.sim.complete(other.request(findCoordinatorApi, 3, key)), { errorCode: 42 })
  refused.send(metadataApi, 9, { topics: [{ name: 'refuse' }] })
  thrown.send(metadataApi, 9, { topics: [{ name: 'throw' }] })
  unfit.send(metadataApi, 9, { topics: [{ name: 'unfit' }] })
  await world.settle()
  t.ok(refused.isGone)
  t.ok(thrown.isGone)
  t.ok(unfit.isGone)
  t.notOk(other.isGone)
  t.same(world.fatal, [])
})

t.test('an answer that does not fit its table ends that connection only', async t => {
  const world = await newWorld()
  const [bad, good] = [await world.connect(), await world.connect()]
  bad.send(metadataApi, 9, { topics: [{ name: 'misfit' }] })
  await world.settle()
  t.ok(bad.isGone)
  t.same(world.fatal, [])
  t.match(await world.sim.complete(good.request(apiVersionsApi, 0, {})), { errorCode: 0 })
  t.equal(world.memory.heldBytes, 0)
})

t.test(
  'an answer that fails while it is encoded ends its connection, at once or later',
  async t => {
    const world = await newWorld()
    const [now, later, good] = [await world.connect(), await world.connect(), await world.connect()]
    now.send(metadataApi, 9, { topics: [{ name: 'trap' }] })
    later.send(describeClusterApi, 0, cluster)
    await world.settle()
    t.ok(now.isGone)
    let sentCount = 0
    world.waiting[0]?.respond(
      {
        get errorCode() {
          throw new TypeError('a trap')
        },
      },
      () => sentCount++,
    )
    await world.settle()
    t.ok(later.isGone)
    t.equal(sentCount, 1, 'what the answer held is given back')
    t.same(world.fatal, [])
    t.match(world.sim.logs.filter(line => line.level === 'error').length, 2)
    t.match(await world.sim.complete(good.request(apiVersionsApi, 0, {})), { errorCode: 0 })
    t.equal(world.memory.heldBytes, 0)
  },
)

t.test('a request that is answered twice is a broken invariant', async t => {
  const world = await newWorld()
  const client = await world.connect()
  client.send(produceApi, 9, produceBody())
  await world.settle()
  world.waiting[0]?.respond(PRODUCED)
  t.throws(() => world.waiting[0]?.respond(PRODUCED), /request answered twice/)
  await world.settle()
  t.same(client.answered, [1])
})

t.test('a broken invariant stops the node', async t => {
  const world = await newWorld()
  const client = await world.connect()
  client.send(metadataApi, 9, { topics: null })
  await world.settle()
  t.match(world.fatal, [{ message: 'broken' }])
})

t.test('answers before a bad frame are sent, then the connection closes', async t => {
  const world = await newWorld()
  const client = await world.connect()
  client.send(produceApi, 9, produceBody())
  client.sendBytes(Buffer.from([0xff, 0xff, 0xff, 0xff]))
  await world.settle()
  t.notOk(client.isGone)
  world.waiting[0]?.respond(PRODUCED)
  await world.settle()
  t.same(client.answered, [1])
  t.ok(client.isGone)
  t.equal(world.server.connectionCount, 0)
  t.equal(world.memory.heldBytes, 0)
})

const badFrames: { name: string; bytes: Buffer }[] = [
  { name: 'a size of zero', bytes: Buffer.alloc(4) },
  { name: 'a huge size', bytes: Buffer.from([0x7f, 0xff, 0xff, 0xff]) },
  { name: 'an HTTP request', bytes: Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n') },
  { name: 'an unknown API', bytes: Buffer.from('0000000903e70000000000010000', 'hex') },
  { name: 'an API that is gone', bytes: Buffer.from('0000000a00040000000000010000', 'hex') },
  { name: 'a version out of range', bytes: Buffer.from('0000000a0000001400000001ffff', 'hex') },
  { name: 'half a header', bytes: Buffer.from('00000003000000', 'hex') },
  {
    name: 'a body that does not parse',
    // Metadata v1 that announces 2^31-1 topics.
    bytes: Buffer.from('0000000e0003000100000001ffff7fffffff', 'hex'),
  },
]

for (const { name, bytes } of badFrames) {
  t.test(`${name} closes the connection, with one line in the log`, async t => {
    const world = await newWorld()
    const [bad, good] = [await world.connect(), await world.connect()]
    bad.sendBytes(bytes)
    await world.settle()
    t.ok(bad.isGone)
    const lines = world.sim.logs.filter(line => line.message === 'closing a connection')
    t.equal(lines.length, 1)
    t.match(await world.sim.complete(good.request(apiVersionsApi, 0, {})), { errorCode: 0 })
  })
}

t.test('a frame that stops half-way is cleaned up when the peer goes', async t => {
  const world = await newWorld()
  const client = await world.connect()
  client.sendBytes(Buffer.from('000000ff0003', 'hex'))
  await world.settle()
  t.ok(world.memory.heldBytes > 0)
  client.close()
  await world.settle()
  t.equal(world.memory.heldBytes, 0)
  t.equal(world.server.connectionCount, 0)
})

t.test('ApiVersions of the future gets the answer of version 0', async t => {
  const world = await newWorld()
  const client = await world.connect()
  const header = Buffer.from('0012006300000005ffff00deadbeef', 'hex')
  const size = Buffer.alloc(4)
  size.writeInt32BE(header.length)
  client.sendBytes(Buffer.concat([size, header]))
  await world.settle()
  // Correlation id, error 35, one row: 18, 0 to 4.
  t.same(
    client.frames.map(frame => frame.toString('hex')),
    ['00000005' + '0023' + '00000001' + '0012' + '0000' + '0004'],
  )
  t.match(await world.sim.complete(client.request(apiVersionsApi, 0, {})), { errorCode: 0 })
})

t.test('idle connections are closed, busy ones stay', async t => {
  const world = await newWorld({ maxIdleMs: 60_000 })
  const [idle, busy] = [await world.connect(), await world.connect()]
  busy.send(describeClusterApi, 1, cluster)
  await world.sim.run({ forMs: 70_000 })
  t.ok(idle.isGone)
  t.notOk(busy.isGone)
  world.waiting[0]?.respond(CLUSTER)
  await world.settle()
  t.same(busy.answered, [1])
})

t.test('connections above the limit are closed at once', async t => {
  const world = await newWorld({ maxConnections: 1 })
  const first = await world.connect()
  const second = await world.connect()
  await world.settle()
  t.notOk(first.isGone)
  t.ok(second.isGone)
})

t.test('a stop answers what is in flight', async t => {
  const world = await newWorld()
  const client = await world.connect()
  client.send(produceApi, 9, produceBody())
  await world.settle()
  const stopped = world.server.stop(2_000)
  await world.settle()
  client.send(metadataApi, 9, noTopics)
  world.waiting[0]?.respond(PRODUCED)
  await world.sim.complete(stopped)
  await world.settle()
  t.same(client.answered, [1])
  t.ok(client.isGone)
})

t.test('half frames that hold all the memory cannot block each other', async t => {
  const world = await newWorld()
  const body = { topics: Array.from({ length: 150 }, () => ({ name: 'n'.repeat(20_000) })) }
  const options = { version: 9, correlationId: 1, clientId: null }
  const frame = Buffer.concat(encodeRequestFrame(metadataApi, options, body))
  const clients: WireClient[] = []
  for (let i = 0; i < 8; i++) {
    const client = await world.connect()
    client.sendBytes(frame.subarray(0, frame.length - 10))
    clients.push(client)
  }
  await world.sim.run({ forMs: 1_000 })
  t.ok(world.memory.heldBytes < 20 * MEGABYTE, `${world.memory.heldBytes} bytes are held`)
  for (const client of clients) client.sendBytes(frame.subarray(frame.length - 10))
  await world.sim.run(() => clients.every(client => client.frames.length === 1))
  t.equal(world.memory.heldBytes, 0)
})
