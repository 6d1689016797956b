// Sessions of brokers: who is fenced when, and who is not although nobody heard of it.

import t from 'tap'
import { Cluster, GRACE_MS, SESSION_MS } from './testing/cluster.ts'

function register(cluster: Cluster, brokerId: number, incarnationId = 'a') {
  const registration = {
    brokerId,
    incarnationId,
    endpoints: [],
    rack: null,
    directoryIds: [],
    previousBrokerEpoch: -1,
  }
  const { nowMs } = cluster
  return cluster.submit((machine, offset) => machine.brokers.register(registration, offset, nowMs))
}

function heartbeat(cluster: Cluster, brokerId: number, more: { wantShutDown?: boolean } = {}) {
  const { nowMs, offset, follower } = cluster
  const request = {
    brokerId,
    brokerEpoch: follower.brokers.get(brokerId)?.brokerEpoch ?? -1,
    currentMetadataOffset: offset,
    wantFence: false,
    wantShutDown: false,
    ...more,
  }
  return cluster.submit((machine, next) => machine.brokers.heartbeat(request, nowMs, next))
}

function start(cluster: Cluster, ...ids: number[]): void {
  for (const id of ids) {
    register(cluster, id)
    heartbeat(cluster, id)
  }
  cluster.settle()
}

const isFenced = (cluster: Cluster, id: number) => cluster.follower.brokers.get(id)?.fenced

t.test('a registration that the log refused can be tried again at once', async t => {
  const cluster = new Cluster()
  start(cluster, 1, 2)
  cluster.wait(SESSION_MS + 1)
  cluster.refuses = true
  register(cluster, 1, 'second')
  cluster.refuses = false
  t.equal(register(cluster, 1, 'second').response.error, 'NONE')
})

t.test('a heartbeat that changes nothing makes no record (Q12)', async t => {
  const cluster = new Cluster()
  start(cluster, 1)
  const before = cluster.offset
  for (let beat = 0; beat < 10; beat++) t.same(heartbeat(cluster, 1).records, [])
  t.equal(cluster.offset, before)
})

t.test('a controller that was paused fences nobody for that (N2)', async t => {
  const cluster = new Cluster()
  start(cluster, 1, 2)
  cluster.wait(SESSION_MS / 4)
  cluster.nowMs += 10 * SESSION_MS
  t.same(cluster.settle(), [])
  t.equal(isFenced(cluster, 1), false)
  // Whoever stays silent after that is fenced as ever.
  for (let step = 0; step < 6; step++) {
    heartbeat(cluster, 2)
    cluster.wait(SESSION_MS / 4)
  }
  t.equal(isFenced(cluster, 1), true)
  t.equal(isFenced(cluster, 2), false)
})

t.test('all brokers silent at once is no pause: they are fenced', async t => {
  const cluster = new Cluster()
  start(cluster, 1, 2)
  cluster.wait(SESSION_MS + 1)
  t.equal(isFenced(cluster, 1), true)
  t.equal(isFenced(cluster, 2), true)
})

t.test(
  'a broker is fenced soon after its connections were reset, unless it is heard of',
  async t => {
    const cluster = new Cluster()
    start(cluster, 1, 2)
    cluster.wait(SESSION_MS / 4)
    for (const id of [1, 2]) cluster.controller.brokers.connectionReset(id, cluster.nowMs)
    cluster.wait(GRACE_MS - 10)
    heartbeat(cluster, 2)
    cluster.wait(20)
    t.equal(isFenced(cluster, 1), true)
    t.equal(isFenced(cluster, 2), false)
  },
)

t.test('a new controller gives every broker a whole session', async t => {
  const cluster = new Cluster()
  start(cluster, 1)
  cluster.wait(SESSION_MS - 100)
  cluster.failOver()
  cluster.wait(SESSION_MS - 100)
  t.equal(isFenced(cluster, 1), false)
  cluster.wait(200)
  t.equal(isFenced(cluster, 1), true)
})

t.test('brokers are fenced by a log that refuses for a while, too', async t => {
  const cluster = new Cluster()
  start(cluster, 1, 2)
  cluster.refuses = true
  for (let step = 0; step < 6; step++) {
    cluster.nowMs += SESSION_MS / 4
    heartbeat(cluster, 2)
    cluster.settle()
  }
  t.equal(isFenced(cluster, 1), false)
  cluster.refuses = false
  heartbeat(cluster, 2)
  cluster.settle()
  t.equal(isFenced(cluster, 1), true)
  t.equal(isFenced(cluster, 2), false)
})
