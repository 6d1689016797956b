// One of several data directories of a broker fails: others lead what was in it, and the broker serves
// the rest (D6).

import { createTopicsApi } from '@weir/protocol'
import t from 'tap'
import { batchOf } from './testing/data-plane.ts'
import { TestCluster } from './testing/test-cluster.ts'

const PARTITIONS = 6

t.test(
  'others lead what was in a directory that failed, and the broker serves the rest',
  async t => {
    const assignments = ['log.dirs=/data,/more']
    const cluster = await TestCluster.start({ combined: [1, 2, 3], assignments })
    const client = await cluster.connect(1)
    const counts = { numPartitions: PARTITIONS, replicationFactor: 3 }
    const topics = [{ name: 'a', ...counts, assignments: [], configs: [] }]
    await cluster.complete(client.request(createTopicsApi, 7, { topics, timeoutMs: 10_000 }))
    await cluster.sim.run({ forMs: 1_000 })
    const partitionsSeenBy = (id: number) =>
      cluster.get(id).services.metadata.topic('a')?.partitions ?? []
    const id = partitionsSeenBy(1)[0]?.leader ?? 0
    const other = id === 1 ? 2 : 1
    const { replicaManager } = cluster.get(id).services
    cluster.sim.disk(`n${id}`).fail('write', 1)
    replicaManager.getPartition('a', 0)?.appendAsLeader(batchOf(['x']), 'client', 0)
    await cluster.sim.run({ forMs: 2_000 })

    const isLost = (index: number) =>
      replicaManager.getPartition('a', index)?.log.isOffline === true
    const indexes = partitionsSeenBy(other).map(({ partitionIndex }) => partitionIndex)
    t.ok(indexes.some(isLost), 'something was lost')
    t.notOk(indexes.every(isLost), 'something is left')
    for (const { partitionIndex, leader, isr } of partitionsSeenBy(other)) {
      const what = `partition ${partitionIndex}: leader ${leader}, ISR ${isr}`
      t.equal(isr.includes(id), !isLost(partitionIndex), what)
      t.ok(isr.includes(leader), what)
    }
    t.notOk(cluster.get(id).isFenced)
    t.same(cluster.fatal, [])
  },
)
