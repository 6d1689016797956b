// Two processes under one id, on two disks or on copies of one: whoever came first stays, and is
// never taken for gone while it lives; whoever starts again after an end is welcome at once.

import t from 'tap'
import { QuorumCluster, TEST_PORT } from '../testing/quorum-cluster.ts'

const COPY = { nodeId: 3, directoryId: 'disk-of-3' }
const COPIED = /two processes run as node 3 on copies of one data directory/

/** As `cp -a` would, of a machine that may be running. */
function copyDisk(cluster: QuorumCluster, from: string, to: string): void {
  const source = cluster.sim.disk(from)
  for (const path of source.paths()) {
    const bytes = source.contents(path)
    if (bytes !== null) cluster.sim.disk(to).setContents(path, bytes)
  }
}

/** What was said of refusals: by a node, or by all but that one. */
function refusals(cluster: QuorumCluster): { machine: string; reason: string }[] {
  return cluster.sim.logs
    .filter(line => line.message.includes('refused') || line.message.includes('no connection'))
    .map(({ machine, fields }) => ({ machine, reason: String(fields?.['reason'] ?? '') }))
}

/** Three voters, of which node 3 does not lead. */
async function threeVoters(seed: number): Promise<QuorumCluster> {
  const cluster = new QuorumCluster({ seed, voters: 3 })
  await cluster.start()
  if (cluster.leaderId() === 3) {
    cluster.get(3).node.driver.transferLeadership(1)
    await cluster.sim.run(() => cluster.leader() === cluster.nodes.get(1), 5_000)
  }
  await cluster.commit('a')
  await cluster.sim.run({ forMs: 3_000 })
  return cluster
}

for (const address of [`n3:${TEST_PORT}`, `n8:${TEST_PORT}`]) {
  t.test(`a copy of a voter that says to be at ${address} is refused on both sides`, async t => {
    const cluster = await threeVoters(11)
    copyDisk(cluster, 'n3', 'n8')
    let reason = ''
    const copy = await cluster.startNode(8, {
      ...COPY,
      address,
      onRefused: refusal => {
        reason = refusal.reason
      },
    })
    await cluster.sim.run({ forMs: 5_000 })
    t.match(reason, COPIED)
    const told = refusals(cluster).filter(each => COPIED.test(each.reason))
    t.same([...new Set(told.map(each => each.machine))].sort(), ['n1', 'n2', 'n8'])
    // It has no voice, also when a leader has to be found.
    cluster.kill(cluster.leaderId())
    await cluster.commit('b')
    await cluster.sim.run({ forMs: 500 })
    t.same(cluster.get(3).machine.words, ['a', 'b'])
    t.notOk(copy.machine.words.includes('b'))
    await cluster.stop()
  })
}

t.test('a process that was killed is welcome again at once', async t => {
  const cluster = await threeVoters(12)
  cluster.kill(3)
  await cluster.startNode(3)
  await cluster.commit('b')
  await cluster.sim.run(() => cluster.get(3).machine.words.includes('b'), 1_000)
  t.same(
    refusals(cluster).filter(each => COPIED.test(each.reason)),
    [],
  )
  await cluster.stop()
})

t.test('a process whose machine lost its power, unheard, is welcome after a while', async t => {
  const cluster = await threeVoters(13)
  cluster.sim.crash('n3', { silent: true })
  cluster.nodes.delete(3)
  await cluster.startNode(3)
  await cluster.commit('b')
  await cluster.sim.run(() => cluster.get(3).machine.words.includes('b'), 5_000)
  t.equal(cluster.get(3).fatal, null)
  await cluster.stop()
})

t.test('a process that stands still does not keep its successor elsewhere out', async t => {
  const cluster = await threeVoters(14)
  cluster.sim.pause('n3')
  await cluster.sim.run({ forMs: 100 })
  copyDisk(cluster, 'n3', 'n8')
  const moved = await cluster.startNode(8, { ...COPY, address: `n8:${TEST_PORT}` })
  await cluster.commit('b')
  await cluster.sim.run(() => moved.machine.words.includes('b'), 5_000)
  // The first one is refused when it goes on.
  cluster.sim.resume('n3')
  await cluster.sim.run({ forMs: 3_000 })
  const last = refusals(cluster).findLast(each => each.machine === 'n3')
  t.match(last?.reason, COPIED)
  await cluster.commit('c')
  await cluster.sim.run(() => moved.machine.words.includes('c'), 1_000)
  await cluster.stop()
})

t.test(
  'a copy that came while the voter stood still, and is reached nowhere, gives way',
  async t => {
    const cluster = await threeVoters(15)
    cluster.sim.pause('n3')
    await cluster.sim.run({ forMs: 3_000 })
    copyDisk(cluster, 'n3', 'n8')
    await cluster.startNode(8, { ...COPY, address: `n3:${TEST_PORT}` })
    await cluster.sim.run({ forMs: 3_000 })
    cluster.sim.resume('n3')
    await cluster.sim.run({ forMs: 3_000 })
    const last = refusals(cluster).findLast(each => each.machine === 'n8')
    t.match(last?.reason, COPIED)
    await cluster.commit('b')
    await cluster.sim.run(() => cluster.get(3).machine.words.includes('b'), 1_000)
    await cluster.stop()
  },
)

for (const directoryId of ['disk-of-5', 'the-other']) {
  t.test(`an observer is let in soon after its rival on ${directoryId} is gone`, async t => {
    const cluster = new QuorumCluster({ seed: 16, voters: 3 })
    await cluster.start()
    await cluster.startNode(5, { address: '' })
    await cluster.commit('a')
    await cluster.untilEqual()
    if (directoryId === 'disk-of-5') copyDisk(cluster, 'n5', 'n8')
    const rival = await cluster.startNode(8, { nodeId: 5, directoryId, address: '' })
    await cluster.sim.run({ forMs: 8_000 })
    await cluster.commit('b')
    t.notOk(rival.machine.words.includes('b'))
    cluster.kill(5)
    await t.resolves(cluster.sim.run(() => rival.machine.words.includes('b'), 1_000))
    await cluster.stop()
  })
}

t.test('a refusal that is repeated is told once', async t => {
  const cluster = await threeVoters(17)
  await cluster.startNode(8, { ...COPY, address: `n8:${TEST_PORT}` })
  await cluster.sim.run({ forMs: 20_000 })
  const told = refusals(cluster).filter(each => each.machine === 'n1')
  t.equal(told.length, 1)
  await cluster.stop()
})
