#!/usr/bin/env node
// What a failing node costs: three real processes, a steady load with acks=all on a topic with three
// replicas and min.insync.replicas=2, and one failure after the other. For each, the longest time in which
// nothing was acknowledged, and at the end of each whether a record that was acknowledged is lost,
// doubled or out of order. Exit code 1 if so.
//
//   node scripts/failover.mjs [--only TEXT] [--dir DIR] [--port 24092] [--settle 3000]
//
// Cases: kill-leader, kill-follower, kill-controller (kill -9), pause-leader, pause-follower,
// pause-controller (SIGSTOP for 5 s, then SIGCONT), rolling-restart (SIGTERM, each node in turn).
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Cluster,
  createTopics,
  describeQuorum,
  Fetcher,
  listOffsets,
  listTopics,
  OFFSET_LATEST,
  Producer,
  parseAddresses,
} from '../packages/client/dist/index.js'
import { createNodeEnv } from '../packages/core/dist/node/index.js'
import { ClusterControl } from './cluster-control.mjs'
import { readOptions } from './options.mjs'

const options = readOptions({
  only: { type: 'string', default: '' },
  dir: { type: 'string' },
  port: { type: 'string', default: '24092' },
  settle: { type: 'string', default: '3000' },
})

const SEND_EVERY_MS = 2
const PAUSE_MS = 5_000
/**
 * Our client gives a silent node up after this, a produce after twice: the gap of a stopped node comes in
 * such steps. The session of a broker is 2 s.
 */
const GIVE_UP_MS = 400
const WARM_COUNT = 300
const settleMs = Number(options.settle)

const control = new ClusterControl(options.dir ?? mkdtempSync(join(tmpdir(), 'weir-failover-')))
const env = createNodeEnv({ log: { level: 'silent' } })

function connect(bootstrap = control.bootstrap) {
  return new Cluster(env, {
    bootstrap: parseAddresses(bootstrap),
    clientId: 'failover',
    requestTimeoutMs: GIVE_UP_MS,
    connectTimeoutMs: GIVE_UP_MS,
    retryTimeoutMs: 60_000,
  })
}

const sleep = delayMs => new Promise(resolve => setTimeout(resolve, delayMs))

/** Sends numbered records, one every few milliseconds, and remembers which were acknowledged. */
class Load {
  constructor(topic) {
    this.topic = topic
    this.cluster = connect()
    this.producer = new Producer(this.cluster, {
      acks: -1,
      lingerMs: 1,
      ackTimeoutMs: GIVE_UP_MS,
      deliveryTimeoutMs: 60_000,
    })
    this.acked = []
    this.failures = []
    this.longestGapMs = 0
    this.lastAckMs = performance.now()
    this.next = 0
    this.timer = setInterval(() => this.send(), SEND_EVERY_MS)
  }

  send() {
    const number = this.next++
    const onDone = error => {
      if (error !== null) {
        this.failures.push(error.message)
        return
      }
      const now = performance.now()
      this.longestGapMs = Math.max(this.longestGapMs, now - this.lastAckMs)
      this.lastAckMs = now
      this.acked.push(number)
    }
    const record = { topic: this.topic, partition: 0, key: null, value: String(number) }
    this.producer.enqueue(record, onDone).catch(onDone)
  }

  async acknowledges(count) {
    const goal = this.acked.length + count
    await until(60_000, `${count} more acknowledgements`, () => this.acked.length >= goal)
  }

  /** From here on the gaps count. */
  startClock() {
    this.longestGapMs = 0
    this.lastAckMs = performance.now()
  }

  async stop() {
    clearInterval(this.timer)
    // What is still on its way counts, too.
    const gapMs = Math.max(this.longestGapMs, performance.now() - this.lastAckMs)
    await this.producer.flush().catch(() => {}) // Each record's own fate is known already.
    this.cluster.close()
    return gapMs
  }
}

async function until(timeoutMs, what, holds) {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`)
    await sleep(20)
  }
}

async function readAll(cluster, topic) {
  const [{ value }] = await listOffsets(cluster, [
    { topic, partition: 0, timestamp: OFFSET_LATEST },
  ])
  const fetcher = new Fetcher(cluster)
  fetcher.assign([{ topic, partition: 0, offset: 0 }])
  const numbers = []
  while (numbers.length < value.offset) {
    for (const record of await fetcher.poll(5_000)) numbers.push(Number(record.value.toString()))
  }
  fetcher.close()
  return numbers
}

async function partitionOf(cluster, topic) {
  const topics = await listTopics(cluster)
  return topics.find(candidate => candidate.name === topic).partitions[0]
}

/** Which node a case is about. */
const CHOOSE = {
  leader: async (cluster, topic) => (await partitionOf(cluster, topic)).leaderId,
  controller: async cluster => (await describeQuorum(cluster)).leaderId,
  follower: async (cluster, topic) => {
    const { leaderId, replicas } = await partitionOf(cluster, topic)
    const controller = (await describeQuorum(cluster)).leaderId
    const followers = replicas.filter(nodeId => nodeId !== leaderId)
    return followers.find(nodeId => nodeId !== controller) ?? followers[0]
  },
}

async function killAndStart(nodeId, load) {
  await control.kill(nodeId)
  await load.acknowledges(WARM_COUNT)
  await sleep(settleMs)
  await control.start(nodeId)
}

async function pauseAndContinue(nodeId, load) {
  control.pause(nodeId)
  await sleep(PAUSE_MS)
  control.continue(nodeId)
  await load.acknowledges(WARM_COUNT)
}

async function restartAll(_nodeId, load) {
  for (const nodeId of control.ids) {
    await control.stop(nodeId)
    await control.start(nodeId)
    await allInSync(load.topic)
  }
}

const CASES = [
  ...['leader', 'follower', 'controller'].map(role => [`kill-${role}`, role, killAndStart]),
  ...['leader', 'follower', 'controller'].map(role => [`pause-${role}`, role, pauseAndContinue]),
  ['rolling-restart', 'leader', restartAll],
]

async function allInSync(topic) {
  const cluster = connect()
  try {
    await until(60_000, 'three replicas in sync', async () => {
      return (await partitionOf(cluster, topic)).isr.length === control.ids.length
    })
  } finally {
    cluster.close()
  }
}

/** A broker hears of a new topic a moment after the one that was asked to create it. */
async function knownEverywhere(topic) {
  for (const id of control.ids) {
    const cluster = connect(`127.0.0.1:${control.clientPort(id)}`)
    await until(10_000, `node ${id} knows ${topic}`, async () => {
      return (await listTopics(cluster)).some(candidate => candidate.name === topic)
    })
    cluster.close()
  }
}

async function runCase([name, role, fail]) {
  const topic = `failover-${name}-${Date.now()}`
  const admin = connect()
  try {
    const [created] = await createTopics(admin, [
      {
        name: topic,
        partitionCount: 1,
        replicationFactor: 3,
        configs: new Map([['min.insync.replicas', '2']]),
      },
    ])
    if (created.error !== null) throw created.error
    await knownEverywhere(topic)
    const load = new Load(topic)
    await load.acknowledges(WARM_COUNT)
    const nodeId = await CHOOSE[role](admin, topic)
    load.startClock()
    await fail(nodeId, load)
    await allInSync(topic)
    await load.acknowledges(WARM_COUNT)
    const gapMs = await load.stop()
    return judge(name, { load, gapMs, found: await readAll(admin, topic) })
  } finally {
    admin.close()
  }
}

function judge(name, { load, gapMs, found }) {
  const there = new Set(found)
  const lost = load.acked.filter(number => !there.has(number)).length
  const doubled = found.length - there.size
  const disordered = found.filter((number, index) => index > 0 && number < found[index - 1]).length
  const isGood = lost === 0 && doubled === 0 && disordered === 0 && load.failures.length === 0
  const [failure] = load.failures
  console.log(
    `${isGood ? 'ok  ' : 'FAIL'} ${name.padEnd(18)} longest gap ${String(Math.round(gapMs)).padStart(5)} ms, ` +
      `${load.acked.length} acknowledged, ${lost} lost, ${doubled} doubled, ${disordered} out of order, ` +
      `${load.failures.length} refused${failure === undefined ? '' : ` (${failure})`}`,
  )
  return isGood
}

let isGood = true
try {
  await control.up({ nodes: 3, port: Number(options.port) })
  for (const each of CASES) {
    if (!each[0].includes(options.only)) continue
    isGood = (await runCase(each)) && isGood
  }
} catch (error) {
  console.error(error)
  isGood = false
} finally {
  await control.down({ clean: isGood && options.dir === undefined })
}
if (!isGood) console.error(`the logs of the nodes are in ${control.directory}`)
process.exit(isGood ? 0 : 1)
