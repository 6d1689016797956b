// Proposals per second and their latency: three nodes of the quorum as three processes on this
// machine, over loopback, every promise synced to disk.
//
//   node benchmarks/raft.mjs [--seconds 5] [--bytes 200] [--clients 1,16,256] [--directory DIR]
//
// DIR should be on the disk that counts (a temporary directory may be memory). Clients are loops in
// the leader's process that propose one entry each and wait until it is applied. At the end the leader
// is killed, and the time until another one may decide is printed.
import { fork } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const NODE_COUNT = 3
const WARM_UP_MS = 1000
/** The kernel's answer for `sync` of a small write, for scale. */
const SYNC_SAMPLES = 200

function option(name, otherwise) {
  const at = process.argv.indexOf(name)
  return at < 0 ? otherwise : process.argv[at + 1]
}

if (process.send === undefined) await main()
else await child(JSON.parse(process.argv[2]))

async function main() {
  const seconds = Number(option('--seconds', '5'))
  const bytes = Number(option('--bytes', '200'))
  const clients = option('--clients', '1,16,256').split(',').map(Number)
  const root = mkdtempSync(join(option('--directory', tmpdir()), 'raft-bench-'))
  const ports = await freePorts(NODE_COUNT)
  const voters = ports.map((port, i) => ({
    id: i + 1,
    directoryId: '',
    address: `127.0.0.1:${port}`,
  }))
  const nodes = voters.map((voter, i) =>
    fork(fileURLToPath(import.meta.url), [
      JSON.stringify({
        id: voter.id,
        port: ports[i],
        voters,
        directory: join(root, `n${voter.id}`),
      }),
    ]),
  )
  try {
    const leader = await new Promise(resolve => {
      for (const node of nodes) node.on('message', m => m.kind === 'leader' && resolve(node))
    })
    const sync = await askOnce(leader, { kind: 'sync' })
    console.log(
      `three nodes, ${bytes} bytes an entry; one sync of this disk takes ${sync.p50.toFixed(2)} ms (p99 ${sync.p99.toFixed(2)})`,
    )
    console.log('| clients | proposals/s | p50 ms | p99 ms | max ms | leader CPU us/proposal |')
    console.log('| --- | --- | --- | --- | --- | --- |')
    for (const count of clients) {
      await new Promise(resolve => setTimeout(resolve, WARM_UP_MS))
      const result = await askOnce(leader, { kind: 'run', count, bytes, seconds })
      console.log(
        `| ${count} | ${result.rate.toFixed(0)} | ${result.p50.toFixed(2)} | ${result.p99.toFixed(2)} | ${result.max.toFixed(1)} | ${result.cpuUs.toFixed(0)} |`,
      )
    }
    const killedMs = performance.now()
    const next = new Promise(resolve => {
      for (const node of nodes)
        if (node !== leader) node.on('message', m => m.kind === 'leader' && resolve(m))
    })
    leader.kill('SIGKILL')
    await next
    const failoverMs = performance.now() - killedMs
    console.log(`kill -9 of the leader: another one decides after ${failoverMs.toFixed(0)} ms`)
  } finally {
    for (const node of nodes) node.kill('SIGKILL')
    rmSync(root, { recursive: true, force: true })
  }
}

function askOnce(node, message) {
  return new Promise(resolve => {
    node.once('message', resolve)
    node.send(message)
  })
}

async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer())
  for (const server of servers) await new Promise(resolve => server.listen(0, '127.0.0.1', resolve))
  const ports = servers.map(server => server.address().port)
  for (const server of servers) server.close()
  return ports
}

async function child({ id, port, voters, directory }) {
  const { createNodeEnv } = await import('../packages/core/dist/node/index.js')
  const { QuorumNode, QuorumServer } = await import('../packages/quorum/dist/index.js')
  const env = createNodeEnv({ log: { level: 'error' } })
  let applied = 0
  let isAnnounced = false
  const machine = {
    apply(entries) {
      applied += entries.length
    },
    restore() {},
    snapshot: () => [Buffer.from(String(applied))],
    leadershipChanged({ isActive }) {
      if (!isActive || isAnnounced) return
      isAnnounced = true
      process.send({ kind: 'leader' })
    },
  }
  const node = await QuorumNode.open(
    env,
    {
      nodeId: id,
      directoryId: `directory-${id}`,
      directory,
      address: `127.0.0.1:${port}`,
      voters,
      clusterId: () => '',
      onFatal: error => {
        console.error(error)
        process.exit(1)
      },
    },
    machine,
  )
  const server = new QuorumServer(env, () => node.transport)
  await server.listen('127.0.0.1', port)
  node.start()
  process.on('message', async message => {
    if (message.kind === 'sync') process.send({ kind: 'sync', ...(await syncTime(env, directory)) })
    if (message.kind === 'run') process.send({ kind: 'run', ...(await load(node, message)) })
  })
}

async function syncTime(env, directory) {
  const file = await env.disk.open(join(directory, 'sync-probe'), 'write')
  const times = []
  for (let i = 0; i < SYNC_SAMPLES; i++) {
    const startMs = performance.now()
    await file.write([Buffer.alloc(300, i)], i * 300)
    await file.sync()
    times.push(performance.now() - startMs)
  }
  await file.close()
  times.sort((a, b) => a - b)
  return { p50: times[SYNC_SAMPLES / 2], p99: times[Math.floor(SYNC_SAMPLES * 0.99)] }
}

async function load(node, { count, bytes, seconds }) {
  const data = Buffer.alloc(bytes, 'x')
  const times = []
  const startMs = performance.now()
  const cpu = process.cpuUsage()
  const endMs = startMs + seconds * 1000
  const client = async () => {
    for (;;) {
      const sentMs = performance.now()
      if (sentMs > endMs) return
      const outcome = await node.driver.proposeAndWait(data)
      if (outcome?.kind !== 'committed') throw new Error(`not committed: ${outcome?.kind}`)
      times.push(performance.now() - sentMs)
    }
  }
  await Promise.all(Array.from({ length: count }, client))
  const elapsed = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpu)
  times.sort((a, b) => a - b)
  return {
    rate: times.length / elapsed,
    p50: times[Math.floor(times.length * 0.5)],
    p99: times[Math.floor(times.length * 0.99)],
    max: times.at(-1),
    cpuUs: (user + system) / times.length,
  }
}
