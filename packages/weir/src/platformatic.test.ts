// @platformatic/kafka, unmodified, against a node in this process.
import {
  Admin,
  Consumer,
  type Message,
  Producer,
  stringDeserializers,
  stringSerializers,
} from '@platformatic/kafka'
import t from 'tap'
import { startWeir } from './start-weir.ts'

const BASE = { clientId: 'test', retries: 3, retryDelay: 50 }

async function withBroker(use: (bootstrapBrokers: string[]) => Promise<void>): Promise<void> {
  const weir = await startWeir({
    settings: {
      'group.initial.rebalance.delay.ms': 0,
      'offsets.topic.num.partitions': 4,
      'auto.create.topics.enable': false,
    },
  })
  try {
    await use([weir.bootstrap])
  } finally {
    await weir.stop()
  }
}

type TextMessage = Message<string, string, string, string>

async function readInGroup(
  bootstrapBrokers: string[],
  options: { groupId: string; topic: string; count: number },
): Promise<TextMessage[]> {
  const consumer = new Consumer({
    ...BASE,
    bootstrapBrokers,
    groupId: options.groupId,
    deserializers: stringDeserializers,
    maxWaitTime: 100,
  })
  const stream = await consumer.consume({
    topics: [options.topic],
    mode: 'committed',
    fallbackMode: 'earliest',
    autocommit: false,
  })
  const messages: TextMessage[] = []
  for await (const message of stream) {
    messages.push(message)
    await message.commit()
    if (messages.length === options.count) break
  }
  await consumer.close(true)
  return messages
}

t.test('every compression that the client has arrives as it was sent', async t => {
  await withBroker(async bootstrapBrokers => {
    const admin = new Admin({ ...BASE, bootstrapBrokers })
    await admin.createTopics({ topics: ['codecs'], partitions: 1, replicas: 1 })
    const producer = new Producer({
      ...BASE,
      bootstrapBrokers,
      serializers: stringSerializers,
      autocreateTopics: false,
    })
    const codecs = ['none', 'gzip', 'snappy', 'lz4'] as const
    for (const compression of codecs) {
      const messages = Array.from({ length: 50 }, (_, i) => ({
        topic: 'codecs',
        key: `k${i}`,
        value: `${compression}-${i}-${'abcdefgh'.repeat(20)}`,
        headers: { i: String(i) },
      }))
      const sent = await producer.send({ compression, acks: -1, messages })
      t.equal(sent.offsets?.[0]?.partition, 0)
    }
    const messages = await readInGroup(bootstrapBrokers, {
      groupId: 'readers',
      topic: 'codecs',
      count: 200,
    })
    const expected = codecs.flatMap(codec =>
      Array.from({ length: 50 }, (_, i) => `${codec}-${i}-${'abcdefgh'.repeat(20)}`),
    )
    t.same(
      messages.map(message => message.value),
      expected,
      'all values, in order',
    )
    t.same(
      messages.map(message => Number(message.offset)),
      Array.from({ length: 200 }, (_, i) => i),
      'offsets without gaps',
    )
    t.equal(messages[3]?.key, 'k3')
    t.equal(messages[3]?.headers.get('i'), '3')
    await producer.send({ messages: [{ topic: 'codecs', key: 'k', value: 'late' }] })
    const later = await readInGroup(bootstrapBrokers, {
      groupId: 'readers',
      topic: 'codecs',
      count: 1,
    })
    t.equal(later[0]?.value, 'late', 'the group goes on at its committed offset')
    await producer.close(true)
    await admin.close()
  })
})

t.test('its administration: topics, metadata, groups', async t => {
  await withBroker(async bootstrapBrokers => {
    const admin = new Admin({ ...BASE, bootstrapBrokers })
    await admin.createTopics({ topics: ['orders'], partitions: 3, replicas: 1 })
    t.same(await admin.listTopics(), ['orders'])
    const metadata = await admin.metadata({ topics: ['orders'] })
    t.equal(metadata.topics.get('orders')?.partitions.length, 3)
    await t.rejects(admin.metadata({ topics: ['missing'] }))
    const producer = new Producer({ ...BASE, bootstrapBrokers, serializers: stringSerializers })
    await producer.send({ messages: [{ topic: 'orders', key: 'a', value: '1' }] })
    await producer.close(true)
    await readInGroup(bootstrapBrokers, { groupId: 'readers', topic: 'orders', count: 1 })
    const groups = await admin.listGroups()
    t.same([...groups.keys()], ['readers'])
    const described = await admin.describeGroups({ groups: ['readers'] })
    t.match(described.get('readers')?.state, /EMPTY/i)
    await admin.deleteGroups({ groups: ['readers'] })
    t.equal((await admin.listGroups()).size, 0)
    await admin.deleteTopics({ topics: ['orders'] })
    t.same(await admin.listTopics(), [])
    await admin.close()
  })
})

t.test('an idempotent producer keeps the order over many requests', async t => {
  await withBroker(async bootstrapBrokers => {
    const admin = new Admin({ ...BASE, bootstrapBrokers })
    await admin.createTopics({ topics: ['ordered'], partitions: 1, replicas: 1 })
    await admin.close()
    const producer = new Producer({
      ...BASE,
      bootstrapBrokers,
      serializers: stringSerializers,
      idempotent: true,
    })
    for (let round = 0; round < 20; round++) {
      const messages = Array.from({ length: 10 }, (_, i) => ({
        topic: 'ordered',
        key: 'k',
        value: String(round * 10 + i),
      }))
      await producer.send({ messages })
    }
    await producer.close(true)
    const read = await readInGroup(bootstrapBrokers, {
      groupId: 'g',
      topic: 'ordered',
      count: 200,
    })
    t.same(
      read.map(message => Number(message.value)),
      Array.from({ length: 200 }, (_, i) => i),
    )
  })
})
