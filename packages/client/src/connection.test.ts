import { Simulation } from '@weir/core/sim'
import {
  apiVersionsApi,
  deleteTopicsApi,
  describeClusterApi,
  findCoordinatorApi,
  KafkaError,
} from '@weir/protocol'
import t from 'tap'
import { Connection } from './connection.ts'
import { ClientError } from './errors.ts'
import {
  FakeBroker,
  fakeCluster,
  HANG_UP,
  like,
  SILENCE,
  serveMetadata,
} from './testing/fake-broker.ts'

const OPTIONS = { clientId: 'test', connectTimeoutMs: 1_000, requestTimeoutMs: 2_000 }

async function connected(): Promise<{
  sim: Simulation
  broker: FakeBroker
  connect: () => Promise<Connection>
}> {
  const sim = new Simulation({ seed: 'connection' })
  const broker = await FakeBroker.start(sim, 1)
  const { host, port } = broker
  return {
    sim,
    broker,
    connect: () => sim.complete(Connection.open(sim.env('client'), { host, port }, OPTIONS)),
  }
}

const coordinator = (key: string) => ({
  coordinators: [{ key, nodeId: 1, host: 'h', port: 1, errorCode: 0, errorMessage: null }],
})

t.test('requests are pipelined and each gets its own answer', async t => {
  const { sim, broker, connect } = await connected()
  broker.on(findCoordinatorApi, body => coordinator(body.coordinatorKeys[0] ?? ''))
  const connection = await connect()
  const keys = Array.from({ length: 20 }, (_, i) => `group-${i}`)
  const answers = keys.map(key =>
    connection.request(findCoordinatorApi, { coordinatorKeys: [key] }),
  )
  const found = await sim.complete(Promise.all(answers))
  t.same(
    found.map(answer => answer.coordinators[0]?.key),
    keys,
  )
})

t.test('a broker that does not know our ApiVersions is asked again in its own version', async t => {
  const { broker, connect } = await connected()
  broker.limit(apiVersionsApi, 2).on(describeClusterApi, () => HANG_UP)
  const connection = await connect()
  t.same(
    broker.requests.map(request => request.version),
    [2],
  )
  t.equal(connection.hasApi(describeClusterApi), true)
})

t.test(
  'an API that the broker does not have, or too old, is refused without a request',
  async t => {
    const { broker, connect } = await connected()
    broker.on(findCoordinatorApi, () => SILENCE).limit(findCoordinatorApi, 3)
    const connection = await connect()
    t.throws(() => connection.versionOf(describeClusterApi), like({ kind: 'unsupported' }))
    t.throws(
      () => connection.versionOf(findCoordinatorApi, { minVersion: 4 }),
      like({
        kind: 'unsupported',
      }),
    )
    t.equal(connection.versionOf(findCoordinatorApi), 3)
    t.equal(connection.versionOf(findCoordinatorApi, { maxVersion: 1 }), 1)
  },
)

t.test('a request without an answer times out and takes the connection with it', async t => {
  const { sim, broker, connect } = await connected()
  broker.on(findCoordinatorApi, () => SILENCE)
  const connection = await connect()
  const startMs = sim.nowMs
  const first = connection.request(findCoordinatorApi, { coordinatorKeys: ['a'] })
  const second = connection.request(findCoordinatorApi, { coordinatorKeys: ['b'] })
  const [one, two] = await sim.complete(Promise.allSettled([first, second]))
  t.match(one, { status: 'rejected', reason: { kind: 'timeout' } })
  t.match(two, { status: 'rejected', reason: { kind: 'timeout' } })
  t.ok(sim.nowMs - startMs >= OPTIONS.requestTimeoutMs)
  t.equal(connection.isOpen, false)
  await t.rejects(
    connection.request(findCoordinatorApi, { coordinatorKeys: ['c'] }),
    like({
      kind: 'timeout',
    }),
  )
})

t.test('a timeout says whether an active controller was to answer', async t => {
  const { sim, broker, connect } = await connected()
  broker.on(findCoordinatorApi, () => SILENCE)
  broker.on(deleteTopicsApi, () => SILENCE)
  const first = (await connect()).request(findCoordinatorApi, { coordinatorKeys: ['a'] })
  const second = (await connect()).request(deleteTopicsApi, { timeoutMs: 1_000 })
  const [one, two] = await sim.complete(Promise.allSettled([first, second]))
  t.match(one, { reason: { kind: 'timeout', isOfController: false } })
  t.match(two, { reason: { kind: 'timeout', isOfController: true } })
})

t.test('a connection that is cut fails everything in flight', async t => {
  const { sim, broker, connect } = await connected()
  broker.on(findCoordinatorApi, () => HANG_UP)
  const connection = await connect()
  const answer = connection.request(findCoordinatorApi, { coordinatorKeys: ['a'] })
  await t.rejects(sim.complete(answer), like({ kind: 'closed' }))
  t.equal(connection.isOpen, false)
})

t.test('answers that make no sense end the connection with an error of kind closed', async t => {
  const answers = [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'), Buffer.alloc(64, 0)]
  const strayAnswer = Buffer.alloc(24)
  strayAnswer.writeInt32BE(20)
  strayAnswer.writeInt32BE(12_345, 4)
  const cutAnswer = Buffer.alloc(10)
  cutAnswer.writeInt32BE(6)
  for (const bytes of [...answers, strayAnswer, cutAnswer]) {
    const sim = new Simulation({ seed: 'noise' })
    const listening = sim.env('noise').net.listen({ host: 'noise', port: 1 }, socket => {
      socket.start({
        onData: () => void socket.write([bytes]),
        onEnd: () => socket.end(),
        onDrain() {},
        onClose() {},
      })
    })
    await sim.complete(listening)
    const opening = Connection.open(sim.env('client'), { host: 'noise', port: 1 }, OPTIONS)
    await t.rejects(sim.complete(opening), like({ kind: 'closed' }), bytes.toString('hex'))
  }
})

t.test('nothing that listens is an error of kind connect that names the address', async t => {
  const sim = new Simulation({ seed: 1 })
  sim.env('nobody')
  const opening = Connection.open(sim.env('client'), { host: 'nobody', port: 1 }, OPTIONS)
  await t.rejects(sim.complete(opening), like({ kind: 'connect', address: 'nobody:1' }))
})

t.test('many questions for one topic ask the broker once', async t => {
  const { sim, brokers, cluster } = await fakeCluster(1)
  serveMetadata(brokers, () => [{ name: 'orders', leaders: [1] }])
  const asking = Array.from({ length: 50 }, () => cluster.topic('orders'))
  const topics = await sim.complete(Promise.all(asking))
  t.equal(topics.length, 50)
  t.equal(brokers[0]?.countOf({ name: 'Metadata' }), 1)
})

t.test('an unknown topic is an error at once, a leaderless one is waited for', async t => {
  const { sim, brokers, cluster } = await fakeCluster(1)
  let questions = 0
  serveMetadata(brokers, () => {
    questions++
    return [{ name: 'new', leaders: [1], errorCode: questions < 6 ? 5 : 0 }]
  })
  await t.rejects(
    sim.complete(cluster.topic('missing')),
    like({
      errorName: 'UNKNOWN_TOPIC_OR_PARTITION',
    }),
  )
  const topic = await sim.complete(cluster.topic('new'))
  t.equal(topic.partitions.length, 1)
})

t.test('retries end with the last error when the time is over', async t => {
  const { sim, cluster } = await fakeCluster(1, { retryTimeoutMs: 3_000 })
  let attempts = 0
  const trying = cluster.retry(() => {
    attempts++
    return Promise.reject(new KafkaError('COORDINATOR_LOAD_IN_PROGRESS'))
  })
  await t.rejects(sim.complete(trying), like({ errorName: 'COORDINATOR_LOAD_IN_PROGRESS' }))
  t.ok(attempts > 4 && attempts < 20, `${attempts} attempts`)
  t.ok(sim.nowMs >= 3_000 && sim.nowMs < 5_000)
})

t.test('an error that will not pass is not tried again', async t => {
  const { sim, cluster } = await fakeCluster(1)
  let attempts = 0
  const trying = cluster.retry(() => {
    attempts++
    return Promise.reject(new ClientError('unsupported', 'no'))
  })
  await t.rejects(sim.complete(trying), like({ kind: 'unsupported' }))
  t.equal(attempts, 1)
})

t.test('a broker that takes a connection and never answers is given up in time', async t => {
  const { sim, broker } = await connected()
  broker.on(apiVersionsApi, () => SILENCE)
  const { host, port } = broker
  const options = { ...OPTIONS, handshakeTimeoutMs: 300 }
  const opening = Connection.open(sim.env('client'), { host, port }, options)
  const failure = await sim.complete(opening).catch((error: unknown) => error)
  t.match(failure, { kind: 'timeout' })
  t.ok(sim.nowMs < 1_000, `after ${sim.nowMs} ms of the simulation`)
})
