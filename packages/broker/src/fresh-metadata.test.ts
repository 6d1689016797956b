// What one broker has acknowledged another does not deny: who creates a topic and then asks somebody else
// for it finds it there.

import {
  createTopicsApi,
  describeConfigsApi,
  describeTopicPartitionsApi,
  metadataApi,
} from '@weir/protocol'
import t from 'tap'
import { TestCluster, type TestClusterOptions } from './testing/test-cluster.ts'

const BEHIND_MS = 60

const SHAPES: readonly [string, TestClusterOptions][] = [
  ['nodes in both roles', { combined: [1, 2, 3] }],
  ['brokers that are no controllers', { controllers: [1, 2, 3], brokers: [4, 5] }],
]

for (const [shape, options] of SHAPES) {
  t.test(`a broker that is behind catches up before it answers: ${shape}`, async t => {
    const cluster = await TestCluster.start(options)
    const { network: net } = cluster.sim
    const active = (await cluster.controller()).nodeId
    const brokers = cluster.ids.filter(id => id !== active && cluster.get(id).isBroker)
    const [asked = 0, late = 0] = brokers
    const [writer, reader] = [await cluster.connect(asked), await cluster.connect(late)]
    /** The broker `late` hears nothing of the topic for a while after `writer` was told that it is there. */
    const create = async (name: string) => {
      net.cutOneWay(`n${active}`, `n${late}`)
      const configs = [{ name: 'retention.ms', value: '12345' }]
      const topic = { name, numPartitions: 1, replicationFactor: 1, assignments: [], configs }
      const made = writer.request(createTopicsApi, 7, { topics: [topic], timeoutMs: 10_000 })
      t.match(await cluster.complete(made), { topics: [{ errorCode: 0 }] })
      t.equal(cluster.get(late).services.metadata.topic(name), undefined, 'it is behind')
      cluster.sim.env('operator').clock.after(BEHIND_MS, () => net.heal(`n${active}`, `n${late}`))
    }

    await create('named')
    const named = { topics: [{ name: 'named' }], allowAutoTopicCreation: false }
    t.match(await cluster.complete(reader.request(metadataApi, 12, named)), {
      topics: [{ errorCode: 0, partitions: [{}] }],
    })
    await create('listed')
    const { topics } = await cluster.complete(reader.request(metadataApi, 12, { topics: null }))
    t.ok(topics.some(topic => topic.name === 'listed'))
    await create('described')
    const described = { topics: [{ name: 'described' }], responsePartitionLimit: 10 }
    t.match(await cluster.complete(reader.request(describeTopicPartitionsApi, 0, described)), {
      topics: [{ errorCode: 0, partitions: [{}] }],
    })
    await create('configured')
    const resource = {
      resourceType: 2,
      resourceName: 'configured',
      configurationKeys: ['retention.ms'],
    }
    const configs = await cluster.complete(
      reader.request(describeConfigsApi, 4, { resources: [resource] }),
    )
    t.match(configs, { results: [{ errorCode: 0, configs: [{ value: '12345' }] }] })
    t.same(cluster.fatal, [])
  })
}

t.test('a broker that hears of nobody says what it knows', async t => {
  const cluster = await TestCluster.start({ combined: [1, 2, 3] })
  const client = await cluster.connect(3)
  cluster.kill(1)
  cluster.kill(2)
  const asked = { topics: [{ name: 'absent' }], allowAutoTopicCreation: false }
  t.match(await cluster.complete(client.request(metadataApi, 12, asked)), {
    topics: [{ errorCode: 3 }],
  })
})
