// kafkajs, unmodified, against a node in this process.
import kafkajs, { type Kafka as KafkaClient } from 'kafkajs'
import t from 'tap'
import { startWeir } from './start-weir.ts'

const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs

async function withKafka(use: (kafka: KafkaClient) => Promise<void>): Promise<void> {
  const weir = await startWeir({
    settings: { 'group.initial.rebalance.delay.ms': 0, 'offsets.topic.num.partitions': 4 },
  })
  try {
    await use(
      new Kafka({ clientId: 'test', brokers: [weir.bootstrap], logLevel: logLevel.NOTHING }),
    )
  } finally {
    await weir.stop()
  }
}

interface Read {
  readonly key: string | undefined
  readonly value: string | undefined
  readonly header: string | undefined
  readonly partition: number
  readonly offset: string
}

/** Consumes as a member of the group until `count` records came, then commits and leaves. */
async function consumeInGroup(
  kafka: KafkaClient,
  options: { groupId: string; topic: string; count: number },
): Promise<Read[]> {
  const consumer = kafka.consumer({ groupId: options.groupId, maxWaitTimeInMs: 100 })
  const read: Read[] = []
  await consumer.connect()
  await consumer.subscribe({ topic: options.topic, fromBeginning: true })
  await new Promise<void>((resolve, reject) => {
    consumer
      .run({
        autoCommit: false,
        eachMessage: async ({ message, partition }) => {
          read.push({
            key: message.key?.toString(),
            value: message.value?.toString(),
            header: message.headers?.['h']?.toString(),
            partition,
            offset: message.offset,
          })
          if (read.length === options.count) resolve()
        },
      })
      .catch(reject)
  })
  const next = new Map<number, string>()
  for (const { partition, offset } of read) next.set(partition, String(Number(offset) + 1))
  await consumer.commitOffsets(
    [...next].map(([partition, offset]) => ({ topic: options.topic, partition, offset })),
  )
  await consumer.disconnect()
  return read
}

t.test('kafkajs produces, consumes in a group, commits and goes on where it was', async t => {
  await withKafka(async kafka => {
    const admin = kafka.admin()
    await admin.connect()
    t.equal(await admin.createTopics({ topics: [{ topic: 'orders', numPartitions: 3 }] }), true)
    const producer = kafka.producer()
    await producer.connect()
    for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
      const messages = Array.from({ length: 50 }, (_, i) => {
        return { key: `k${i}`, value: `${compression}-${i}`, headers: { h: `h${i}` } }
      })
      await producer.send({ topic: 'orders', compression, acks: -1, messages })
    }
    const first = await consumeInGroup(kafka, { groupId: 'g', topic: 'orders', count: 100 })
    const expected = [CompressionTypes.None, CompressionTypes.GZIP].flatMap(codec =>
      Array.from({ length: 50 }, (_, i) => `${codec}-${i}`),
    )
    t.same(first.map(record => record.value).sort(), expected.sort())
    t.equal(first.find(record => record.value === '0-7')?.key, 'k7')
    t.equal(first.find(record => record.value === '0-7')?.header, 'h7')
    const offsets = await admin.fetchOffsets({ groupId: 'g', topics: ['orders'] })
    const committed = offsets[0]?.partitions.map(({ offset }) => Number(offset)) ?? []
    t.equal(
      committed.reduce((sum, offset) => sum + offset, 0),
      100,
    )
    await producer.send({ topic: 'orders', messages: [{ key: 'k', value: 'late' }] })
    const second = await consumeInGroup(kafka, { groupId: 'g', topic: 'orders', count: 1 })
    t.same(
      second.map(record => record.value),
      ['late'],
    )
    await producer.disconnect()
    await admin.disconnect()
  })
})

t.test('records of one key stay in order, and an idempotent producer works', async t => {
  await withKafka(async kafka => {
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
    await producer.connect()
    for (let round = 0; round < 5; round++) {
      await producer.send({
        topic: 'created-by-producing',
        acks: -1,
        messages: Array.from({ length: 20 }, (_, i) => ({ key: 'same', value: `${round}-${i}` })),
      })
    }
    const read = await consumeInGroup(kafka, {
      groupId: 'ordered',
      topic: 'created-by-producing',
      count: 100,
    })
    const expected = Array.from({ length: 100 }, (_, i) => `${Math.floor(i / 20)}-${i % 20}`)
    t.same(
      read.map(record => record.value),
      expected,
    )
    await producer.disconnect()
  })
})

t.test("kafkajs' administration: topics, partitions, offsets, settings, groups", async t => {
  await withKafka(async kafka => {
    const admin = kafka.admin()
    await admin.connect()
    await admin.createTopics({
      topics: [
        {
          topic: 'a',
          numPartitions: 1,
          configEntries: [{ name: 'retention.ms', value: '1234567' }],
        },
        { topic: 'b', numPartitions: 2 },
      ],
    })
    t.same((await admin.listTopics()).sort(), ['a', 'b'])
    t.equal(await admin.createTopics({ topics: [{ topic: 'a' }] }), false, 'it is there already')
    await admin.createPartitions({ topicPartitions: [{ topic: 'b', count: 4 }] })
    const metadata = await admin.fetchTopicMetadata({ topics: ['b'] })
    t.equal(metadata.topics[0]?.partitions.length, 4)
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: 'a' }],
    })
    const entries = described.resources[0]?.configEntries ?? []
    t.equal(entries.find(entry => entry.configName === 'retention.ms')?.configValue, '1234567')
    const producer = kafka.producer()
    await producer.connect()
    await producer.send({ topic: 'a', messages: [{ value: '1' }, { value: '2' }, { value: '3' }] })
    await producer.disconnect()
    const offsets = await admin.fetchTopicOffsets('a')
    t.match(offsets, [{ partition: 0, offset: '3', high: '3', low: '0' }])
    await consumeInGroup(kafka, { groupId: 'readers', topic: 'a', count: 3 })
    const { groups } = await admin.listGroups()
    t.same(
      groups.map(group => group.groupId),
      ['readers'],
    )
    await admin.deleteGroups(['readers'])
    t.same((await admin.listGroups()).groups, [])
    await admin.deleteTopicRecords({ topic: 'a', partitions: [{ partition: 0, offset: '2' }] })
    t.match(await admin.fetchTopicOffsets('a'), [{ low: '2', high: '3' }])
    await admin.deleteTopics({ topics: ['a', 'b'] })
    t.notOk((await admin.listTopics()).some(topic => topic === 'a' || topic === 'b'))
    await admin.disconnect()
  })
})

t.test(
  'two consumers share the partitions of a topic, and one takes over from the other',
  async t => {
    await withKafka(async kafka => {
      const admin = kafka.admin()
      await admin.connect()
      await admin.createTopics({ topics: [{ topic: 'shared', numPartitions: 4 }] })
      const assignments = new Map<string, number[]>()
      const consumers = await Promise.all(
        ['one', 'two'].map(async name => {
          const consumer = kafka.consumer({
            groupId: 'sharing',
            heartbeatInterval: 200,
            maxWaitTimeInMs: 100,
          })
          consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
            assignments.set(name, payload.memberAssignment['shared'] ?? [])
          })
          await consumer.connect()
          await consumer.subscribe({ topic: 'shared', fromBeginning: true })
          await consumer.run({ eachMessage: async () => {} })
          return consumer
        }),
      )
      await until(() => {
        const owned = [...assignments.values()].flat().sort()
        return owned.length === 4 && assignments.get('one')?.length === 2
      })
      t.same([...assignments.values()].flat().sort(), [0, 1, 2, 3], 'disjoint and complete')
      await consumers[1]?.disconnect()
      await until(() => assignments.get('one')?.length === 4)
      t.same(assignments.get('one')?.sort(), [0, 1, 2, 3])
      await consumers[0]?.disconnect()
      await admin.disconnect()
    })
  },
)

/** Looks again in every turn in which something happened; the test's own time limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setTimeout(resolve, 10))
}
