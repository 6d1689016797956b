// startWeir as tests use it, with kafkajs as their client.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FaultPlan } from '@weir/broker'
import kafkajs, { type Consumer, type Kafka as KafkaClient } from 'kafkajs'
import t from 'tap'
import { API_NAMES } from '../api-name.ts'
import type { ErrorName } from '../error-name.ts'
import { startWeir } from '../start-weir.ts'
import type { Weir } from '../weir.ts'

const { Kafka, logLevel } = kafkajs
const MINUTE_MS = 60_000

function client(weir: Weir, clientId = 'test'): KafkaClient {
  return new Kafka({
    clientId,
    brokers: weir.bootstrap.split(','),
    logLevel: logLevel.NOTHING,
    requestTimeout: 500,
    retry: { initialRetryTime: 20, retries: 8 },
  })
}

async function send(kafka: KafkaClient, topic: string, ...values: string[]): Promise<void> {
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic, messages: values.map(value => ({ value })) })
  await producer.disconnect()
}

/** The values of a topic from its start on, as a member of a group. */
function read(
  kafka: KafkaClient,
  options: { topic: string; count: number; groupId?: string },
): { readonly consumer: Consumer; readonly values: Promise<string[]> } {
  const consumer = kafka.consumer({ groupId: options.groupId ?? 'readers', maxWaitTimeInMs: 100 })
  const start = async () => {
    await consumer.connect()
    await consumer.subscribe({ topic: options.topic, fromBeginning: true })
    const values: string[] = []
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          eachMessage: async ({ message }) => {
            values.push(String(message.value))
            if (values.length === options.count) resolve()
          },
        })
        .catch(reject)
    })
    return values
  }
  return { consumer, values: start() }
}

async function endOffset(kafka: KafkaClient, topic: string): Promise<number> {
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  return offsets.reduce((sum, { high }) => sum + Number(high), 0)
}

/** Both ways: neither lacks what the other has. */
type Same<A, B> = [A] extends [B] ? ([B] extends [A] ? true : never) : never
const areErrorsTheProtocols: Same<ErrorName | 'NONE', Parameters<FaultPlan['fail']>[1]> = true

t.test('the names in the published types are those of the tables', t => {
  t.same([...API_NAMES].sort(), [...FaultPlan.apis].sort())
  t.ok(areErrorsTheProtocols, 'compared by the compiler')
  t.end()
})

t.test('topics are there at once, with their partitions and settings', async t => {
  const weir = await startWeir({
    topics: ['plain', { name: 'wide', partitions: 3, settings: { 'cleanup.policy': 'compact' } }],
  })
  t.teardown(() => weir.stop())
  const admin = client(weir).admin()
  await admin.connect()
  const { topics } = await admin.fetchTopicMetadata()
  t.same(topics.map(({ name, partitions }) => [name, partitions.length]).sort(), [
    ['plain', 1],
    ['wide', 3],
  ])
  await admin.disconnect()
  await t.rejects(startWeir({ topics: ['no spaces'] }), /INVALID_TOPIC_EXCEPTION|topic/i)
})

t.test('reset leaves the topics of the start, empty, and no groups', async t => {
  const weir = await startWeir({ topics: ['orders'] })
  t.teardown(() => weir.stop())
  const kafka = client(weir)
  await send(kafka, 'orders', 'a', 'b')
  await send(kafka, 'made-on-the-way', 'c')
  const before = read(kafka, { topic: 'orders', count: 2 })
  t.same(await before.values, ['a', 'b'])
  await before.consumer.disconnect()
  weir.faults.drop('Fetch')
  await weir.reset()
  const admin = kafka.admin()
  await admin.connect()
  t.same(await admin.listTopics(), ['orders'])
  t.same((await admin.listGroups()).groups, [])
  await admin.disconnect()
  t.equal(await endOffset(kafka, 'orders'), 0)
  await send(kafka, 'orders', 'd')
  const after = read(kafka, { topic: 'orders', count: 1 })
  t.same(await after.values, ['d'], 'the group begins at the start again')
  await after.consumer.disconnect()
})

t.test('a failed API answers the error so many times, and the client tries again', async t => {
  const weir = await startWeir({ topics: ['orders'] })
  t.teardown(() => weir.stop())
  const fault = weir.faults.fail('Produce', 'NOT_LEADER_OR_FOLLOWER', { times: 2 })
  await send(client(weir), 'orders', 'a')
  t.equal(fault.hits, 2)
  t.equal(await endOffset(client(weir), 'orders'), 1)
})

t.test('faults know clients and topics, and can be removed', async t => {
  const weir = await startWeir({ topics: ['orders', 'other'] })
  t.teardown(() => weir.stop())
  const ofClient = weir.faults.fail('Produce', 'INVALID_REQUIRED_ACKS', { clientId: 'bad' })
  const ofTopic = weir.faults.fail('Produce', 'INVALID_REQUIRED_ACKS', { topic: 'other' })
  await send(client(weir, 'good'), 'orders', 'a')
  await t.rejects(send(client(weir, 'bad'), 'orders', 'b'), /required acks/i)
  await t.rejects(send(client(weir, 'good'), 'other', 'c'), /required acks/i)
  ofClient.remove()
  ofTopic.remove()
  await send(client(weir, 'bad'), 'other', 'd')
  t.equal(await endOffset(client(weir), 'other'), 1)
})

t.test('an answer that is lost after the write makes the client send again', async t => {
  const weir = await startWeir({ topics: ['orders'] })
  t.teardown(() => weir.stop())
  const kafka = client(weir)
  const lost = weir.faults.disconnect('Produce', { times: 1, afterwards: true })
  await send(kafka, 'orders', 'a')
  t.equal(lost.hits, 1)
  t.equal(await endOffset(kafka, 'orders'), 2, 'written twice: this producer is not idempotent')
  weir.faults.disconnect('Produce', { times: 1 })
  await send(kafka, 'orders', 'b')
  t.equal(await endOffset(kafka, 'orders'), 3, 'cut off before the write')
})

t.test('a delayed request is answered later, a dropped one never', async t => {
  const weir = await startWeir({ topics: ['orders'], clock: 'manual' })
  t.teardown(() => weir.stop())
  const delay = weir.faults.delay('Produce', 500, { times: 1 })
  let isSent = false
  const sending = send(client(weir), 'orders', 'a').then(() => {
    isSent = true
  })
  while (delay.hits === 0) await new Promise(resolve => setTimeout(resolve, 1))
  await weir.advance(499)
  t.equal(isSent, false)
  await weir.advance(1)
  await sending
  const drop = weir.faults.drop('Produce', { times: 1 })
  await send(client(weir), 'orders', 'b')
  t.equal(drop.hits, 1, 'the client gave up waiting and sent it again')
  t.equal(await endOffset(client(weir), 'orders'), 2)
})

t.test('a killed broker keeps what it had written, and its port', async t => {
  const directory = mkdtempSync(join(tmpdir(), 'weir-kill-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  for (const storage of ['memory', directory]) {
    const weir = await startWeir({ storage, topics: ['orders'] })
    const [broker] = weir.brokers
    const kafka = client(weir)
    const port = weir.port
    await send(kafka, 'orders', 'a')
    await broker?.kill()
    t.equal(broker?.isRunning, false)
    const sending = send(kafka, 'orders', 'b')
    await broker?.restart()
    await sending
    t.equal(weir.port, port)
    t.equal(await endOffset(kafka, 'orders'), 2)
    await weir.stop()
  }
})

t.test(
  'a manual clock ends sessions and retention when it is advanced, and not before',
  async t => {
    const weir = await startWeir({
      clock: 'manual',
      topics: [
        { name: 'orders', settings: { 'retention.ms': MINUTE_MS, 'segment.ms': MINUTE_MS } },
      ],
    })
    t.teardown(() => weir.stop())
    const kafka = client(weir)
    await send(kafka, 'orders', 'a')
    const { consumer, values } = read(kafka, { topic: 'orders', count: 1 })
    t.same(await weir.runUntil(values), ['a'])
    const admin = kafka.admin()
    await admin.connect()
    const members = async () => (await admin.describeGroups(['readers'])).groups[0]?.members.length
    t.equal(await members(), 1)
    const heartbeats = weir.faults.drop('Heartbeat')
    const before = weir.now()
    await weir.advance(60_000)
    t.equal(weir.now() - before, 60_000)
    t.equal(await members(), 0, 'a member that sends no heartbeats is gone')
    heartbeats.remove()
    await weir.runUntil(consumer.disconnect())
    await weir.advance(11 * MINUTE_MS)
    const [offsets] = await admin.fetchTopicOffsets('orders')
    t.same([offsets?.low, offsets?.high], ['1', '1'], 'the record has aged out')
    await weir.runUntil(admin.disconnect())
  },
)

t.test('time cannot be moved unless that was asked for', async t => {
  const weir = await startWeir()
  t.throws(() => weir.advance(1), /clock: 'manual'/)
  await weir.stop()
  await weir.stop()
})

t.test('twenty brokers live side by side', async t => {
  const all = await Promise.all(Array.from({ length: 20 }, () => startWeir({ topics: ['orders'] })))
  t.equal(new Set(all.map(weir => weir.port)).size, 20)
  await Promise.all(all.map((weir, index) => send(client(weir), 'orders', `of ${index}`)))
  for (const weir of all) t.equal(await endOffset(client(weir), 'orders'), 1)
  await Promise.all(all.map(weir => weir.stop()))
})

t.test('after stop nothing keeps the process alive', t => {
  const module = new URL('../index.js', import.meta.url).href
  const directory = mkdtempSync(join(tmpdir(), 'weir-exit-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  for (const storage of ['memory', directory]) {
    const program = `
      import { connect } from 'node:net'
      import { startWeir } from ${JSON.stringify(module)}
      const weir = await startWeir({ storage: ${JSON.stringify(storage)}, topics: ['orders'] })
      await weir.reset()
      await weir.stop()
      await new Promise(resolve => setImmediate(resolve))
      console.log(process.getActiveResourcesInfo().filter(name => !/TTY|Pipe|FSReq/.test(name)).join())
    `
    const run = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      timeout: 20_000,
    })
    t.equal(run.stderr, '')
    t.equal(run.status, 0)
    t.equal(run.stdout, '\n', 'no timer, socket or thread is left')
  }
  t.end()
})
