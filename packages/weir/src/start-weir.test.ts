import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Cluster, listTopics, Producer, parseAddresses } from '@weir/client'
import { OperatorError } from '@weir/core'
import { createNodeEnv } from '@weir/core/node'
import t from 'tap'
import { flagSettings } from './start-command.ts'
import { startWeir } from './start-weir.ts'

function connect(bootstrap: string): Cluster {
  const addresses = parseAddresses(bootstrap) ?? []
  return new Cluster(createNodeEnv({ log: { level: 'silent' } }), { bootstrap: addresses })
}

t.test('a directory that was given keeps its data over a restart, also of the port', async t => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'weir-start-'))
  t.teardown(() => rmSync(dataDirectory, { recursive: true, force: true }))
  const first = await startWeir({ dataDirectory, settings: { 'num.partitions': 3 } })
  const client = connect(first.bootstrap)
  const producer = new Producer(client, { allowAutoTopicCreation: true })
  await producer.send({ topic: 'kept', key: null, value: 'v' })
  client.close()
  await first.stop()
  const second = await startWeir({ dataDirectory, port: first.port })
  t.equal(second.port, first.port)
  t.equal(second.clusterId, first.clusterId)
  const again = connect(second.bootstrap)
  t.match(await listTopics(again), [{ name: 'kept', partitions: { length: 3 } }])
  again.close()
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
  const running = await startWeir({ dataDirectory })
  await t.rejects(startWeir({ port: running.port }), OperatorError)
  await t.rejects(startWeir({ dataDirectory }), OperatorError)
  await t.rejects(startWeir({ settings: { 'log.retention.hrs': 1 } }), /did you mean/)
  await running.stop()
  t.ok(existsSync(dataDirectory))
})

t.test('flags of weir start stand for settings', async t => {
  t.same(
    [...flagSettings({ listen: '0.0.0.0:9092', 'data-dir': '/d', 'node-id': 3, rack: 'r' })],
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
})
