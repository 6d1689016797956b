// Replication between real brokers in a simulation: what is acknowledged is everywhere, logs are the
// same, fetches cost what changed.

import t from 'tap'
import { ReplicaCluster } from './testing/replica-cluster.ts'

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

t.test('an acknowledged record is in the log of every in-sync replica', async t => {
  const cluster = await ReplicaCluster.start({ minInsyncReplicas: 2 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  const produced = cluster.node(1).produce('a', ['one', 'two'])
  const startMs = cluster.sim.nowMs
  await cluster.sim.run(() => produced.error !== undefined)
  t.equal(produced.error, null)
  t.ok(cluster.sim.nowMs - startMs < 10, 'no poll interval is waited for')
  for (const id of [1, 2, 3]) t.equal(cluster.node(id).partition('a').log.writtenEndOffset, 2)
  await cluster.run(30)
  for (const id of [2, 3]) t.equal(cluster.node(id).partition('a').highWatermark, 2)
  const leader = await cluster.node(1).batches('a')
  for (const id of [2, 3]) t.equal(await cluster.node(id).batches('a'), leader)
})

t.test('a follower whose disk failed does not acknowledge what it could not write', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 2, minInsyncReplicas: 2 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2]])
  const disk = cluster.sim.disk(cluster.node(2).machine)
  Object.assign(disk.faults, { syncWriteChance: 0 })
  cluster.node(1).produce('a', ['one'])
  await cluster.run(50)
  t.equal(cluster.node(1).partition('a').highWatermark, 1)
  disk.fail('write', 1)
  const produced = cluster.node(1).produce('a', ['two'])
  await cluster.run(300)
  t.ok(cluster.node(2).partition('a').log.isOffline)
  t.equal(produced.error, undefined, 'it is on one disk')
  t.equal(cluster.node(1).partition('a').highWatermark, 1)
})

t.test('a follower does not acknowledge to a new leader what it has not written yet', async t => {
  const cluster = await ReplicaCluster.start({ minInsyncReplicas: 1 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  cluster.node(1).produce('a', ['one'])
  await cluster.run(50)
  Object.assign(cluster.sim.disk(cluster.node(2).machine).faults, {
    syncWriteChance: 0,
    maxDelayMs: 5000,
  })
  cluster.node(1).produce('a', ['two'])
  await cluster.run(30)
  const { log } = cluster.node(2).partition('a')
  t.equal(log.logEndOffset, 2)
  t.equal(log.writtenEndOffset, 1, 'the disk is slow')
  cluster.controller.elect('a', 0, 3)
  const leader = cluster.node(3).partition('a')
  await cluster.sim.run(() => log.writtenEndOffset === 2 || leader.highWatermark === 2)
  t.equal(log.writtenEndOffset, 2)
  t.equal(leader.highWatermark, 1)
  await cluster.run(50)
  t.equal(leader.highWatermark, 2, 'it is told as soon as it is written')
})

t.test('a follower that asked for a connection in vain asks again within seconds', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 2 })
  const [leader, follower] = [cluster.node(1), cluster.node(2)]
  await cluster.createTopic('a', TOPIC_ID, [[1, 2]])
  const machines = [leader.machine, follower.machine] as const
  cluster.sim.network.cut(...machines)
  cluster.sim.network.reset(...machines)
  await cluster.run(100)
  cluster.sim.network.heal(...machines)
  leader.produce('a', ['one'])
  await cluster.run(3000)
  t.equal(follower.partition('a').log.logEndOffset, 1)
})
