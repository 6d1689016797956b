// A node from start to stop, and what survives.

import {
  batchLastOffset,
  batchSizeInBytes,
  buildRecordBatch,
  createTopicsApi,
  deleteTopicsApi,
  fetchApi,
  initProducerIdApi,
  metadataApi,
  produceApi,
  records,
} from '@weir/protocol'
import t from 'tap'
import { batchOf } from './testing/data-plane.ts'
import { TestNode } from './testing/test-node.ts'
import type { WireClient } from './testing/wire-client.ts'

function createTopic(client: WireClient, name: string, numPartitions = 1) {
  const topic = { name, numPartitions, replicationFactor: 1, assignments: [], configs: [] }
  return client.request(createTopicsApi, 7, { topics: [topic] })
}

function describe(client: WireClient, name: string) {
  const topics = [{ name }]
  return client.request(metadataApi, 12, { topics, allowAutoTopicCreation: false })
}

function produce(client: WireClient, topicId: string, value: string) {
  const partitionData = [{ index: 0, records: batchOf([value]) }]
  const topicData = [{ topicId, partitionData }]
  return client.request(produceApi, 13, { acks: -1, timeoutMs: 1_000, topicData })
}

t.test('topics, their ids and their records survive a stop and a crash', async t => {
  const node = await TestNode.start()
  let client = await node.connect()
  const created = await node.complete(createTopic(client, 'a', 3))
  const topicId = created.topics[0]?.topicId ?? ''
  t.match(created.topics, [{ errorCode: 0, numPartitions: 3 }])
  for (const how of ['stop', 'crash'] as const) {
    t.match(await node.complete(produce(client, topicId, how)), {
      responses: [{ partitionResponses: [{ errorCode: 0 }] }],
    })
    if (how === 'stop') await node.stop()
    // Records of topics without flush settings may go with the power; the metadata may not.
    else node.crash()
    await node.start()
    client = await node.connect(`client-after-${how}`)
    const { topics, clusterId } = await node.complete(describe(client, 'a'))
    t.equal(clusterId, node.node.clusterId)
    t.match(topics, [{ errorCode: 0, name: 'a', topicId }])
    t.equal(topics[0]?.partitions.length, 3)
    const epochs = topics[0]?.partitions.map(partition => partition.leaderEpoch)
    t.same(epochs, how === 'stop' ? [0, 0, 0] : [1, 1, 1], 'a crash begins a leader epoch')
  }
  const gone = { topics: [{ topicId }], timeoutMs: 1_000 }
  t.match(await node.complete(client.request(deleteTopicsApi, 6, gone)), {
    responses: [{ errorCode: 0, name: 'a' }],
  })
  await node.stop()
  await node.start()
  client = await node.connect('client-at-the-end')
  t.match((await node.complete(describe(client, 'a'))).topics, [{ errorCode: 3 }])
  t.same(node.fatal, [])
})

/** A topic with settings, and batches of one record each in its only partition. */
async function topicWith(node: TestNode, settings: Record<string, string>, batches: Buffer[]) {
  const client = await node.connect()
  const configs = Object.entries(settings).map(([name, value]) => ({ name, value }))
  const topic = { name: 'a', numPartitions: 1, replicationFactor: 1, assignments: [], configs }
  const { topics } = await node.complete(client.request(createTopicsApi, 7, { topics: [topic] }))
  const topicId = topics[0]?.topicId ?? ''
  for (const batch of batches) {
    const topicData = [{ topicId, partitionData: [{ index: 0, records: batch }] }]
    const request = { acks: -1, timeoutMs: 1_000, topicData }
    t.match(await node.complete(client.request(produceApi, 13, request)), {
      responses: [{ partitionResponses: [{ errorCode: 0 }] }],
    })
  }
  return topicId
}

async function readAll(node: TestNode, topicId: string): Promise<string[]> {
  const client = await node.connect('reader')
  const values: string[] = []
  for (let fetchOffset = 0; ; ) {
    const partitions = [{ partition: 0, fetchOffset, partitionMaxBytes: 10_000_000 }]
    const answer = await node.complete(
      client.request(fetchApi, 13, {
        maxWaitMs: 0,
        minBytes: 0,
        topics: [{ topicId, partitions }],
        forgottenTopicsData: [],
      }),
    )
    const [partition] = answer.responses[0]?.partitions ?? []
    t.equal(partition?.errorCode, 0)
    const bytes = partition?.records ?? Buffer.alloc(0)
    if (bytes.length === 0) return values
    for (let at = 0; at < bytes.length; at += batchSizeInBytes(bytes, at)) {
      fetchOffset = batchLastOffset(bytes, at) + 1
      for (const { value } of records(bytes, at, 10_000_000)) {
        values.push(value?.toString()[0] ?? '')
      }
    }
  }
}

t.test('the cleaner keeps the newest record of a key, as often as the broker says', async t => {
  const node = await TestNode.start(['log.cleaner.backoff.ms=600000'])
  const batches = ['1', '2', '3'].map(digit =>
    buildRecordBatch([{ timestamp: -1, key: 'k', value: digit.repeat(600_000) }], {}),
  )
  const settings = { 'cleanup.policy': 'compact', 'segment.bytes': '1048576' }
  const topicId = await topicWith(node, settings, batches)
  await node.sim.run({ forMs: 300_000 })
  t.same(await readAll(node, topicId), ['1', '2', '3'])
  await node.sim.run({ forMs: 320_000 })
  t.same(await readAll(node, topicId), ['2', '3'], 'the newest segment is never cleaned')
})

t.test('what was acknowledged about topics is there after power failures at any time', async t => {
  for (let round = 0; round < 15; round++) {
    const node = await TestNode.start([], { seed: `power ${round}` })
    const client = await node.connect()
    const acknowledged: string[] = []
    for (let i = 0; i < 10; i++) {
      createTopic(client, `t${i}`).then(
        ({ topics }) => {
          if (topics[0]?.errorCode === 0) acknowledged.push(`t${i}`)
        },
        () => undefined,
      )
    }
    await node.sim.run({ forMs: round / 2 })
    node.crash()
    await node.start()
    const names = new Set([...node.node.services.metadata.topics].map(topic => topic.name))
    const lost = acknowledged.filter(name => !names.has(name))
    t.same(lost, [], `round ${round}, ${acknowledged.length} were acknowledged`)
  }
})

t.test('producer ids are never given twice, whatever crashes', async t => {
  const node = await TestNode.start()
  const seen = new Set<number>()
  for (let round = 0; round < 4; round++) {
    const client = await node.connect(`client-${round}`)
    for (let i = 0; i < 3; i++) {
      const body = { transactionalId: null, transactionTimeoutMs: 60_000 }
      const { producerId } = await node.complete(client.request(initProducerIdApi, 4, body))
      t.notOk(seen.has(producerId), `id ${producerId}`)
      seen.add(producerId)
    }
    node.crash()
    await node.start()
  }
})

t.test('a wildcard listener tells each client the address by which it came', async t => {
  const node = await TestNode.start(['listeners=PLAINTEXT://:9092'])
  const client = await node.connect()
  const { brokers } = await node.complete(describe(client, 'a'))
  t.match(brokers, [{ nodeId: 1, host: 'node', port: 9092 }])
})

t.test('an advertised address is told to everybody', async t => {
  const node = await TestNode.start(['advertised.listeners=PLAINTEXT://outside.example:19092'])
  const client = await node.connect()
  const { brokers } = await node.complete(describe(client, 'a'))
  t.match(brokers, [{ nodeId: 1, host: 'outside.example', port: 19_092 }])
})

t.test('the rack of a broker is its host, unless set', async t => {
  for (const [assignments, rack] of [
    [[], 'node'],
    [['broker.rack=r1'], 'r1'],
  ] as const) {
    const node = await TestNode.start(assignments)
    const client = await node.connect()
    const { brokers } = await node.complete(describe(client, 'none'))
    t.match(brokers, [{ rack }])
    await node.stop()
  }
})
