// Groups over a kill -9 of their coordinator, in real processes: three nodes, many groups with steady
// members that commit, and again and again the broker that coordinates most groups is killed.
//   node scripts/group-failover.mjs [--protocol classic|consumer|both] [--groups N] [--members N] [--kills N] [--port FIRST]
// Prints how long it took until every partition of a group was committed again by its owner. Fails
// when that is longer than the session timeout, when a member was sent away, and when a committed
// offset is below one that was acked.
import { spawn } from 'node:child_process'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.mjs'
import { readOptions } from './options.mjs'
import { prepare, ROOT } from './prepare.mjs'

const values = readOptions({
  protocol: { type: 'string', default: 'both' },
  groups: { type: 'string', default: '30' },
  members: { type: 'string', default: '4' },
  kills: { type: 'string', default: '3' },
  'commit-ms': { type: 'string', default: '200' },
  port: { type: 'string' },
  'data-dir': { type: 'string', default: tmpdir() },
  'no-build': { type: 'boolean' },
})
if (!values['no-build']) prepare()

const built = name => import(new URL(`../packages/${name}`, import.meta.url).href)
const { Admin, committedOffsets, GroupLoad, Rpc } = await built('bench/dist/index.js')
const { createNodeEnv } = await built('core/dist/node/index.js')
const { findCoordinatorApi } = await built('protocol/dist/index.js')

const NODES = [1, 2, 3]
const TOPIC = 'failover'
const START_TIMEOUT_MS = 60_000
/** Classic members bring theirs; consumer groups have the broker's. */
const SESSION_TIMEOUT_MS = { classic: 10_000, consumer: 45_000 }
/** What a member may be told without having been sent away. */
const HARMLESS = new Set([
  'NONE',
  'NOT_COORDINATOR',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
])

const env = createNodeEnv({ log: { level: 'warn' } })
const directory = mkdtempSync(join(values['data-dir'], 'weir-failover-'))
const nodes = new Map()
const partitionCount = Number(values.members)

async function layOut() {
  let next = values.port === undefined ? null : Number(values.port)
  const takePort = async () => (next === null ? await freePort() : next++)
  for (const id of NODES) {
    nodes.set(id, { id, port: await takePort(), controllerPort: await takePort(), child: null })
  }
}

function start(node) {
  const voters = [...nodes.values()].map(each => `${each.id}@127.0.0.1:${each.controllerPort}`)
  const args = [
    join(ROOT, 'packages', 'weir', 'bin', 'weir.js'),
    'start',
    ...['--node-id', String(node.id)],
    ...['--listen', `127.0.0.1:${node.port}`],
    ...['--controller-listen', `127.0.0.1:${node.controllerPort}`],
    ...['--voters', voters.join()],
    ...['--data-dir', join(directory, `node-${node.id}`)],
    ...['--http', 'off'],
    ...['--set', 'auto.create.topics.enable=false'],
  ]
  const log = join(directory, `node-${node.id}.log`)
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', openSync(log, 'a')] })
  node.child = child
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`node ${node.id} is not ready`)),
      START_TIMEOUT_MS,
    )
    let output = ''
    child.stdout.on('data', chunk => {
      output += chunk
      if (!output.includes(' ready: ')) return
      clearTimeout(timer)
      resolve()
    })
    child.on('exit', code => {
      clearTimeout(timer)
      const text = readFileSync(log, 'utf8').trim().split('\n').slice(-10).join('\n')
      reject(new Error(`node ${node.id} ended with ${code}\n${text}`))
    })
  })
}

const seeds = () => [...nodes.values()].map(({ port }) => ({ host: '127.0.0.1', port }))

/** Runs `use` with a connection to a node that is up. */
async function withNode(use, isWanted = () => true) {
  for (const { port, child, id } of nodes.values()) {
    if (child.exitCode !== null || child.signalCode !== null || !isWanted(id)) continue
    const rpc = await Rpc.connect(env, { host: '127.0.0.1', port })
    try {
      return await use(rpc)
    } finally {
      rpc.close()
    }
  }
  throw new Error('no node is up')
}

/** Group id -> node id. Waits until all have a coordinator. */
async function coordinatorsOf(groupIds) {
  for (;;) {
    const found = await withNode(rpc =>
      rpc.call(findCoordinatorApi, { version: 4 }, { keyType: 0, coordinatorKeys: groupIds }),
    )
    const failed = found.coordinators.find(each => each.errorCode !== 0)
    if (failed === undefined)
      return new Map(found.coordinators.map(each => [each.key, each.nodeId]))
    await env.clock.sleep(200)
  }
}

class Observer {
  #offset = 0
  /** Group -> partition -> the highest offset that was acked. */
  acked = new Map()
  /** Since the last kill: group -> partitions that were committed, and when the last one was. */
  committed = new Map()
  sentAway = []
  killedMs = Number.POSITIVE_INFINITY

  nextOffset() {
    return ++this.#offset
  }

  onStep(groupId, _latencyMs, error) {
    if (!HARMLESS.has(error) && this.killedMs < Number.POSITIVE_INFINITY) {
      this.sentAway.push(`${groupId}: ${error}`)
    }
  }

  onCommit({ groupId, partitions, offset }, latencyMs, error) {
    if (error !== 'NONE') return
    const acked = this.acked.get(groupId) ?? new Map()
    this.acked.set(groupId, acked)
    for (const each of partitions) acked.set(each, Math.max(acked.get(each) ?? 0, offset))
    const nowMs = env.clock.monotonicMs()
    // One that was sent before the kill says nothing about after it.
    if (nowMs - latencyMs < this.killedMs) return
    const known = this.committed.get(groupId) ?? { partitions: new Set(), lastMs: 0 }
    this.committed.set(groupId, known)
    if (known.partitions.size === partitionCount) return
    for (const each of partitions) known.partitions.add(each)
    known.lastMs = nowMs
  }

  onTrouble() {}

  onKill() {
    this.killedMs = env.clock.monotonicMs()
    this.committed.clear()
  }

  isBack(groupId) {
    return this.committed.get(groupId)?.partitions.size === partitionCount
  }
}

async function checkOffsets(load, observer, coordinators) {
  let count = 0
  for (const groupId of load.groupIds) {
    // Taken before the fetch: what is acked while it runs may be there or not.
    const acked = [...(observer.acked.get(groupId) ?? [])]
    const { port } = nodes.get(coordinators.get(groupId))
    const rpc = await Rpc.connect(env, { host: '127.0.0.1', port })
    const committed = await committedOffsets(rpc, groupId, TOPIC).finally(() => rpc.close())
    for (const [partition, offset] of acked) {
      count++
      const found = committed.get(partition) ?? -1
      if (found >= offset) continue
      throw new Error(
        `${groupId} ${TOPIC}-${partition}: ${offset} was acked, ${found} is committed`,
      )
    }
  }
  return count
}

async function killMost(load, observer) {
  const coordinators = await coordinatorsOf(load.groupIds)
  const counts = new Map()
  for (const id of coordinators.values()) counts.set(id, (counts.get(id) ?? 0) + 1)
  const [[id]] = [...counts].sort((a, b) => b[1] - a[1])
  const node = nodes.get(id)
  const affected = load.groupIds.filter(groupId => coordinators.get(groupId) === id)
  observer.onKill()
  node.child.removeAllListeners('exit')
  node.child.kill('SIGKILL')
  const limitMs = Math.max(...Object.values(SESSION_TIMEOUT_MS)) + 15_000
  while (!load.groupIds.every(groupId => observer.isBack(groupId) && load.isStable(groupId))) {
    if (env.clock.monotonicMs() - observer.killedMs > limitMs) {
      const left = load.groupIds.filter(groupId => !observer.isBack(groupId))
      throw new Error(`not back after ${limitMs} ms: ${left.join(', ')}`)
    }
    await env.clock.sleep(20)
  }
  const times = affected
    .map(groupId => Math.round(observer.committed.get(groupId).lastMs - observer.killedMs))
    .sort((a, b) => a - b)
  await start(node)
  const checked = await checkOffsets(load, observer, await coordinatorsOf(load.groupIds))
  return {
    id,
    affected: affected.length,
    medianMs: times[times.length >> 1],
    maxMs: times.at(-1),
    checked,
  }
}

async function runProtocol(protocol) {
  const observer = new Observer()
  const failures = []
  const load = new GroupLoad(
    env,
    {
      protocol,
      seeds: seeds(),
      prefix: `${protocol}-${process.pid}`,
      groups: Number(values.groups),
      membersPerGroup: Number(values.members),
      topic: TOPIC,
      partitionCount,
      commitIntervalMs: Number(values['commit-ms']),
      sessionTimeoutMs: SESSION_TIMEOUT_MS.classic,
    },
    { observer, onFailure: error => failures.push(error) },
  )
  await load.start()
  let worstMs = 0
  for (let kill = 1; kill <= Number(values.kills); kill++) {
    const { id, affected, medianMs, maxMs, checked } = await killMost(load, observer)
    worstMs = Math.max(worstMs, maxMs)
    console.log(
      `${protocol}: kill ${kill}, node ${id}: ${affected} groups back after ${medianMs} ms (median), ${maxMs} ms (last); ${checked} acked offsets there`,
    )
  }
  await load.stop()
  if (failures.length > 0) throw failures[0]
  if (worstMs > SESSION_TIMEOUT_MS[protocol]) {
    throw new Error(`${protocol}: ${worstMs} ms is longer than the session`)
  }
  const { sentAway } = observer
  if (sentAway.length > 0) {
    throw new Error(
      `${sentAway.length} members were sent away, first: ${sentAway.slice(0, 5).join('; ')}`,
    )
  }
}

let code = 0
try {
  await layOut()
  await Promise.all([...nodes.values()].map(start))
  const admin = await Admin.connect(env, `127.0.0.1:${nodes.get(1).port}`)
  await admin.createTopic({
    name: TOPIC,
    partitions: partitionCount,
    replicationFactor: 3,
    configs: {},
  })
  admin.close()
  for (const each of values.protocol === 'both' ? ['classic', 'consumer'] : [values.protocol]) {
    await runProtocol(each)
  }
} catch (error) {
  console.error(error.stack ?? String(error))
  code = 1
}
for (const { child } of nodes.values()) child?.kill('SIGKILL')
if (code === 0) rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
else console.error(`logs are in ${directory}`)
process.exit(code)
