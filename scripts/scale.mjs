#!/usr/bin/env node
// What many partitions cost: three real processes, each broker and controller, and partitions with three
// replicas each. Prints what it measures, step by step: creation, idle, records in all of them, kill -9
// of the active controller, the start after that, and a clean stop and start.
//
//   node scripts/scale.mjs [--partitions 20000] [--topics 20] [--filled ALL] [--idle 10000]
//                          [--dir DIR] [--port 28092] [--profile DIR]
//
// --filled: how many partitions get a record. --profile: CPU profiles of the nodes that end by SIGTERM.
// Behind each step, for each node: CPU seconds, longest hold of the event loop, memory.
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Cluster,
  createTopics,
  deleteTopics,
  describeQuorum,
  Producer,
  parseAddresses,
} from '../packages/client/dist/index.js'
import { createNodeEnv } from '../packages/core/dist/node/index.js'
import { ClusterControl } from './cluster-control.mjs'
import { readOptions } from './options.mjs'

const options = readOptions({
  partitions: { type: 'string', default: '20000' },
  topics: { type: 'string', default: '20' },
  filled: { type: 'string' },
  idle: { type: 'string', default: '10000' },
  dir: { type: 'string' },
  port: { type: 'string', default: '28092' },
  profile: { type: 'string' },
})

const partitionCount = Number(options.partitions)
const topicCount = Number(options.topics)
const filledCount = Math.min(partitionCount, Number(options.filled ?? partitionCount))
const partitionsOfTopic = Math.ceil(partitionCount / topicCount)
/** A request creates 10,000 partitions at most. */
const PARTITIONS_OF_REQUEST = 10_000
const LIMIT_MS = 120_000
/** Each look takes the nodes some milliseconds. */
const LOOK_EVERY_MS = 200
const GIVE_UP_MS = 1_000

const directory = options.dir ?? mkdtempSync(join(tmpdir(), 'weir-scale-'))
const control = new ClusterControl(directory)
const env = createNodeEnv({ log: { level: 'silent' } })
const sleep = delayMs => new Promise(resolve => setTimeout(resolve, delayMs))
const { profile } = options

function connect(timeoutMs, ids = control.ids) {
  const addresses = ids.map(id => `127.0.0.1:${control.clientPort(id)}`)
  return new Cluster(env, {
    bootstrap: parseAddresses(addresses.join(',')),
    clientId: 'scale',
    requestTimeoutMs: timeoutMs,
    connectTimeoutMs: GIVE_UP_MS,
    retryTimeoutMs: LIMIT_MS,
  })
}

const topicName = index => `scale-${index}`

// --- What the nodes say of themselves ---

/** Of one node: values by name, labels left out; null while it does not answer. */
async function metricsOf(id, area) {
  try {
    const query = area === undefined ? '' : `?area=${area}`
    const answer = await fetch(`http://127.0.0.1:${control.httpPort(id)}/metrics${query}`)
    return parseMetrics(await answer.text())
  } catch {
    return null
  }
}

function parseMetrics(text) {
  const values = new Map()
  for (const line of text.split('\n')) {
    const match = /^([a-z_]+)(\{[^}]*\})? ([\d.e+-]+)$/.exec(line)
    if (match === null) continue
    const [, name, labels = '', value] = match
    values.set(name.endsWith('_bucket') ? name + labels : name, Number(value))
  }
  return values
}

const TICKS_A_SECOND = 100

/** User and system time of a process, in seconds. */
function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND
}

async function snapshot() {
  const nodes = new Map()
  for (const id of control.ids) {
    const pid = control.pid(id)
    const metrics = pid === null ? null : await metricsOf(id, 'process')
    if (metrics !== null) nodes.set(id, { pid, metrics, cpu: cpuSeconds(pid) })
  }
  return nodes
}

/** The upper bound of the last bucket of delays that got something in between. */
function longestHoldMs(before, after) {
  let longest = 0
  for (const [name, value] of after) {
    const bound = /^weir_event_loop_delay_seconds_bucket\{le="([\d.e+-]+)"\}$/.exec(name)
    if (bound === null) continue
    const count = after.get('weir_event_loop_delay_seconds_count') - value
    const countBefore =
      (before?.get('weir_event_loop_delay_seconds_count') ?? 0) - (before?.get(name) ?? 0)
    if (count > countBefore) longest = Math.max(longest, Number(bound[1]) * 2)
  }
  return longest * 1000
}

function costs(before, after) {
  const lines = []
  for (const [id, { pid, metrics, cpu }] of after) {
    const former = before.get(id)
    const isSame = former?.pid === pid
    const spent = cpu - (isSame ? former.cpu : 0)
    const hold = longestHoldMs(isSame ? former.metrics : null, metrics)
    const memory = metrics.get('process_resident_memory_bytes') / 2 ** 20
    const heap = metrics.get('weir_heap_used_bytes') / 2 ** 20
    lines.push(
      `    node ${id}: ${spent.toFixed(2)} s of CPU, holds below ${hold.toFixed(0)} ms, ` +
        `${memory.toFixed(0)} MiB resident, ${heap.toFixed(0)} MiB of heap`,
    )
  }
  return lines.join('\n')
}

const seconds = ms => `${(ms / 1000).toFixed(2)} s`

/** Runs a step and prints what it took. */
async function step(name, task) {
  const before = await snapshot()
  const startMs = performance.now()
  const details = await task(startMs)
  const ms = performance.now() - startMs
  console.log(`${name}: ${details ?? seconds(ms)}`)
  console.log(costs(before, await snapshot()))
}

async function until(what, holds, everyMs = LOOK_EVERY_MS) {
  const deadline = performance.now() + LIMIT_MS
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${LIMIT_MS / 1000} s: ${what}`)
    await sleep(everyMs)
  }
}

/** Asked for many times a second: the whole page would cost the nodes more than what is measured. */
const replicationOf = id => metricsOf(id, 'replication')

/** All replicas of everything on the nodes that run, and a leader for each partition. */
async function allInSync(total) {
  const all = await Promise.all(control.ids.map(replicationOf))
  if (all.includes(null)) return false
  const led = all.reduce((sum, each) => sum + each.get('weir_partitions_led'), 0)
  return led === total && all.every(each => each.get('weir_partitions_under_replicated') === 0)
}

// --- The steps ---

async function create() {
  const cluster = connect(120_000)
  const perRequest = Math.max(1, Math.floor(PARTITIONS_OF_REQUEST / partitionsOfTopic))
  const startMs = performance.now()
  for (let first = 0; first < topicCount; first += perRequest) {
    const count = Math.min(perRequest, topicCount - first)
    const topics = Array.from({ length: count }, (_, index) => ({
      name: topicName(first + index),
      partitionCount: partitionsOfTopic,
      replicationFactor: 3,
      configs: new Map([['min.insync.replicas', '2']]),
    }))
    for (const { error } of await createTopics(cluster, topics)) {
      // A request whose answer was lost is sent again.
      if (error !== null && error.errorName !== 'TOPIC_ALREADY_EXISTS') throw error
    }
  }
  const answeredMs = performance.now() - startMs
  cluster.close()
  await until('all replicas in sync', () => allInSync(topicCount * partitionsOfTopic))
  return `answered after ${seconds(answeredMs)}, all led and in sync after ${seconds(performance.now() - startMs)}`
}

/** A record for each of the first partitions, acknowledged by all replicas. */
async function fill() {
  const cluster = connect(120_000)
  const producer = new Producer(cluster, { acks: -1, lingerMs: 50, deliveryTimeoutMs: LIMIT_MS })
  const failures = []
  let sent = 0
  let doneCount = 0
  for (let topic = 0; topic < topicCount; topic++) {
    for (let partition = 0; partition < partitionsOfTopic && sent < filledCount; partition++) {
      sent++
      const record = { topic: topicName(topic), partition, key: null, value: 'x'.repeat(100) }
      const onDone = error => {
        doneCount++
        if (error !== null) failures.push(error)
      }
      producer.enqueue(record, onDone).catch(onDone)
    }
  }
  await producer.flush()
  await until('acknowledgements', () => doneCount === sent)
  cluster.close()
  if (failures.length > 0) throw failures[0]
}

/** Writes to as many partitions as there are nodes, one led by each, and knows the longest pause. */
class Writes {
  constructor() {
    this.cluster = connect(GIVE_UP_MS)
    this.producer = new Producer(this.cluster, {
      acks: -1,
      lingerMs: 1,
      ackTimeoutMs: GIVE_UP_MS,
      deliveryTimeoutMs: 60_000,
    })
    this.failureCount = 0
    this.lastMs = new Map()
    this.longestMs = 0
    const partitions = [0, 1, 2]
    this.timer = setInterval(() => {
      for (const partition of partitions) this.send(partition)
    }, 5)
  }

  send(partition) {
    const onDone = error => {
      const now = performance.now()
      if (error !== null) this.failureCount++
      else {
        const last = this.lastMs.get(partition)
        if (last !== undefined) this.longestMs = Math.max(this.longestMs, now - last)
        this.lastMs.set(partition, now)
      }
    }
    const record = { topic: topicName(0), partition, key: null, value: 'gap' }
    this.producer.enqueue(record, onDone).catch(onDone)
  }

  async stop() {
    clearInterval(this.timer)
    await this.producer.flush().catch(() => {}) // Each record's own fate is known already.
    this.cluster.close()
    return `longest pause of a partition's writes ${seconds(this.longestMs)}, ${this.failureCount} refused`
  }
}

/** Creates and removes a topic, again and again, until it is done; answers when. */
async function adminWrite(ids) {
  for (let attempt = 0; ; attempt++) {
    const cluster = connect(GIVE_UP_MS, ids)
    const name = `probe-${Date.now()}-${attempt}`
    try {
      const topic = { name, partitionCount: 1, replicationFactor: 1 }
      const [created] = await createTopics(cluster, [topic])
      if (created.error !== null) throw created.error
      const doneMs = performance.now()
      await deleteTopics(cluster, [name])
      return doneMs
    } catch {
      await sleep(10)
    } finally {
      cluster.close()
    }
  }
}

async function activeController() {
  const cluster = connect(10_000)
  try {
    return (await describeQuorum(cluster)).leaderId
  } finally {
    cluster.close()
  }
}

async function killController(nodeId) {
  const writes = new Writes()
  await until('writes', () => writes.lastMs.size === 3)
  await sleep(1_000)
  const others = control.ids.filter(id => id !== nodeId)
  writes.longestMs = 0
  const startMs = performance.now()
  process.kill(control.pid(nodeId), 'SIGKILL')
  const answeredMs = (await adminWrite(others)) - startMs
  let ledMs = 0
  await until('a leader for each partition', async () => {
    const all = await Promise.all(others.map(replicationOf))
    const led = all.reduce((sum, each) => sum + (each?.get('weir_partitions_led') ?? 0), 0)
    ledMs = performance.now() - startMs
    return led >= topicCount * partitionsOfTopic
  })
  await sleep(2_000)
  return (
    `an admin write after ${seconds(answeredMs)}, all partitions led by others after ${seconds(ledMs)}, ` +
    (await writes.stop())
  )
}

/** Ready, and everything in sync again. */
async function start(nodeId) {
  const startMs = performance.now()
  await control.start(nodeId)
  const readyMs = performance.now() - startMs
  const total = topicCount * partitionsOfTopic
  await until('everything in sync', async () => {
    const all = await Promise.all(control.ids.map(replicationOf))
    if (all.includes(null)) return false
    const led = all.reduce((sum, each) => sum + each.get('weir_partitions_led'), 0)
    return led >= total && all.every(each => each.get('weir_partitions_under_replicated') === 0)
  })
  return `ready after ${seconds(readyMs)}, everything in sync after ${seconds(performance.now() - startMs)}`
}

let isGood = false
try {
  await control.up({
    nodes: 3,
    port: Number(options.port),
    settings: ['leader.imbalance.check.interval.seconds=3600'],
    hasMetrics: true,
    nodeFlags: profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`],
  })
  console.log(`${topicCount} topics of ${partitionsOfTopic} partitions, three replicas each`)
  const idleMs = Number(options.idle)
  await step('empty', () => sleep(5_000))
  await step('created', create)
  await step('idle', () => sleep(idleMs))
  if (filledCount > 0) {
    await step(`a record in ${filledCount} partitions`, fill)
    // Checkpoints, and what idle logs give back.
    await sleep(15_000)
    await step('idle with records', () => sleep(idleMs))
  }
  const nodeId = await activeController()
  await step(`kill -9 of node ${nodeId}, the active controller`, () => killController(nodeId))
  await step('started after kill -9', () => start(nodeId))
  await step('stopped by SIGTERM', () => control.stop(nodeId))
  await step('started after that', () => start(nodeId))
  isGood = true
} catch (error) {
  console.error(error)
} finally {
  await control.down({ clean: isGood && options.dir === undefined })
}
if (!isGood) console.error(`the logs of the nodes are in ${control.directory}`)
process.exit(isGood ? 0 : 1)
