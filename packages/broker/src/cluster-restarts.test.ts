// Nodes of one cluster that stop, fail and come back.

import { createTopicsApi, deleteTopicsApi } from '@weir/protocol'
import t from 'tap'
import { batchOf } from './testing/data-plane.ts'
import { TestCluster } from './testing/test-cluster.ts'
import type { WireClient } from './testing/wire-client.ts'

function createTopic(client: WireClient, name: string, replicationFactor = 1) {
  const topic = { name, numPartitions: 2, replicationFactor, assignments: [], configs: [] }
  return client.request(createTopicsApi, 7, { topics: [topic], timeoutMs: 10_000 })
}

t.test('a broker that stops in order leads nothing when it is gone', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  const client = await cluster.connect(1)
  await cluster.complete(createTopic(client, 'a', 3))
  for (const id of [2, 3]) {
    await cluster.stop(id)
    const { metadata } = cluster.get(1).services
    for (const { leader, isr } of metadata.topic('a')?.partitions ?? []) {
      t.not(leader, id)
      if (id === 2) t.notOk(isr.includes(id))
    }
    await cluster.startAll([id])
  }
  t.same(cluster.fatal, [])
})

t.test('a new node is the same one after a power failure', async t => {
  for (let seed = 1; seed <= 4; seed++) {
    const cluster = await TestCluster.start({ controllers: [1, 2, 3], seed })
    for (const id of cluster.ids) {
      cluster.sim.crash(`n${id}`)
      const paths = cluster.sim.disk(`n${id}`).paths()
      t.ok(paths.includes('/data/meta.properties'), `seed ${seed}, node ${id}`)
    }
  }
})

t.test('a broker whose last data directory fails says that it cannot go on', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  const client = await cluster.connect(1)
  await cluster.complete(createTopic(client, 'a', 3))
  await cluster.sim.run({ forMs: 1_000 })
  const id = cluster.get(1).services.metadata.partition('a', 0)?.leader ?? 0
  const partition = cluster.get(id).services.replicaManager.getPartition('a', 0)
  cluster.sim.disk(`n${id}`).fail('write', 1)
  partition?.appendAsLeader(batchOf(['x']), 'client', 0)
  await cluster.sim.run({ forMs: 100 })
  t.match(cluster.fatal, [{ nodeId: id }])
})

t.test('a node that was away has what was decided meanwhile, and snapshots of it', async t => {
  const assignments = ['metadata.log.max.record.bytes.between.snapshots=2000']
  const cluster = await TestCluster.start({ combined: [1, 2, 3], assignments })
  const client = await cluster.connect(1)
  await cluster.complete(createTopic(client, 'gone', 3))
  const before = cluster.get(1).services.metadata.topic('gone')?.topicId ?? ''
  cluster.kill(3)
  await cluster.complete(
    client.request(deleteTopicsApi, 6, { topics: [{ topicId: before }], timeoutMs: 10_000 }),
  )
  for (let i = 0; i < 60; i++) await cluster.complete(createTopic(client, `t${i}`, 3))
  await cluster.startAll([3])
  const { metadata, replicaManager } = cluster.get(3).services
  t.equal(metadata.topicCount, 60)
  t.notOk(replicaManager.getPartitionById(before, 0))
  const leader = metadata.topic('t59')
  t.equal(leader?.partitions.length, 2)
  t.ok(replicaManager.getPartition('t59', 0))
  t.same(cluster.fatal, [])
})

t.test('all nodes that stop at once stop soon', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  await cluster.complete(createTopic(await cluster.connect(1), 'a', 3))
  const beganMs = cluster.sim.nowMs
  const nodes = cluster.ids.map(id => cluster.get(id))
  await cluster.complete(Promise.all(nodes.map(node => node.stop())))
  t.ok(cluster.sim.nowMs - beganMs < 6_000, `${cluster.sim.nowMs - beganMs} ms`)
  await cluster.startAll(cluster.ids)
  t.equal(cluster.get(2).services.metadata.topicCount, 1)
  t.same(cluster.fatal, [])
})

t.test('a node that stands still while it opens its metadata log goes on afterwards', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  cluster.kill(3)
  await cluster.sim.run({ forMs: 100 })
  const starting = cluster.starting(3)
  const isOpening = () =>
    cluster.sim.logs.some(
      ({ message, fields }) =>
        message.startsWith('recovering logs') && fields?.['directory'] === '/data/metadata/log',
    )
  await cluster.sim.run(isOpening, 1000)
  cluster.sim.pause('n3')
  await cluster.sim.run({ forMs: 5000 })
  cluster.sim.resume('n3')
  const node = await cluster.complete(starting)
  t.notOk(node.isFenced)
  t.same(cluster.fatal, [])
})
