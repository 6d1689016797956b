import t from 'tap'
import { QuorumCluster } from './testing/quorum-cluster.ts'

t.test('three nodes elect a leader, commit in order and apply the same', async t => {
  const cluster = new QuorumCluster({ seed: 1, voters: 3 })
  await cluster.start()
  for (let i = 0; i < 20; i++) await cluster.commit(`w${i}`)
  const words = await cluster.untilEqual()
  t.same(
    words,
    Array.from({ length: 20 }, (_, i) => `w${i}`),
  )
  await cluster.stop()
})

t.test('after a power failure of all nodes everything that was acknowledged is there', async t => {
  const cluster = new QuorumCluster({ seed: 2, voters: 3 })
  await cluster.start()
  for (let i = 0; i < 10; i++) await cluster.commit(`w${i}`)
  for (const id of [1, 2, 3]) cluster.crash(id)
  for (const id of [1, 2, 3]) await cluster.startNode(id)
  await cluster.commit('after')
  const words = await cluster.untilEqual()
  t.equal(words.join(' '), 'w0 w1 w2 w3 w4 w5 w6 w7 w8 w9 after')
  await cluster.stop()
})

t.test('a leader whose process dies is replaced within 500 ms', async t => {
  const cluster = new QuorumCluster({ seed: 3, voters: 3 })
  await cluster.start()
  await cluster.commit('before')
  const startedMs = cluster.sim.nowMs
  cluster.kill(cluster.leaderId())
  await cluster.untilLeader()
  await cluster.commit('after')
  const words = await cluster.untilEqual()
  t.same(words, ['before', 'after'])
  t.ok(cluster.sim.nowMs - startedMs < 500, `${cluster.sim.nowMs - startedMs} ms`)
  await cluster.stop()
})

t.test('a voter alone does not wait for anybody', async t => {
  const cluster = new QuorumCluster({ seed: 4, voters: 1 })
  await cluster.start()
  t.ok(cluster.sim.nowMs < 50, `it leads after ${cluster.sim.nowMs} ms`)
  await cluster.stop()
})

t.test('an observer follows the new leader when the old one is gone or silent', async t => {
  for (const how of ['kill', 'pause'] as const) {
    const cluster = new QuorumCluster({ seed: 5, voters: 3 })
    await cluster.start()
    const observer = await cluster.startNode(9, { address: '' })
    await cluster.commit('before')
    await cluster.sim.run(() => observer.machine.words.includes('before'), 5_000)
    const old = cluster.leaderId()
    if (how === 'kill') cluster.kill(old)
    else {
      cluster.sim.pause(`n${old}`)
      cluster.nodes.delete(old)
    }
    const beganMs = cluster.sim.nowMs
    await cluster.commit('after')
    await cluster.sim.run(() => observer.machine.words.includes('after'), 10_000)
    const tookMs = cluster.sim.nowMs - beganMs
    t.ok(tookMs < (how === 'kill' ? 500 : 3_000), `${how}: ${tookMs} ms`)
    await cluster.stop()
  }
})

t.test('as long as nothing was voted the list of voters may be another', async t => {
  const cluster = new QuorumCluster({ seed: 6, voters: 3 })
  const member = (id: number) => ({ id, directoryId: '', address: `n${id}:9093` })
  const first = await cluster.startNode(1, { voters: [member(1), member(7)] })
  await cluster.sim.run({ forMs: 2_000 })
  t.same(first.node.driver.membership.voters, [1, 7])
  cluster.crash(1)
  await cluster.start()
  t.same(cluster.get(1).node.driver.membership.voters, [1, 2, 3])
  await cluster.commit('w')
  cluster.crash(1)
  const again = await cluster.startNode(1, { voters: [member(1)] })
  t.same(again.node.driver.membership.voters, [1, 2, 3], 'now it stands')
  await cluster.stop()
})
