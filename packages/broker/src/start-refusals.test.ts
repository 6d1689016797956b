// What keeps a node from starting: each is one clear sentence, and nothing is left behind.

import { NetError, OperatorError } from '@weir/core'
import { Simulation } from '@weir/core/sim'
import { loadSettings } from '@weir/settings'
import t from 'tap'
import { listen as listenOn } from './node-listeners.ts'
import type { BrokerServer } from './server/broker-server.ts'
import { DATA_DIRECTORY, TestNode } from './testing/test-node.ts'
import { WeirNode } from './weir-node.ts'

/** A start that is refused, in a new world unless one is given. */
async function refusal(sim: Simulation, assignments: readonly string[]): Promise<string> {
  const { settings } = loadSettings({ assignments })
  const options = { settings, hostName: 'h', onFatal: () => undefined }
  try {
    await sim.complete(WeirNode.start(sim.env('node'), options))
  } catch (error) {
    if (error instanceof OperatorError) return error.message
    throw error
  }
  return 'it started'
}

const listen = (port: number) => `listeners=PLAINTEXT://node:${port}`
const dirs = (list: string) => `log.dirs=${list}`

t.test('a port in use is one clear sentence, and the directory is free again', async t => {
  const sim = new Simulation({ seed: 1 })
  const other = await sim.complete(
    sim.env('node').net.listen({ host: 'node', port: 9092 }, socket => socket.destroy()),
  )
  t.match(await refusal(sim, [listen(9092), dirs('/data')]), /node:9092 is in use.*--listen/)
  await sim.complete(other.close())
  t.equal(await refusal(sim, [listen(9092), dirs('/data')]), 'it started')
})

t.test('an address that cannot be listened on is told in words', async t => {
  const server = {
    listen: () => Promise.reject(new NetError('EADDRNOTAVAIL', 'cannot listen')),
  } as unknown as BrokerServer
  const address = { name: 'PLAINTEXT', host: '192.0.2.1', port: 9092 }
  await t.rejects(
    listenOn(server, address, '--listen'),
    /192\.0\.2\.1:9092 \(this machine has no such address\): choose another address with --listen/,
  )
})

t.test('a data directory in use by another process is refused', async t => {
  const node = await TestNode.start()
  const message = await refusal(node.sim, [listen(9093), dirs(DATA_DIRECTORY)])
  t.match(message, /\/data/)
  t.match(message, /in use|locked|another/)
})

t.test('the data of another node is refused', async t => {
  const node = await TestNode.start()
  await node.stop()
  const message = await refusal(node.sim, [listen(9092), dirs(DATA_DIRECTORY), 'node.id=7'])
  t.match(message, /data of node 1, not of node 7.*--node-id 1/)
})

t.test('directories of two clusters are refused', async t => {
  const sim = new Simulation({ seed: 1 })
  for (const directory of ['/one', '/two']) {
    const node = await TestNode.start([dirs(directory)], { sim })
    await node.stop()
  }
  const message = await refusal(sim, [listen(9092), dirs('/one,/two')])
  t.match(message, /\/two\/meta\.properties belongs to cluster .*, but \/one to cluster/)
})

t.test('a damaged meta file is refused, whatever byte is damaged', async t => {
  const node = await TestNode.start()
  await node.stop()
  const { disk } = node.env
  const path = `${DATA_DIRECTORY}/meta.properties`
  const bytes = await node.complete(disk.readFile(path, 10_000))
  const write = (content: Buffer) => {
    const file = disk.openSync(path, 'write')
    file.truncateSync(0)
    file.writeSync([content], 0)
    file.closeSync()
  }
  for (let at = 0; at < bytes.length; at += 5) {
    const damaged = Buffer.from(bytes)
    damaged[at] = (damaged[at] ?? 0) ^ 0x01
    write(damaged)
    t.match(await refusal(node.sim, [listen(9092), dirs(DATA_DIRECTORY)]), /meta\.properties/)
  }
  write(Buffer.from('version=1\nnode.id=1\ncluster.id=x\n'))
  t.match(await refusal(node.sim, [listen(9092), dirs(DATA_DIRECTORY)]), /of Apache Kafka/)
  write(bytes)
  t.equal(await refusal(node.sim, [listen(9092), dirs(DATA_DIRECTORY)]), 'it started')
})

t.test('roles and voters that do not fit are one clear sentence', async t => {
  const cases: [string[], RegExp][] = [
    [['process.roles=broker'], /names no controllers: give --voters/],
    [
      ['process.roles=broker', 'controller.quorum.voters=1@node:9093'],
      /names this node \(1\), but process\.roles has no controller/,
    ],
  ]
  for (const [assignments, message] of cases) {
    await t.rejects(TestNode.start(assignments), { message })
  }
  const alone = await TestNode.start(['controller.quorum.voters=1@node:10092'])
  await alone.stop()
})
