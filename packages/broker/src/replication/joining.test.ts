// Followers of idle partitions join the ISR when they may, not when somebody produces.

import t from 'tap'
import { ReplicaCluster } from './testing/replica-cluster.ts'

const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

t.test('all followers join as soon as they are not fenced any more', async t => {
  const cluster = await ReplicaCluster.start({ brokers: 3 })
  await cluster.createTopic('a', TOPIC_ID, [[1, 2, 3]])
  cluster.node(1).produce('a', ['x'])
  await cluster.run(100)
  for (const id of [2, 3]) cluster.controller.fence(id)
  await cluster.run(100)
  t.same(cluster.controller.partition('a').isr, [1])
  for (const id of [2, 3]) cluster.controller.unfence(id)
  await cluster.run(1000)
  t.same([...cluster.controller.partition('a').isr].sort(), [1, 2, 3])
})
