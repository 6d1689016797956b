#!/usr/bin/env node
// Three real processes whose nodes are killed, stopped, paused and robbed of what they had not synced, at
// random, for minutes, under writers (one idempotent, one not, one with keys on a compacted topic), a
// reader and a group. Exit code 1 if an acknowledged record is lost or has another offset, if an
// idempotent writer's record is there twice, if records are out of order, if a key's latest value is
// gone, if a reader was shown what is not there any more, if the end of a partition or a committed offset
// went back, if the group left records out or got stuck, or if the replicas are not the same, byte by
// byte, when all is quiet.
//
//   node scripts/soak-cluster.mjs [--minutes 10] [--seed N] [--dir DIR] [--port 24192] [--calm 5000]
//
// --calm: the longest time from the end of a fault to the next one. The data are left where they are
// after a violation.
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  Cluster,
  createTopics,
  Fetcher,
  listOffsets,
  listTopics,
  OFFSET_LATEST,
  parseAddresses,
} from '../packages/client/dist/index.js'
import { createNodeEnv } from '../packages/core/dist/node/index.js'
import { ClusterControl } from './cluster-control.mjs'
import { readOptions } from './options.mjs'
import { seededRandom, strike } from './soak/faults.mjs'
import { COMPACTED_CONFIGS, judgeKeyed, KeyedWriter } from './soak/keyed.mjs'
import { Group, Reader, Writer } from './soak/load.mjs'
import { compareReplicas } from './soak/replicas.mjs'
import { Watch } from './soak/watch.mjs'

const options = readOptions({
  minutes: { type: 'string', default: '10' },
  seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  dir: { type: 'string' },
  port: { type: 'string', default: '24192' },
  calm: { type: 'string', default: '5000' },
})

const IDEMPOTENT = 'soak-idempotent'
const PLAIN = 'soak-plain'
const COMPACTED = 'soak-compacted'
const GROUP = 'soak'
const PARTITION_COUNT = 4
const TOPICS = [IDEMPOTENT, PLAIN].map(topic => ({ topic, partitionCount: PARTITION_COUNT }))
const TOPIC_CONFIGS = new Map([
  ['min.insync.replicas', '2'],
  ['segment.bytes', String(1024 * 1024)],
])
const SETTINGS = ['group.initial.rebalance.delay.ms=0', 'log.cleaner.backoff.ms=1000']
const QUIET_TIMEOUT_MS = 120_000

const control = new ClusterControl(options.dir ?? mkdtempSync(join(tmpdir(), 'weir-soak-')))
const env = createNodeEnv({ log: { level: 'silent' } })
const random = seededRandom(Number(options.seed))
const violations = []

const sleep = delayMs => new Promise(resolve => setTimeout(resolve, delayMs))

function connect() {
  return new Cluster(env, {
    bootstrap: parseAddresses(control.bootstrap),
    clientId: 'soak',
    requestTimeoutMs: 6_000,
    connectTimeoutMs: 2_000,
    retryTimeoutMs: 60_000,
  })
}

async function until(what, holds) {
  const deadline = performance.now() + QUIET_TIMEOUT_MS
  while (!(await holds())) {
    if (performance.now() > deadline) {
      throw new Error(`not within ${QUIET_TIMEOUT_MS / 1000} s after the last fault: ${what}`)
    }
    await sleep(100)
  }
}

async function endOffsets(cluster, topic) {
  const queries = Array.from({ length: PARTITION_COUNT }, (_, partition) => {
    return { topic, partition, timestamp: OFFSET_LATEST }
  })
  const ends = []
  for (const { request, value, error } of await listOffsets(cluster, queries)) {
    if (value === null) throw error
    ends[request.partition] = value.offset
  }
  return ends
}

async function allInSync(cluster) {
  const topics = await listTopics(cluster)
  return topics.every(topic => {
    return topic.partitions.every(partition => partition.isr.length === control.ids.length)
  })
}

/** The records of one partition as they are in the end, against what its writer was told. */
function judgePartition(name, found, { acked, sent, isIdempotent }) {
  const numbers = found.map(value => Number(value.slice(0, value.indexOf(':'))))
  const first = new Map()
  numbers.forEach((number, offset) => {
    if (!first.has(number)) first.set(number, offset)
  })
  const lost = acked.filter(([number]) => !first.has(number))
  if (lost.length > 0) violations.push(`${name}: ${lost.length} lost, the first is ${lost[0][0]}`)
  const moved = acked.filter(([number, offset]) => offset >= 0 && numbers[offset] !== number)
  if (moved.length > 0) {
    violations.push(`${name}: ${moved.length} not at the offset of their acknowledgement`)
  }
  if (isIdempotent && first.size !== numbers.length) {
    violations.push(`${name}: ${numbers.length - first.size} are there twice`)
  }
  // What was sent again may be there again, but the first of each come in the order of their sending.
  const order = [...first.keys()]
  const disordered = order.filter((number, index) => index > 0 && number < order[index - 1]).length
  if (disordered > 0) violations.push(`${name}: ${disordered} are out of order`)
  const unknown = order.filter(number => !(number >= 0 && number < sent)).length
  if (unknown > 0) violations.push(`${name}: ${unknown} were never sent`)
  return numbers.length - first.size
}

function judgeWriter(writer, final, isIdempotent) {
  let doubled = 0
  for (let partition = 0; partition < PARTITION_COUNT; partition++) {
    const name = `${writer.topic}-${partition}`
    doubled += judgePartition(name, final.seen.get(name), {
      acked: writer.acked[partition],
      sent: writer.sent[partition],
      isIdempotent,
    })
  }
  const { failures, ackedCount } = writer
  if (failures.length > 0) {
    violations.push(`${writer.topic}: ${failures.length} records refused: ${failures[0]}`)
  }
  console.log(`${writer.topic}: ${ackedCount} acknowledged, ${doubled} there twice`)
}

/** What somebody was shown during the faults must be what is there in the end. */
function judgeReader(live, final) {
  violations.push(...live.violations, ...final.violations)
  let count = 0
  for (const [name, seen] of live.seen) {
    const there = final.seen.get(name)
    const gone = seen.filter((value, offset) => value !== there[offset]).length
    if (gone > 0) violations.push(`${name}: ${gone} records that were read are not there any more`)
    count += seen.length
  }
  console.log(`reader: ${count} records`)
}

async function faults(admin, deadline, writers) {
  let count = 0
  while (performance.now() < deadline) {
    for (const writer of writers) writer.startClock()
    const text = await strike(control, random, () => allInSync(admin))
    count += 1
    await sleep(random.below(Number(options.calm)))
    const gaps = writers.map(writer => `${Math.round(writer.gapMs)} ms`)
    console.log(`${new Date().toISOString().slice(11, 19)} ${text}; no ack for ${gaps.join(', ')}`)
  }
  return count
}

async function quiet(admin, { writers, live, group }) {
  await Promise.all(writers.map(writer => writer.stop()))
  await until('all replicas in sync', () => allInSync(admin))
  for (const { topic } of TOPICS) {
    const ends = await endOffsets(admin, topic)
    await until(`the reader is at the end of ${topic}`, () => {
      return ends.every((end, partition) => live.position(topic, partition) >= end)
    })
    if (topic !== group.topic) continue
    await until(`the group is at the end of ${topic}`, () => {
      return ends.every((end, partition) => group.read[partition] >= end)
    })
  }
}

/** All records of a compacted topic: its offsets have holes. */
async function readCompacted(admin, topic) {
  const cluster = connect()
  const fetcher = new Fetcher(cluster)
  const ends = await endOffsets(admin, topic)
  fetcher.assign(ends.map((_, partition) => ({ topic, partition, offset: 0 })))
  const records = []
  await until(`all of ${topic} is read`, async () => {
    records.push(...(await fetcher.poll(500)))
    return fetcher.positions().every(({ partition, offset }) => offset >= ends[partition])
  })
  fetcher.close()
  cluster.close()
  return records
}

/** What a node holds when nothing is asked of it any more. */
function sayResources() {
  for (const id of control.ids) {
    const path = `/proc/${control.pid(id)}`
    try {
      const [, kilobytes] = /VmRSS:\s+(\d+)/.exec(readFileSync(`${path}/status`, 'utf8'))
      const files = readdirSync(`${path}/fd`).length
      console.log(`node ${id}: ${Math.round(kilobytes / 1024)} MB resident, ${files} open files`)
    } catch {
      return // Only Linux shows it.
    }
  }
}

async function readAgain(admin) {
  const cluster = connect()
  const final = new Reader(cluster, TOPICS)
  for (const { topic } of TOPICS) {
    const ends = await endOffsets(admin, topic)
    await until(`all of ${topic} is read again`, () => {
      return ends.every((end, partition) => final.position(topic, partition) >= end)
    })
  }
  await final.stop()
  cluster.close()
  return final
}

async function createAll(admin) {
  const common = { partitionCount: PARTITION_COUNT, replicationFactor: 3 }
  const created = await createTopics(admin, [
    ...TOPICS.map(({ topic }) => ({ ...common, name: topic, configs: TOPIC_CONFIGS })),
    { ...common, name: COMPACTED, configs: COMPACTED_CONFIGS },
  ])
  for (const { error } of created) if (error !== null) throw error
}

async function soak() {
  const admin = connect()
  await createAll(admin)
  const clusters = Array.from({ length: 5 }, connect)
  const common = { partitionCount: PARTITION_COUNT, random: seededRandom(Number(options.seed) + 1) }
  const writers = [
    new Writer(clusters[0], { ...common, topic: IDEMPOTENT, isIdempotent: true }),
    new Writer(clusters[1], { ...common, topic: PLAIN, isIdempotent: false }),
  ]
  const keyed = new KeyedWriter(clusters[3], { topic: COMPACTED, random: common.random })
  const live = new Reader(clusters[2], TOPICS)
  const watch = new Watch(clusters[4], { topics: TOPICS, groupId: GROUP })
  const group = new Group(connect, {
    groupId: GROUP,
    topic: IDEMPOTENT,
    partitionCount: PARTITION_COUNT,
    members: 3,
  })
  const deadline = performance.now() + Number(options.minutes) * 60_000
  const count = await faults(admin, deadline, writers)
  await quiet(admin, { writers: [...writers, keyed], live, group })
  await live.stop()
  await group.stop()
  await watch.stop()
  const final = await readAgain(admin)
  writers.forEach((writer, index) => {
    judgeWriter(writer, final, index === 0)
  })
  judgeReader(live, final)
  const left = await readCompacted(admin, COMPACTED)
  violations.push(...judgeKeyed(keyed, left), ...keyed.failures)
  console.log(`${COMPACTED}: ${keyed.ackedCount} acknowledged, ${left.length} left`)
  violations.push(...group.violations, ...watch.violations)
  console.log(`watch: ${watch.looks} offsets seen, ${watch.violations.length} went back`)
  console.log(`group: longest gap ${Math.round(group.longestGapMs)} ms`)
  for (const [message, times] of group.errors) console.log(`  ${times} x ${message}`)
  for (const cluster of [admin, ...clusters]) cluster.close()
  return count
}

console.log(`seed ${options.seed}, ${options.minutes} minutes, data in ${control.directory}`)
try {
  await control.up({ nodes: 3, port: Number(options.port), settings: SETTINGS })
  const count = await soak()
  sayResources()
  await control.down()
  const directories = control.ids.map(id => join(control.directory, `data-${id}`))
  const { differences, partitions, bytes } = compareReplicas(directories, [COMPACTED])
  violations.push(...differences)
  console.log(`${count} faults; ${partitions} partitions, ${bytes} bytes each replica`)
} catch (error) {
  violations.push(error.stack)
}
for (const violation of violations) console.log(`VIOLATION ${violation}`)
await control.down({ clean: violations.length === 0 && options.dir === undefined })
console.log(
  violations.length === 0 ? 'ok' : `${violations.length} violations, seed ${options.seed}`,
)
process.exit(violations.length === 0 ? 0 : 1)
