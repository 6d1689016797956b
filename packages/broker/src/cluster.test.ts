// Nodes of one cluster: they find each other, any of them takes what only the active controller can
// decide, and they go on without the one that dies.

import {
  createTopicsApi,
  describeClusterApi,
  describeQuorumApi,
  errorCode,
  initProducerIdApi,
  metadataApi,
} from '@weir/protocol'
import t from 'tap'
import { TestCluster } from './testing/test-cluster.ts'
import type { WireClient } from './testing/wire-client.ts'

function createTopic(client: WireClient, name: string, replicationFactor = 1) {
  const topic = { name, numPartitions: 2, replicationFactor, assignments: [], configs: [] }
  return client.request(createTopicsApi, 7, { topics: [topic], timeoutMs: 10_000 })
}

function describe(client: WireClient, name: string) {
  return client.request(metadataApi, 12, { topics: [{ name }], allowAutoTopicCreation: false })
}

t.test('a client reads what it wrote, whichever node it asked', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  const ids = new Set(cluster.ids.map(id => cluster.get(id).clusterId))
  t.equal(ids.size, 1, 'one cluster id')
  for (const id of cluster.ids) {
    const client = await cluster.connect(id)
    t.match(await cluster.complete(createTopic(client, `t${id}`, 3)), {
      topics: [{ errorCode: 0 }],
    })
    const { brokers, topics } = await cluster.complete(describe(client, `t${id}`))
    t.match(topics, [{ errorCode: 0, partitions: [{ replicaNodes: { length: 3 } }, {}] }])
    t.same(
      brokers.map(broker => broker.nodeId),
      [1, 2, 3],
    )
  }
  t.same(cluster.fatal, [])
})

t.test('three controllers and two brokers: each does its own part alone', async t => {
  const cluster = await TestCluster.start({ controllers: [1, 2, 3], brokers: [4, 5] })
  const client = await cluster.connect(5)
  t.match(await cluster.complete(createTopic(client, 'a', 2)), { topics: [{ errorCode: 0 }] })
  const cluster0 = { includeClusterAuthorizedOperations: false }
  const { brokers } = await cluster.complete(client.request(describeClusterApi, 1, cluster0))
  t.same(
    brokers.map(broker => broker.brokerId),
    [4, 5],
  )
  const partitions = [{ partitionIndex: 0 }]
  const asked = { topics: [{ topicName: '__cluster_metadata', partitions }] }
  const quorum = await cluster.complete(client.request(describeQuorumApi, 2, asked))
  const [described] = quorum.topics[0]?.partitions ?? []
  t.same(
    described?.currentVoters.map(voter => voter.replicaId),
    [1, 2, 3],
  )
  t.same(
    described?.observers.map(observer => observer.replicaId),
    [4, 5],
  )
  t.equal(quorum.nodes?.length, 3)
  t.notOk(cluster.get(1).isBroker)
})

t.test('when the active controller dies the others go on within a second', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  const active = await cluster.controller()
  const other = cluster.ids.find(id => id !== active.nodeId) ?? 0
  const client = await cluster.connect(other)
  await cluster.complete(createTopic(client, 'before', 3))
  cluster.kill(active.nodeId)
  const killedMs = cluster.sim.nowMs
  t.match(await cluster.complete(createTopic(client, 'after', 2)), { topics: [{ errorCode: 0 }] })
  const hasMoved = () => {
    const { metadata } = cluster.get(other).services
    const { partitions } = metadata.topic('before') ?? { partitions: [] }
    return partitions.every(partition => partition.leader !== active.nodeId)
  }
  await cluster.sim.run(hasMoved, 10_000)
  t.ok(cluster.sim.nowMs - killedMs < 1_000, `${cluster.sim.nowMs - killedMs} ms`)
  t.same(cluster.fatal, [])
})

t.test('what no controller answers in time is told to the client', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  const client = await cluster.connect(3)
  cluster.kill(1)
  cluster.kill(2)
  const topic = { name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }
  const asked = { topics: [topic], timeoutMs: 3_000 }
  const answer = await cluster.complete(client.request(createTopicsApi, 7, asked))
  t.match(answer, { topics: [{ errorCode: errorCode('REQUEST_TIMED_OUT') }] })
  t.match(await cluster.complete(describe(client, 'a')), { topics: [{ errorCode: 3 }] })
})

t.test('producer ids of all brokers are different', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  const seen = new Set<number>()
  for (const id of cluster.ids) {
    const client = await cluster.connect(id)
    const body = { transactionalId: null, transactionTimeoutMs: 60_000 }
    for (let i = 0; i < 3; i++) {
      const { producerId } = await cluster.complete(client.request(initProducerIdApi, 4, body))
      t.notOk(seen.has(producerId) || producerId < 0, `id ${producerId}`)
      seen.add(producerId)
    }
  }
})

t.test('a broker that knows no ids of controllers asks one of them', async t => {
  const cluster = await TestCluster.start({ controllers: [1, 2, 3], brokers: [4] })
  const bootstrap = [
    'node.id=5',
    'process.roles=broker',
    'controller.quorum.voters=',
    'controller.quorum.bootstrap.servers=nobody:1,n2:9093',
  ]
  const node = await cluster.complete(cluster.starting(5, bootstrap))
  t.equal(node.clusterId, cluster.get(4).clusterId)
  t.notOk(node.isFenced)
})
