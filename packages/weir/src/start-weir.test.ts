import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OperatorError } from '@weir/core'
import kafkajs from 'kafkajs'
import t from 'tap'
import { flagSettings } from './start-flags.ts'
import { startWeir } from './start-weir.ts'

const { Kafka, logLevel } = kafkajs

t.test('a directory that was given keeps its data over a restart, also of the port', async t => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'weir-start-'))
  t.teardown(() => rmSync(dataDirectory, { recursive: true, force: true }))
  const first = await startWeir({ storage: dataDirectory, settings: { 'num.partitions': 3 } })
  const kafka = (bootstrap: string) =>
    new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING })
  const producer = kafka(first.bootstrap).producer()
  await producer.connect()
  await producer.send({ topic: 'kept', messages: [{ value: 'v' }] })
  await producer.disconnect()
  await first.stop()
  const second = await startWeir({ storage: dataDirectory, port: first.port })
  t.equal(second.port, first.port)
  t.equal(second.clusterId, first.clusterId)
  const admin = kafka(second.bootstrap).admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets('kept')
  t.equal(offsets.length, 3)
  t.equal(
    offsets.reduce((sum, partition) => sum + Number(partition.high), 0),
    1,
  )
  await admin.disconnect()
  await second.stop()
  await second.stop()
  t.ok(readdirSync(dataDirectory).includes('meta.properties'))
})

t.test('two brokers in one process have ports and directories of their own', async t => {
  const [one, two] = await Promise.all([startWeir(), startWeir()])
  t.not(one.port, two.port)
  t.not(one.clusterId, two.clusterId)
  await Promise.all([one.stop(), two.stop()])
})

t.test('a port in use, a directory in use and a wrong setting say what to do', async t => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'weir-start-'))
  t.teardown(() => rmSync(dataDirectory, { recursive: true, force: true }))
  const running = await startWeir({ storage: dataDirectory })
  await t.rejects(startWeir({ port: running.port }), OperatorError)
  await t.rejects(startWeir({ storage: dataDirectory }), OperatorError)
  await t.rejects(startWeir({ settings: { 'log.retention.hrs': 1 } }), /did you mean/)
  await t.rejects(startWeir({ brokers: 2 as 3 }), /brokers is 1 or 3, not 2/)
  await running.stop()
  t.ok(existsSync(dataDirectory))
})

t.test('flags of weir start stand for settings', async t => {
  t.same(
    [...flagSettings({ listen: '0.0.0.0:9092', 'data-dir': '/d', 'node-id': '3', rack: 'r' })],
    [
      ['listeners', 'PLAINTEXT://0.0.0.0:9092'],
      ['log.dirs', '/d'],
      ['node.id', '3'],
      ['broker.rack', 'r'],
    ],
  )
  t.same([...flagSettings({})], [])
  t.equal(
    flagSettings({ listen: '9093', 'controller-listen': ':9094' }).get('listeners'),
    'PLAINTEXT://127.0.0.1:9093,CONTROLLER://:9094',
  )
  t.equal(
    flagSettings({ roles: 'controller', 'controller-listen': 'h:1' }).get('listeners'),
    'CONTROLLER://h:1',
  )
  t.throws(() => flagSettings({ listen: 'localhost' }), /--listen takes HOST:PORT/)
  t.throws(() => flagSettings({ listen: 'h:99999' }), /--listen h:99999: ports go up to 65535/)
})
