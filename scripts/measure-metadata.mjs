// What very much metadata costs: memory, snapshot, start, and the decisions after a broker's death.
//
//   node scripts/measure-metadata.mjs --partitions 1000000 --brokers 12 --topics 1000
//
// Nothing is written and no broker runs: the controller's state machine alone, in this process.
// Each figure is of one run; --expose-gc makes the memory exact (the script starts itself so).

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { prepare, ROOT } from './prepare.mjs'

const { values } = parseArgs({
  options: {
    partitions: { type: 'string', default: '1000000' },
    brokers: { type: 'string', default: '12' },
    topics: { type: 'string', default: '1000' },
    factor: { type: 'string', default: '3' },
  },
})

if (global.gc === undefined) {
  prepare()
  const again = ['--expose-gc', fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  process.exit(spawnSync(process.execPath, again, { stdio: 'inherit' }).status ?? 1)
}

const entry = join(ROOT, 'packages', 'controller', 'dist', 'index.js')
const weir = await import(pathToFileURL(entry).href)

const partitionCount = Number(values.partitions)
const brokerCount = Number(values.brokers)
const topicCount = Number(values.topics)
const replicationFactor = Number(values.factor)

function heapMiB() {
  global.gc()
  const { heapUsed, external, arrayBuffers } = process.memoryUsage()
  return (heapUsed + external + arrayBuffers) / 2 ** 20
}

function row(what, value) {
  console.log(`${what.padEnd(58)} ${value}`)
}

const ms = value => `${value.toFixed(value < 10 ? 2 : 0)} ms`
const mib = value => `${value.toFixed(0)} MiB`

/** Runs a job; answers its time and what it returned. */
function timed(job) {
  const start = performance.now()
  const result = job()
  return [performance.now() - start, result]
}

let uuids = 0
const options = {
  newUuid: () => Buffer.from(String(++uuids).padStart(16, '0')).toString('base64url'),
  randomBelow: limit => Math.floor(Math.random() * limit),
  topicDefaults: () => ({ partitionCount: 1, replicationFactor }),
  configRules: {
    problem: () => null,
    inherited: (_type, key) => (key === 'min.insync.replicas' ? '2' : null),
    isList: () => false,
  },
}

/** A cluster as its log would make it: the records are decided, encoded, decoded and replayed. */
function build() {
  const controller = new weir.Controller(options)
  const follower = new weir.MetadataImage()
  let offset = 0
  const commit = ({ records, response }) => {
    if (records.length > 0) offset++
    const decoded = weir.decodeMetadataBatch(weir.encodeMetadataBatch(records))
    for (const record of decoded) {
      controller.replay(record)
      follower.replay(record)
    }
    return response
  }
  commit(controller.activate(0))
  for (let brokerId = 1; brokerId <= brokerCount; brokerId++) {
    const registration = {
      brokerId,
      incarnationId: `i${brokerId}`,
      endpoints: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
      rack: `r${brokerId % 3}`,
      directoryIds: ['d'],
      previousBrokerEpoch: -1,
    }
    const { brokerEpoch } = commit(controller.brokers.register(registration, offset + 1, 0))
    const heartbeat = {
      brokerId,
      brokerEpoch,
      currentMetadataOffset: offset,
      wantFence: false,
      wantShutDown: false,
    }
    commit(controller.brokers.heartbeat(heartbeat, 0, offset + 1))
  }
  let left = partitionCount
  let slowest = 0
  for (let index = 0; index < topicCount; index++) {
    const count = Math.ceil(left / (topicCount - index))
    left -= count
    const topic = {
      name: `topic.${index}`,
      partitionCount: count,
      replicationFactor,
      assignments: [],
      configs: [],
    }
    const [took] = timed(() => commit(controller.topics.createTopics([topic], false)))
    slowest = Math.max(slowest, took)
  }
  return { controller, follower, slowest, commit }
}

function fence(controller, brokerId) {
  const nowMs = 10_000
  for (const broker of controller.image.brokers.values()) {
    controller.brokers.refreshSessions(nowMs - 2_500)
    const { brokerEpoch, brokerId: id } = broker
    if (id === brokerId) continue
    const request = { brokerId: id, brokerEpoch, currentMetadataOffset: 0 }
    controller.brokers.heartbeat({ ...request, wantFence: false, wantShutDown: false }, nowMs, 0)
  }
}

/** Everything that follows from the silence of one broker, until nothing is left to do. */
function failOver(controller, brokerId) {
  let nowMs = 10_000
  const beat = () => {
    for (const { brokerEpoch, brokerId: id } of controller.image.brokers.values()) {
      if (id === brokerId) continue
      const request = { brokerId: id, brokerEpoch, currentMetadataOffset: 2 ** 40 }
      controller.brokers.heartbeat({ ...request, wantFence: false, wantShutDown: false }, nowMs, 0)
    }
  }
  controller.brokers.refreshSessions(nowMs)
  for (const step of [500, 500, 500, 500, 100]) {
    nowMs += step
    beat()
    if (step === 500) controller.expire(nowMs)
  }
  const slices = []
  let bytes = 0
  let changes = 0
  let total = 0
  while (controller.nextDeadlineMs() <= nowMs) {
    const [took] = timed(() => {
      const { records } = controller.expire(nowMs)
      bytes += weir.encodeMetadataBatch(records).length
      changes += records.length
      for (const record of records) controller.replay(record)
    })
    slices.push(took)
    total += took
  }
  const led = [...controller.image.brokers.keys()].filter(id => id !== brokerId)
  const leads = led.map(id => controller.image.index.ledCount(id))
  return { slices, bytes, changes, total, leads }
}

const before = heapMiB()
const [buildMs, cluster] = timed(build)
const { controller, follower } = cluster
row(
  `${partitionCount} partitions, ${topicCount} topics, ${brokerCount} brokers, factor ${replicationFactor}`,
  '',
)
row('decided, encoded, decoded and replayed', ms(buildMs))
row('  the slowest topic', ms(cluster.slowest))
row('memory of both images, with their indexes', mib(heapMiB() - before))

const [encodeMs, chunks] = timed(() => [...weir.snapshotChunks(follower, 1, 1)])
row(
  'snapshot',
  `${mib(chunks.reduce((sum, chunk) => sum + chunk.length, 0) / 2 ** 20)} in ${ms(encodeMs)}, ${chunks.length} chunks`,
)
let slowestChunk = 0
{
  const frozen = follower.copy()
  const iterator = weir.snapshotChunks(frozen, 1, 1)
  for (;;) {
    const [took, step] = timed(() => iterator.next())
    if (step.done) break
    slowestChunk = Math.max(slowestChunk, took)
  }
}
row('  the slowest chunk', ms(slowestChunk))

{
  const start = heapMiB()
  const [loadMs, image] = timed(() => {
    const loaded = new weir.MetadataImage()
    for (const record of weir.readSnapshot(chunks).records) loaded.replay(record)
    return loaded
  })
  row('snapshot loaded', `${ms(loadMs)}, ${mib(heapMiB() - start)}`)
  if (image.topicCount !== topicCount) throw new Error('the snapshot lacks topics')
}

const [copyMs, copy] = timed(() => follower.copy())
row('image copied, index included (a controller begins)', ms(copyMs))
const [activateMs, next] = timed(() => {
  const made = new weir.Controller(options, copy)
  made.activate(0)
  return made
})
row('  controller made and activated', ms(activateMs))

for (const [what, machine, id] of [['first', controller, 1]]) {
  const { slices, bytes, changes, total, leads } = failOver(machine, id)
  row(
    `broker ${id} fenced: ${changes} partitions changed`,
    `${ms(total)} in ${slices.length} decisions`,
  )
  slices.sort((a, b) => a - b)
  row('  a decision: median, slowest', `${ms(slices[slices.length >> 1])}, ${ms(slices.at(-1))}`)
  row('  bytes of the log', `${(bytes / Math.max(1, changes)).toFixed(0)} a partition`)
  row('  partitions that the others lead', `${Math.min(...leads)} to ${Math.max(...leads)}`)
  void what
}
void next
void fence
