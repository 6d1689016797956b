// The disk of one broker is full: others in sync go on without it, lead what it led, and it follows again
// when there is room (D5).

import { createTopicsApi, produceApi } from '@weir/protocol'
import t from 'tap'
import { batchOf } from './testing/data-plane.ts'
import { TestCluster } from './testing/test-cluster.ts'
import type { WireClient } from './testing/wire-client.ts'

const CONFIGS = [{ name: 'min.insync.replicas', value: '2' }]

/** Three nodes with one partition of topic `a`. */
async function start(replicationFactor: number, configs = CONFIGS) {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  const client = await cluster.connect(1)
  const topics = [{ name: 'a', numPartitions: 1, replicationFactor, assignments: [], configs }]
  await cluster.complete(client.request(createTopicsApi, 7, { topics, timeoutMs: 10_000 }))
  await cluster.sim.run({ forMs: 1_000 })
  const partition = () => cluster.get(1).services.metadata.topic('a')?.partitions[0]
  return { cluster, partition }
}

/** The disk of a node, with room for less than a record. */
function fill(cluster: TestCluster, id: number) {
  const disk = cluster.sim.disk(`n${id}`)
  disk.faults.capacityBytes = disk.usedBytes + 50_000
  return disk
}

async function produce(cluster: TestCluster, client: WireClient): Promise<number> {
  const partitionData = [{ index: 0, records: batchOf(['x'.repeat(100_000)]) }]
  const request = { acks: -1, timeoutMs: 1_000, topicData: [{ name: 'a', partitionData }] }
  const answer = await cluster.complete(client.request(produceApi, 9, request))
  return answer.responses[0]?.partitionResponses[0]?.errorCode ?? -1
}

t.test(
  'a leader whose disk is full gives the lead away, and is in sync again with room',
  async t => {
    const { cluster, partition } = await start(3)
    const full = partition()?.leader ?? 0
    const disk = fill(cluster, full)
    t.not(await produce(cluster, await cluster.connect(full)), 0, 'there is no room')
    await cluster.sim.run({ forMs: 1_000 })
    const leader = partition()?.leader ?? 0
    t.ok(leader > 0 && leader !== full, `broker ${leader} leads in place of ${full}`)
    t.equal(partition()?.isr.includes(full), false)
    t.equal(partition()?.partitionEpoch, 1, 'one change: it was not let in and out again')
    for (let count = 0; count < 3; count++) {
      t.equal(await produce(cluster, await cluster.connect(leader)), 0, 'and nobody waits')
    }
    t.notOk(cluster.get(full).isFenced)
    disk.faults.capacityBytes = Number.POSITIVE_INFINITY
    await cluster.sim.run(() => partition()?.isr.length === 3, 5_000)
    t.same(cluster.fatal, [])
  },
)

t.test('nobody waits for a follower whose disk is full', async t => {
  const { cluster, partition } = await start(3)
  const leader = partition()?.leader ?? 0
  const full = leader === 1 ? 2 : 1
  const disk = fill(cluster, full)
  const client = await cluster.connect(leader)
  const startedMs = cluster.sim.nowMs
  t.equal(await produce(cluster, client), 0)
  t.ok(cluster.sim.nowMs - startedMs < 100, `${cluster.sim.nowMs - startedMs} ms`)
  // The node that is asked may hear of it a moment later.
  await cluster.sim.run({ forMs: 100 })
  t.equal(partition()?.leader, leader)
  t.equal(partition()?.isr.includes(full), false)
  disk.faults.capacityBytes = Number.POSITIVE_INFINITY
  await cluster.sim.run(() => partition()?.isr.length === 3, 5_000)
  t.same(cluster.fatal, [])
})

t.test('a leader whose disk is full keeps what nobody else could lead', async t => {
  const { cluster, partition } = await start(1, [])
  const full = partition()?.leader ?? 0
  const disk = fill(cluster, full)
  const own = await cluster.connect(full)
  t.not(await produce(cluster, own), 0, 'there is no room')
  await cluster.sim.run({ forMs: 1_000 })
  t.equal(partition()?.leader, full)
  disk.faults.capacityBytes = Number.POSITIVE_INFINITY
  await cluster.sim.run({ forMs: 1_000 })
  t.equal(await produce(cluster, own), 0)
})
