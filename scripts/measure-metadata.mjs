// What very much metadata costs: memory, snapshot, start, and the decisions after a broker's death.
//
//   node --expose-gc scripts/measure-metadata.mjs --partitions 1000000 --brokers 12 --topics 1000
//
// The controller's state machine alone, in this process: nothing is written, no broker runs. Times are
// CPU times, so that a busy machine does not count. Build first (npx tsc -b packages/controller).

import { fileURLToPath } from 'node:url'
import { readOptions } from './options.mjs'

const values = readOptions({
  partitions: { type: 'string', default: '1000000' },
  brokers: { type: 'string', default: '12' },
  topics: { type: 'string', default: '1000' },
  factor: { type: 'string', default: '3' },
})
if (global.gc === undefined) {
  throw new Error('run as: node --expose-gc scripts/measure-metadata.mjs')
}

const controllerUrl = new URL('../packages/controller/dist/index.js', import.meta.url)
const weir = await import(controllerUrl.href).catch(error => {
  throw new Error(`build first: npx tsc -b packages/controller (${fileURLToPath(controllerUrl)})`, {
    cause: error,
  })
})

const partitionCount = Number(values.partitions)
const brokerCount = Number(values.brokers)
const topicCount = Number(values.topics)
const replicationFactor = Number(values.factor)
/** Monotonic time of the model. */
let nowMs = 0
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

function heapMiB() {
  global.gc()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}

/** Runs a job; answers its CPU time in milliseconds and what it returned. */
function timed(job) {
  const start = process.cpuUsage()
  const result = job()
  const { user, system } = process.cpuUsage(start)
  return [(user + system) / 1000, result]
}

const row = (what, value) => console.log(`${what.padEnd(50)} ${value}`)
const ms = value => `${value.toFixed(value < 10 ? 1 : 0)} ms`
const mib = value => `${value.toFixed(0)} MiB`

function heartbeat(controller, brokerId, offset) {
  const { brokerEpoch } = controller.image.brokers.get(brokerId)
  const request = { brokerId, brokerEpoch, wantFence: false, wantShutDown: false }
  return controller.brokers.heartbeat(
    { ...request, currentMetadataOffset: offset },
    nowMs,
    offset + 1,
  )
}

/** A cluster as its log would make it: the records are decided, encoded, decoded and replayed. */
function build() {
  const controller = new weir.Controller(options)
  const follower = new weir.MetadataImage()
  let offset = 0
  const commit = ({ records }) => {
    if (records.length > 0) offset++
    for (const record of weir.decodeMetadataBatch(weir.encodeMetadataBatch(records))) {
      controller.replay(record)
      follower.replay(record)
    }
  }
  commit(controller.activate(nowMs))
  for (let brokerId = 1; brokerId <= brokerCount; brokerId++) {
    const registration = {
      brokerId,
      incarnationId: `i${brokerId}`,
      endpoints: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
      rack: `r${brokerId % 3}`,
      directoryIds: ['d'],
      previousBrokerEpoch: -1,
    }
    commit(controller.brokers.register(registration, offset + 1, nowMs))
    commit(heartbeat(controller, brokerId, offset))
  }
  let left = partitionCount
  let slowest = 0
  for (let index = 0; index < topicCount; index++) {
    const count = Math.ceil(left / (topicCount - index))
    left -= count
    const counts = { partitionCount: count, replicationFactor }
    const topic = { name: `topic.${index}`, ...counts, assignments: [], configs: [] }
    const [took] = timed(() => commit(controller.topics.createTopics([topic], false)))
    slowest = Math.max(slowest, took)
  }
  return { controller, follower, slowest }
}

/** One broker falls silent: everything that follows, until nothing is left to do. */
function failOver(controller, brokerId) {
  const others = [...controller.image.brokers.keys()].filter(id => id !== brokerId)
  controller.brokers.refreshSessions(nowMs)
  for (let step = 0; step < 5; step++) {
    nowMs += 450
    for (const id of others) heartbeat(controller, id, 2 ** 40)
    if (nowMs < 2_000) controller.expire(nowMs)
  }
  const slices = []
  let bytes = 0
  let changes = 0
  while (controller.nextDeadlineMs() <= nowMs) {
    const [took] = timed(() => {
      const { records } = controller.expire(nowMs)
      bytes += weir.encodeMetadataBatch(records).length
      changes += records.length
      for (const record of records) controller.replay(record)
    })
    slices.push(took)
  }
  const leads = others.map(id => controller.image.index.ledCount(id))
  return { slices, bytes, changes, leads }
}

function measureSnapshot(image) {
  const chunks = []
  const times = []
  const pieces = weir.snapshotChunks(image.copy(), 1, 1)
  for (;;) {
    const [took, step] = timed(() => pieces.next())
    if (step.done) break
    chunks.push(step.value)
    times.push(took)
  }
  const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0)
  const total = times.reduce((sum, each) => sum + each, 0)
  times.sort((a, b) => a - b)
  row('snapshot', `${mib(bytes / 2 ** 20)}, ${chunks.length} chunks`)
  row('  encoded', `${ms(total)}; a chunk ${ms(times[times.length >> 1])}`)
  const before = heapMiB()
  const [took, loaded] = timed(() => {
    const made = new weir.MetadataImage()
    for (const record of weir.readSnapshot(chunks).records) made.replay(record)
    return made
  })
  row('  loaded', `${ms(took)}, ${mib(heapMiB() - before)}`)
  if (loaded.topicCount !== topicCount) throw new Error('the snapshot lacks topics')
}

row(
  'partitions, topics, brokers, replication factor',
  [partitionCount, topicCount, brokerCount, replicationFactor].join(', '),
)
const before = heapMiB()
const [buildMs, { controller, follower, slowest }] = timed(build)
row('decided, encoded, decoded, replayed twice', ms(buildMs))
row(`  a topic of ${Math.ceil(partitionCount / topicCount)} partitions, at most`, ms(slowest))
row('memory of the two images of an active controller', mib(heapMiB() - before))
measureSnapshot(follower)

const [copyMs, copy] = timed(() => follower.copy())
row('image copied, index included', ms(copyMs))
const [activateMs] = timed(() => new weir.Controller(options, copy).activate(0))
row('a controller made of it and activated', ms(activateMs))

const { slices, bytes, changes, leads } = failOver(controller, 1)
const total = slices.reduce((sum, each) => sum + each, 0)
slices.sort((a, b) => a - b)
row('a broker fenced: partitions changed', changes)
row('  decided, encoded, replayed', `${ms(total)} in ${slices.length} decisions`)
row('  one of them: median, slowest', `${ms(slices[slices.length >> 1])}, ${ms(slices.at(-1))}`)
row('  bytes of the log', `${Math.round(bytes / Math.max(1, changes))} a partition`)
row('  partitions that each other broker leads', `${Math.min(...leads)} to ${Math.max(...leads)}`)
