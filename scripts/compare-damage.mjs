// One flipped bit in the middle of 1,000 records, in Weir and in Apache Kafka (from the jars in
// $WEIR_CONFORMANCE_CACHE/java or ~/.cache/weir-conformance/java): `node scripts/compare-damage.mjs`.
//
// Twice: after a clean stop, and after kill -9. Then the partition is read from the start, and past
// whatever cannot be read: how many records come back, is a wrong one among them? Needs a build.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import net from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Connection } from '../packages/client/dist/index.js'
import { createNodeEnv } from '../packages/core/dist/node/index.js'
import {
  batchPositions,
  createTopicsApi,
  errorName,
  fetchApi,
  forEachRecord,
  produceApi,
  RecordBatchBuilder,
} from '../packages/protocol/dist/index.js'
import { ROOT } from './prepare.mjs'

const RECORDS = 1000
const DAMAGED = 500
const env = createNodeEnv({ log: { level: 'error' } })
const directory = mkdtempSync(join(tmpdir(), 'weir-damage-'))
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const expectedValue = index => `value ${index} ${'x'.repeat(100)}`

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  return port
}

function weir(port) {
  const data = join(directory, 'weir')
  const program = join(ROOT, 'packages/weir/bin/weir.js')
  const args = [program, 'start', '--listen', `127.0.0.1:${port}`, '--data-dir', data]
  return { name: 'weir', data, run: () => spawn(process.execPath, args, { stdio: 'ignore' }) }
}

async function kafka(port) {
  const cache = process.env.WEIR_CONFORMANCE_CACHE ?? join(homedir(), '.cache', 'weir-conformance')
  const jars = join(cache, 'java', 'lib')
  if (!existsSync(jars)) return null
  const classPath = `${join(cache, 'java', 'classes')}:${join(jars, '*')}`
  const controllerPort = await freePort()
  const data = join(directory, 'kafka')
  const properties = join(directory, 'kafka.properties')
  const lines = [
    'process.roles=broker,controller',
    'node.id=1',
    `controller.quorum.voters=1@127.0.0.1:${controllerPort}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names=CONTROLLER',
    `log.dirs=${data}`,
  ]
  writeFileSync(properties, `${lines.join('\n')}\n`)
  const java = args => spawn('java', ['-Xmx512m', '-cp', classPath, ...args], { stdio: 'ignore' })
  const format = [
    'kafka.tools.StorageTool',
    'format',
    '-t',
    'weir-damage-cluster',
    '-c',
    properties,
  ]
  await once(java(format), 'exit')
  return { name: 'kafka', data, run: () => java(['kafka.Kafka', properties]) }
}

async function connect(port) {
  const options = { clientId: 'damage', connectTimeoutMs: 1000, requestTimeoutMs: 20_000 }
  for (let attempt = 0; ; attempt++) {
    try {
      return await Connection.open(env, { host: '127.0.0.1', port }, options)
    } catch (error) {
      if (attempt === 300) throw error
      await sleep(200)
    }
  }
}

async function fill(connection, topic) {
  const topics = [
    { name: topic, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] },
  ]
  await connection.request(createTopicsApi, { topics, timeoutMs: 10_000, validateOnly: false })
  for (let index = 0; index < RECORDS; ) {
    const builder = new RecordBatchBuilder({})
    const value = Buffer.from(expectedValue(index))
    builder.append({ timestamp: Date.now(), key: null, value, headers: [] })
    const partitionData = [{ index: 0, records: builder.build() }]
    const body = {
      acks: -1,
      timeoutMs: 10_000,
      transactionalId: null,
      topicData: [{ name: topic, partitionData }],
    }
    const answer = await connection.request(produceApi, body, { maxVersion: 9 })
    const { errorCode } = answer.responses[0].partitionResponses[0]
    if (errorCode === 0) index++
    else await sleep(100)
  }
}

function flipBit(data, topic) {
  const path = join(data, `${topic}-0`, '00000000000000000000.log')
  const bytes = readFileSync(path)
  const at = [...batchPositions(bytes)][DAMAGED] + 90
  const file = openSync(path, 'r+')
  writeSync(file, Buffer.of(bytes[at] ^ 1), 0, 1, at)
  closeSync(file)
}

/** Reads all there is, one offset further on wherever an answer is an error. */
async function readBack(connection, topic) {
  const seen = { right: 0, wrong: 0, errors: new Set() }
  let offset = 0
  let empty = 0
  while (offset < RECORDS && empty < 3) {
    const partitions = [{ partition: 0, fetchOffset: offset, partitionMaxBytes: 200 }]
    const body = {
      maxWaitMs: 200,
      minBytes: 1,
      topics: [{ topic, partitions }],
      forgottenTopicsData: [],
    }
    const answer = await connection.request(fetchApi, body, { maxVersion: 11 })
    const found = answer.responses[0].partitions[0]
    const before = offset
    const records = found.records ?? Buffer.alloc(0)
    for (const at of batchPositions(records)) {
      forEachRecord(records, at, record => {
        if (record.offset < offset) return
        if (String(record.value) === expectedValue(record.offset)) seen.right++
        else seen.wrong++
        offset = record.offset + 1
      })
    }
    if (found.errorCode !== 0) {
      seen.errors.add(errorName(found.errorCode))
      offset++
    }
    empty = offset === before ? empty + 1 : 0
  }
  return seen
}

async function experiment(broker, port, signal) {
  const topic = `damage-${signal.toLowerCase()}`
  let child = broker.run()
  try {
    const connection = await connect(port)
    await fill(connection, topic)
    child.kill(signal)
    await once(child, 'exit')
    flipBit(broker.data, topic)
    child = broker.run()
    const again = await connect(port)
    await sleep(1000)
    const { right, wrong, errors } = await readBack(again, topic)
    const how = signal === 'SIGKILL' ? 'kill -9   ' : 'clean stop'
    const said = errors.size === 0 ? 'no error' : [...errors].join(', ')
    console.log(
      `${broker.name.padEnd(6)} ${how}  ${right} right, ${wrong} wrong, ${RECORDS - right - wrong} not served (${said})`,
    )
  } finally {
    const exited = once(child, 'exit')
    if (child.exitCode === null && child.kill('SIGTERM')) await exited
  }
}

try {
  const [weirPort, kafkaPort] = [await freePort(), await freePort()]
  const brokers = [
    [weir(weirPort), weirPort],
    [await kafka(kafkaPort), kafkaPort],
  ]
  for (const [broker, port] of brokers) {
    if (broker === null) {
      console.error('no Kafka jars: Weir alone')
      continue
    }
    for (const signal of ['SIGTERM', 'SIGKILL']) await experiment(broker, port, signal)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit(process.exitCode ?? 0)
