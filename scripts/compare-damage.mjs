// One flipped bit in the middle of 1,000 records, in Weir and in Apache Kafka (from the jars in
// $WEIR_CONFORMANCE_CACHE/java or ~/.cache/weir-conformance/java): `node scripts/compare-damage.mjs`.
//
// Twice: after a clean stop, and after kill -9. Then the partition is read from the start, and past
// whatever cannot be read: how many records come back, is a wrong one among them? Needs a build.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
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
import { freePort } from './free-port.mjs'
import { prepareKafka } from './kafka-peer.mjs'
import { readOptions } from './options.mjs'
import { ROOT } from './prepare.mjs'

readOptions()
const RECORDS = 1000
const DAMAGED = 500
const env = createNodeEnv({ log: { level: 'error' } })
const directory = mkdtempSync(join(tmpdir(), 'weir-damage-'))
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))
const expectedValue = index => `value ${index} ${'x'.repeat(100)}`

function weir(port) {
  const data = join(directory, 'weir')
  const program = join(ROOT, 'packages/weir/bin/weir.js')
  const args = [program, 'start', '--listen', `127.0.0.1:${port}`, '--data-dir', data]
  return { name: 'weir', port, data, run: () => spawn(process.execPath, args, { stdio: 'ignore' }) }
}

async function kafka() {
  const peer = await prepareKafka(directory)
  if (peer === null) return null
  const { port, data, args } = peer
  return { name: 'kafka', port, data, run: () => spawn('java', args, { stdio: 'ignore' }) }
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

async function experiment(broker, signal) {
  const { port } = broker
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
  const brokers = [weir(await freePort()), await kafka()]
  for (const broker of brokers) {
    if (broker === null) continue
    for (const signal of ['SIGTERM', 'SIGKILL']) await experiment(broker, signal)
  }
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exit(process.exitCode ?? 0)
