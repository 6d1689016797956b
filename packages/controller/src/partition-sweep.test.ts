// What follows from the end of a broker with very many partitions is decided piece by piece.

import t from 'tap'
import type { Controller } from './controller.ts'
import { Cluster, SESSION_MS } from './testing/cluster.ts'

const PARTITIONS = 2_600

function start(cluster: Cluster, brokerId: number, previousBrokerEpoch: number): number {
  const registration = {
    brokerId,
    incarnationId: `i${cluster.offset}`,
    endpoints: [],
    rack: null,
    directoryIds: [],
    previousBrokerEpoch,
    isSameProcess: true,
  }
  const { nowMs } = cluster
  const { response } = cluster.submit((machine, offset) =>
    machine.brokers.register(registration, offset, nowMs),
  )
  return response.brokerEpoch
}

function heartbeat(cluster: Cluster, brokerId: number, brokerEpoch: number) {
  const { nowMs, offset } = cluster
  const request = {
    brokerId,
    brokerEpoch,
    currentMetadataOffset: offset,
    wantFence: false,
    wantShutDown: false,
  }
  return cluster.submit((machine, next) => machine.brokers.heartbeat(request, nowMs, next))
}

/** Two brokers, a minimum of 2, every partition on both. */
function newCluster() {
  const cluster = new Cluster()
  const epochs = [1, 2].map(id => start(cluster, id, -1))
  for (const [index, epoch] of epochs.entries()) heartbeat(cluster, index + 1, epoch)
  const topic = {
    name: 't',
    partitionCount: PARTITIONS,
    replicationFactor: 2,
    assignments: [],
    configs: [{ name: 'min.insync.replicas', value: '2' }],
  }
  cluster.submit(machine => machine.topics.createTopics([topic], false))
  cluster.settle()
  return { cluster, epochs }
}

function countOf(
  cluster: Cluster,
  holds: (isr: readonly number[], elr: readonly number[]) => boolean,
) {
  const partitions = cluster.follower.topic('t')?.partitions ?? []
  return partitions.filter(({ isr, elr }) => holds(isr, elr)).length
}

t.test('one decision changes a bounded number of partitions', async t => {
  const { cluster, epochs } = newCluster()
  heartbeat(cluster, 2, epochs[1] ?? 0)
  const sizes: number[] = []
  const record = (machine: Controller) => {
    const decision = machine.expire(cluster.nowMs)
    sizes.push(decision.records.length)
    return decision
  }
  cluster.controller.brokers.connectionReset(1, cluster.nowMs)
  cluster.nowMs += 300
  while (cluster.controller.nextDeadlineMs() <= cluster.nowMs) cluster.submit(record)
  t.same(sizes.slice(0, 7), [1, 500, 500, 500, 500, 500, 100])
  t.equal(
    countOf(cluster, isr => isr.length === 1 && isr[0] === 2),
    PARTITIONS,
  )
  t.same(cluster.violations, [])
})

t.test('partitions without a leader come before those that lose a follower', async t => {
  const { cluster, epochs } = newCluster()
  heartbeat(cluster, 2, epochs[1] ?? 0)
  const ledCount = () =>
    cluster.controller.image.topic('t')?.partitions.filter(each => each.leader === 1).length ?? 0
  const before = ledCount()
  t.ok(before > 500 && before < PARTITIONS - 500, `${before} are led by the broker that ends`)
  cluster.controller.brokers.connectionReset(1, cluster.nowMs)
  cluster.nowMs += 300
  const leaders: number[] = []
  while (cluster.controller.nextDeadlineMs() <= cluster.nowMs) {
    cluster.submit(machine => machine.expire(cluster.nowMs))
    leaders.push(ledCount())
  }
  // The fencing itself, then as many as fit into each decision.
  t.same(leaders.slice(0, 4), [before, before - 500, before - 1_000, 0])
  t.equal(
    countOf(cluster, isr => isr.length === 1 && isr[0] === 2),
    PARTITIONS,
  )
  t.same(cluster.violations, [])
})

t.test('after a crash a broker is fenced until no partition counts on it', async t => {
  const { cluster } = newCluster()
  const epoch = start(cluster, 1, -1)
  const answers: boolean[] = []
  for (let beat = 0; beat < 6; beat++) {
    const { response } = heartbeat(cluster, 1, epoch)
    answers.push(response.isFenced)
    const trusted = countOf(cluster, (isr, elr) => isr.includes(1) || elr.includes(1))
    t.equal(response.isFenced, trusted > 0, `${trusted} partitions count on it`)
  }
  t.same(answers, [true, true, true, true, true, false])
  t.same(cluster.violations, [])
})

t.test('a new controller goes on where the last one was, also with a crash', async t => {
  const { cluster, epochs } = newCluster()
  heartbeat(cluster, 2, epochs[1] ?? 0)
  cluster.controller.brokers.connectionReset(1, cluster.nowMs)
  cluster.nowMs += 300
  cluster.settle()
  t.equal(
    countOf(cluster, (_isr, elr) => elr.includes(1)),
    PARTITIONS,
  )
  const epoch = start(cluster, 1, -1)
  heartbeat(cluster, 1, epoch)
  cluster.failOver()
  heartbeat(cluster, 1, epoch)
  cluster.settle()
  cluster.check({ isSettled: true })
  t.equal(
    countOf(cluster, (isr, elr) => isr.includes(1) || elr.includes(1)),
    0,
  )
  t.same(cluster.violations, [])
})

t.test('a slice that the log refused is decided again', async t => {
  const { cluster, epochs } = newCluster()
  cluster.nowMs += SESSION_MS / 4
  cluster.settle()
  heartbeat(cluster, 2, epochs[1] ?? 0)
  cluster.controller.brokers.connectionReset(1, cluster.nowMs)
  cluster.nowMs += 300
  cluster.submit(machine => machine.expire(cluster.nowMs))
  cluster.refuses = true
  cluster.submit(machine => machine.expire(cluster.nowMs))
  cluster.refuses = false
  cluster.settle()
  cluster.check({ isSettled: true })
  t.equal(
    countOf(cluster, isr => isr.includes(1)),
    0,
  )
  t.same(cluster.violations, [])
})
