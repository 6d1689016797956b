// Three brokers in one process, with kafkajs as their client.
import kafkajs, { type Kafka as KafkaClient } from 'kafkajs'
import t from 'tap'
import { startWeir } from '../start-weir.ts'
import type { Weir } from '../weir.ts'

const { Kafka, logLevel } = kafkajs

function client(weir: Weir): KafkaClient {
  return new Kafka({
    brokers: weir.bootstrap.split(','),
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50, maxRetryTime: 200, retries: 30 },
  })
}

async function send(kafka: KafkaClient, topic: string, value: string): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, acks: -1, messages: [{ value }] })
  await producer.disconnect()
}

async function leaderOf(kafka: KafkaClient, topic: string): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  return topics[0]?.partitions[0]?.leader ?? -1
}

async function endOffset(kafka: KafkaClient, topic: string): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  const [partition] = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  return Number(partition?.high)
}

t.test('topics of three brokers have three replicas, and writes survive a kill', async t => {
  const weir = await startWeir({ brokers: 3, topics: ['orders'] })
  t.teardown(() => weir.stop())
  t.same(
    weir.brokers.map(({ id, isRunning }) => [id, isRunning]),
    [1, 2, 3].map(id => [id, true]),
  )
  const kafka = client(weir)
  await send(kafka, 'orders', 'a')
  const leaderId = await leaderOf(kafka, 'orders')
  const leader = weir.brokers.find(broker => broker.id === leaderId)
  await leader?.kill()
  await send(kafka, 'orders', 'b')
  t.equal(await endOffset(kafka, 'orders'), 2, 'nothing is lost')
  t.not(await leaderOf(kafka, 'orders'), leaderId)
  await leader?.restart()
  t.equal(leader?.isRunning, true)
  await send(kafka, 'orders', 'c')
  await weir.reset()
  t.equal(await endOffset(kafka, 'orders'), 0)
})

t.test('the time of a cluster can be moved by hand', async t => {
  const weir = await startWeir({ brokers: 3, topics: ['orders'], clock: 'manual' })
  t.teardown(() => weir.stop())
  const kafka = client(weir)
  await weir.runUntil(send(kafka, 'orders', 'a'))
  const before = weir.now()
  await weir.advance(30_000)
  t.equal(weir.now() - before, 30_000)
  await weir.runUntil(send(kafka, 'orders', 'b'))
  t.equal(await weir.runUntil(endOffset(kafka, 'orders')), 2)
})
