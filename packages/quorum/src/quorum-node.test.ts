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
