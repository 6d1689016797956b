// kill -9 under load: `node scripts/crash-broker.mjs [--cycles 20] [--seed N] [--keep]`.
//
// Starts a real broker, lets idempotent producers (acks=all, several batches in flight, sent again
// after each crash with their old sequences) and a committing group write to it, kills it with -9 at
// random moments and starts it again. At the end every partition is read from the start: each acked
// record must be there, once, in order, and no committed offset may have gone back. Needs a build.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  createTopicsApi,
  decodeMessage,
  decodeResponseHeader,
  encodeRequestFrame,
  errorName,
  fetchApi,
  findCoordinatorApi,
  forEachRecord,
  initProducerIdApi,
  offsetCommitApi,
  offsetFetchApi,
  produceApi,
  RecordBatchBuilder,
} from '../packages/protocol/dist/index.js'
import { freePort } from './free-port.mjs'
import { readOptions } from './options.mjs'
import { ROOT } from './prepare.mjs'

const options = readOptions({
  cycles: { type: 'string', default: '20' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  keep: { type: 'boolean', default: false },
})
const cycles = Number(options.cycles)
const seed = Number(options.seed)
const TOPIC = 'crash'
const PRODUCERS = 6
const IN_FLIGHT = 5
const GROUP = 'crash-group'
const DEADLINE_MS = 30_000

/** mulberry32: the moments of the kills follow from the seed (what they hit does not). */
let state = seed >>> 0
function random() {
  state = (state + 0x6d2b79f5) >>> 0
  let t = Math.imul(state ^ (state >>> 15), state | 1)
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
}

const sleep = ms => new Promise(resolve => setTimeout(resolve, ms))

class Broker {
  constructor(port, dataDir) {
    this.port = port
    this.dataDir = dataDir
    this.child = null
    this.log = ''
  }

  async start() {
    const args = [
      join(ROOT, 'packages/weir/bin/weir.js'),
      'start',
      ...['--listen', `127.0.0.1:${this.port}`, '--data-dir', this.dataDir],
      // Small segments, so that kills hit rolls too.
      ...['--set', 'log.segment.bytes=1048576', '--set', 'group.initial.rebalance.delay.ms=0'],
    ]
    this.child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child.stderr.on('data', chunk => {
      this.log = (this.log + chunk).slice(-20_000)
    })
    const exited = once(this.child, 'exit').then(([code]) => {
      throw new Error(`the broker ended with ${code} while starting:\n${this.log}`)
    })
    const ready = once(this.child.stdout, 'data')
    await Promise.race([ready, exited])
    exited.catch(() => {})
  }

  async kill(signal) {
    const exit = once(this.child, 'exit')
    this.child.kill(signal)
    await exit
  }
}

/** A connection with pipelined requests; `onClose` hears of its end. */
class Connection {
  constructor(port) {
    this.socket = net.connect({ host: '127.0.0.1', port, noDelay: true })
    this.waiting = []
    this.received = Buffer.alloc(0)
    this.isClosed = false
    this.closed = new Promise(resolve => {
      this.socket.on('close', () => {
        this.isClosed = true
        for (const { reject } of this.waiting.splice(0)) reject(new Error('connection closed'))
        resolve()
      })
    })
    this.socket.on('error', () => {})
    this.socket.on('data', chunk => this.take(chunk))
  }

  take(chunk) {
    this.received = Buffer.concat([this.received, chunk])
    while (this.received.length >= 4) {
      const size = this.received.readInt32BE(0)
      if (this.received.length < 4 + size) return
      const frame = this.received.subarray(4, 4 + size)
      this.received = this.received.subarray(4 + size)
      const { api, version, resolve } = this.waiting.shift()
      const { bodyStart } = decodeResponseHeader(api.key, version, frame)
      resolve(decodeMessage(api.response, version, frame, bodyStart))
    }
  }

  request(api, version, body) {
    if (this.isClosed) return Promise.reject(new Error('connection closed'))
    return new Promise((resolve, reject) => {
      this.waiting.push({ api, version, resolve, reject })
      const frame = encodeRequestFrame(api, { version, correlationId: 0, clientId: 'crash' }, body)
      for (const part of frame) this.socket.write(part)
    })
  }
}

/** Repeats an operation over new connections until it works. */
async function insist(port, what, operation) {
  const end = Date.now() + DEADLINE_MS
  for (;;) {
    const connection = new Connection(port)
    try {
      return await operation(connection)
    } catch (error) {
      if (Date.now() > end)
        throw new Error(`${what}: no success in ${DEADLINE_MS} ms`, { cause: error })
      await sleep(20)
    } finally {
      connection.socket.destroy()
    }
  }
}

function fail(code) {
  if (code !== 0) throw new Error(errorName(code))
}

/** Writes values 0, 1, 2 ... to one partition; knows which of them were acked. */
class Producer {
  constructor(port, partition) {
    Object.assign(this, {
      port,
      partition,
      nextValue: 0,
      ackedEnd: 0,
      unacked: [],
      isStopped: false,
    })
  }

  async init() {
    const { producerId, producerEpoch } = await insist(this.port, 'InitProducerId', async c => {
      const answer = await c.request(initProducerIdApi, 4, {
        transactionalId: null,
        transactionTimeoutMs: 60_000,
        producerId: -1,
        producerEpoch: -1,
      })
      fail(answer.errorCode)
      return answer
    })
    Object.assign(this, { producerId, producerEpoch })
  }

  nextBatch() {
    const count = 1 + Math.floor(Math.random() * 5)
    const builder = new RecordBatchBuilder({
      producerId: this.producerId,
      producerEpoch: this.producerEpoch,
      baseSequence: this.nextValue,
    })
    for (let i = 0; i < count; i++) {
      const padding = 'x'.repeat(Math.floor(Math.random() * 2000))
      const value = Buffer.from(`${this.nextValue + i} ${padding}`)
      builder.append({ timestamp: Date.now(), key: null, value, headers: [] })
    }
    this.nextValue += count
    return { bytes: builder.build(), endValue: this.nextValue }
  }

  async run() {
    const end = () => Date.now() + DEADLINE_MS
    let giveUpAt = end()
    while (!this.isStopped || this.unacked.length > 0) {
      const before = this.ackedEnd
      await this.runConnection()
      if (this.ackedEnd > before) giveUpAt = end()
      if (Date.now() > giveUpAt) throw new Error(`producer ${this.partition}: ${this.lastError}`)
      await sleep(20)
    }
  }

  /** Sends what is not acked again, in order, then new batches, until the connection ends. */
  async runConnection() {
    const connection = new Connection(this.port)
    const window = []
    let sent = 0
    try {
      for (;;) {
        while (window.length < IN_FLIGHT) {
          if (sent === this.unacked.length) {
            if (this.isStopped) break
            this.unacked.push(this.nextBatch())
          }
          window.push(this.send(connection, this.unacked[sent++]))
        }
        if (window.length === 0) return
        await window.shift()
        this.ackedEnd = this.unacked.shift().endValue
        sent--
      }
    } catch (error) {
      this.lastError = error.message
    } finally {
      for (const each of window) each.catch(() => {})
      connection.socket.destroy()
    }
  }

  async send(connection, batch) {
    const partitionData = [{ index: this.partition, records: batch.bytes }]
    const answer = await connection.request(produceApi, 9, {
      transactionalId: null,
      acks: -1,
      timeoutMs: 30_000,
      topicData: [{ name: TOPIC, partitionData }],
    })
    fail(answer.responses[0].partitionResponses[0].errorCode)
  }
}

/** Commits ascending offsets for a group without members and checks that none goes back. */
class Committer {
  constructor(port) {
    Object.assign(this, { port, next: 1, acked: -1, isStopped: false })
  }

  async run() {
    while (!this.isStopped) {
      const before = this.acked
      await insist(this.port, 'OffsetCommit', async connection => {
        await this.findCoordinator(connection)
        while (!this.isStopped) await this.commit(connection)
      }).catch(error => {
        if (this.acked === before) throw error
      })
    }
  }

  async findCoordinator(connection) {
    const request = { keyType: 0, coordinatorKeys: [GROUP] }
    const found = await connection.request(findCoordinatorApi, 4, request)
    fail(found.coordinators[0].errorCode)
  }

  async commit(connection) {
    const partitions = [
      { partitionIndex: 0, committedOffset: this.next, committedMetadata: `at ${this.next}` },
    ]
    const answer = await connection.request(offsetCommitApi, 8, {
      groupId: GROUP,
      generationIdOrMemberEpoch: -1,
      memberId: '',
      topics: [{ name: TOPIC, partitions }],
    })
    fail(answer.topics[0].partitions[0].errorCode)
    this.acked = this.next++
  }

  async check() {
    const committed = await insist(this.port, 'OffsetFetch', async c => {
      await this.findCoordinator(c)
      const answer = await c.request(offsetFetchApi, 8, {
        groups: [{ groupId: GROUP, topics: [{ name: TOPIC, partitionIndexes: [0] }] }],
        requireStable: false,
      })
      fail(answer.groups[0].errorCode)
      return answer.groups[0].topics[0].partitions[0].committedOffset
    })
    if (committed < this.acked || committed > this.next)
      throw new Error(`committed offset ${committed}, acked ${this.acked}, last sent ${this.next}`)
    return committed
  }
}

async function readPartition(port, partition) {
  const values = []
  let offset = 0
  for (;;) {
    const answer = await insist(port, 'Fetch', async c => {
      const partitions = [{ partition, fetchOffset: offset, partitionMaxBytes: 1 << 20 }]
      const response = await c.request(fetchApi, 11, {
        maxWaitMs: 100,
        minBytes: 1,
        maxBytes: 1 << 22,
        topics: [{ topic: TOPIC, partitions }],
        forgottenTopicsData: [],
      })
      fail(response.errorCode)
      const found = response.responses[0].partitions[0]
      fail(found.errorCode)
      return found
    })
    const before = offset
    const records = answer.records ?? Buffer.alloc(0)
    for (let at = 0; at + 12 <= records.length; ) {
      const size = 12 + records.readInt32BE(at + 8)
      if (at + size > records.length) break
      forEachRecord(records, at, record => {
        if (record.offset < offset) return
        if (record.offset !== offset) throw new Error(`offset ${record.offset} after ${offset - 1}`)
        values.push(Number(record.value.toString('latin1').split(' ')[0]))
        offset++
      })
      at += size
    }
    if (offset === before) return values
  }
}

const directory = mkdtempSync(join(tmpdir(), 'weir-crash-'))
const port = await freePort()
const broker = new Broker(port, join(directory, 'data'))
try {
  await broker.start()
  await insist(port, 'CreateTopics', async c => {
    const topics = [
      { name: TOPIC, numPartitions: PRODUCERS, replicationFactor: 1, assignments: [], configs: [] },
    ]
    const answer = await c.request(createTopicsApi, 5, {
      topics,
      timeoutMs: 10_000,
      validateOnly: false,
    })
    const code = answer.topics[0].errorCode
    if (errorName(code) !== 'TOPIC_ALREADY_EXISTS') fail(code)
  })
  const producers = Array.from({ length: PRODUCERS }, (_, index) => new Producer(port, index))
  for (const producer of producers) await producer.init()
  const committer = new Committer(port)
  const work = [...producers.map(each => each.run()), committer.run()]
  const working = Promise.all(work)
  working.catch(() => {})
  for (let cycle = 1; cycle <= cycles; cycle++) {
    await Promise.race([sleep(150 + random() * 850), working])
    await broker.kill('SIGKILL')
    await broker.start()
  }
  await sleep(300)
  for (const each of [...producers, committer]) each.isStopped = true
  await working
  const committed = await committer.check()
  let total = 0
  for (const producer of producers) {
    const values = await readPartition(port, producer.partition)
    const wrong = values.findIndex((value, index) => value !== index)
    if (wrong >= 0)
      throw new Error(`partition ${producer.partition}: value ${values[wrong]} at place ${wrong}`)
    if (values.length < producer.ackedEnd)
      throw new Error(
        `partition ${producer.partition}: ${producer.ackedEnd} acked, ${values.length} there`,
      )
    total += values.length
  }
  await broker.kill('SIGTERM')
  console.log(
    `ok: ${cycles} kills, ${total} records acked and there once, in order; ${committed} commits (seed ${seed})`,
  )
} catch (error) {
  console.error(`FAILED (seed ${seed}, data in ${directory}): ${error.stack}\n${error.cause ?? ''}`)
  console.error(broker.log)
  options.keep = true
  process.exitCode = 1
} finally {
  broker.child?.kill('SIGKILL')
  if (!options.keep) rmSync(directory, { recursive: true, force: true })
}
if (process.exitCode === 1) process.exit(1)
