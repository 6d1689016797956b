import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCli } from '@weir/cli'
import { memoryIo } from '@weir/cli/testing'
import { OperatorError } from '@weir/core'
import kafkajs from 'kafkajs'
import t from 'tap'
import { startCommandOf } from './start-command.ts'
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

t.test('options, settings and filters that were mistyped are told', async t => {
  const wrong: [options: unknown, sentence: RegExp][] = [
    [{ broker: 3 }, /startWeir has no option 'broker': did you mean 'brokers'\?/],
    [{ brokers: '3' }, /brokers is 1 or 3, not "3"/],
    [null, /startWeir takes an object with options, not null/],
    [{ topics: 'orders' }, /topics is a list of names or objects, not "orders"/],
    [{ topics: [{ topic: 'orders' }] }, /a topic has no option 'topic': there are name, /],
    [{ topics: [{ partitions: 3 }] }, /a topic needs a name: \{"partitions":3\}/],
    [{ topics: [{ name: 'a', partitions: '3' }] }, /topic 'a': partitions is a whole number/],
    [{ clock: 'manuel' }, /clock is 'system' or 'manual', not "manuel"/],
    [{ storage: '' }, /storage is 'memory' or a directory/],
    [{ logLevel: 'verbose' }, /logLevel is one of debug, info, warn, error, not "verbose"/],
    [{ port: '9092' }, /port is a number up to 65535, not "9092"/],
    [{ settings: { 'log.dirs': '/d' } }, /startWeir sets log.dirs itself: take the option storage/],
    [{ host: '192.0.2.1' }, /no broker can listen on 192\.0\.2\.1/],
    [{ settings: { 'num.partitions': 'x' } }, /Not a number of type INT \(settings\)/],
  ]
  for (const [options, sentence] of wrong) await t.rejects(startWeir(options as object), sentence)

  const weir = await startWeir()
  const { faults } = weir
  t.throws(() => faults.drop('Prodce' as 'Produce'), /no API 'Prodce': did you mean 'Produce'\?/)
  t.throws(() => faults.drop('Xyz' as 'Produce'), /no API 'Xyz': the names are in/)
  t.throws(() => faults.drop('Produce', { client: 'a' } as object), /no filter 'client'/)
  t.throws(() => faults.drop('Produce', { times: 0 }), /at least once/)
  t.throws(() => faults.delay('Produce', -1), /a delay is a number/)
  await weir.brokers[0]?.kill()
  await t.rejects(weir.reset(), /no broker is running: restart one/)
  await weir.stop()
})

t.test('nothing begins again after stop', async t => {
  const weir = await startWeir()
  const [broker] = weir.brokers
  await weir.stop()
  await t.rejects(weir.reset(), /stop was called/)
  if (broker !== undefined) await t.rejects(broker.restart(), /stop was called/)
})

t.test('a file of settings that cannot be read says why', async t => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-start-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  writeFileSync(join(folder, 'binary'), 'node.id=\0')
  const start = { usage: 'start', describe: 'Run a node', load: async () => startCommandOf('') }
  for (const [name, reason] of [
    ['', 'it is a directory'],
    ['none', 'there is no such file'],
    ['binary', 'it is no text'],
  ] as const) {
    const path = join(folder, name)
    const io = memoryIo('')
    const words = ['start', '--config', path]
    t.equal(await runCli(words, { io, version: '1', extraCommands: [start] }), 1)
    t.equal(io.stderr.text, `weir: cannot read the settings in ${path}: ${reason}\n`)
  }
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
