// `node scripts/bench-isolation.mjs [OPTIONS]`: what bad clients cost a good one, and the broker's
// memory. It starts a broker of its own (or takes --bootstrap and --pid); the bad clients run in a
// process of their own. Every round measures the good one alone, then beside each kind of bad ones.
import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { prepare, ROOT } from './prepare.mjs'

const HELP = `node scripts/bench-isolation.mjs [OPTIONS]
  --bootstrap HOST:PORT  a running broker instead of one of its own
  --pid PID              process of that broker
  --rounds N             3 unless given; medians count
  --seconds N            length of a measurement, 5 unless given
  --kinds LIST           of idle,deaf,greedy: those beside which it is measured
  --soak N               seconds of produce and fetch at full speed, 0 unless given (600 is the bar)
  --data-dir DIR         where the data of its own broker goes, the system's temporary folder unless given
  --no-build             take what is built`

const { values } = parseArgs({
  options: {
    bootstrap: { type: 'string' },
    pid: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    kinds: { type: 'string', default: 'idle,deaf,greedy' },
    soak: { type: 'string', default: '0' },
    'data-dir': { type: 'string', default: tmpdir() },
    'no-build': { type: 'boolean' },
    help: { type: 'boolean' },
  },
})
if (values.help) {
  console.log(HELP)
  process.exit(0)
}
const peers = process.env.WEIR_BAD_PEERS
if (peers === undefined && !values['no-build']) prepare()
const built = name => import(new URL(`../packages/${name}`, import.meta.url).href)
const { BAD_PEERS, BadPeers, IsolationRun } = await built('bench/dist/index.js')
const { createNodeEnv } = await built('core/dist/node/index.js')
const env = createNodeEnv({ log: { level: 'warn' } })

if (peers === undefined) await main()
else await beBad(JSON.parse(peers))

/** The other process: bad until it is killed. */
async function beBad(options) {
  process.on('disconnect', () => process.exit(0))
  const bad = await BadPeers.start(env, options)
  process.send('ready')
  process.on('message', () => {
    process.send({ closedCount: bad.closedCount, answerCount: bad.answerCount })
  })
}

async function beside(kind, run, use) {
  const options = { kind, bootstrap: run.bootstrap, topic: run.isolation.topic }
  const child = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, WEIR_BAD_PEERS: JSON.stringify(options) },
  })
  try {
    await once(child, 'message')
    // Their first requests come all at once; what counts is what they do to others for good.
    if (kind !== 'greedy') await run.isolation.settle()
    const result = await use()
    child.send('count')
    const [counts] = await once(child, 'message')
    return { ...result, ...counts }
  } finally {
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
}

async function startBroker(directory) {
  const program = join(ROOT, 'packages', 'weir', 'bin', 'weir.js')
  const args = [
    program,
    'start',
    '--listen',
    '127.0.0.1:0',
    '--http',
    'off',
    '--data-dir',
    directory,
  ]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'ignore'] })
  let output = ''
  for await (const chunk of child.stdout) {
    output += chunk
    const bootstrap = / ready: node \d+ at ([^\s,]+)/.exec(output)?.[1]
    if (bootstrap) return { child, bootstrap, pids: [child.pid] }
  }
  throw new Error('the broker did not start')
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

function mib(bytes) {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`
}

async function main() {
  const directory = mkdtempSync(join(values['data-dir'], 'weir-isolation-'))
  const own = values.bootstrap === undefined
  const broker = own
    ? await startBroker(directory)
    : { bootstrap: values.bootstrap, pids: values.pid === undefined ? [] : [Number(values.pid)] }
  const isolation = await IsolationRun.open(env, broker)
  const run = { bootstrap: broker.bootstrap, isolation }
  try {
    await latencies(run)
    await announcements(run)
    if (Number(values.soak) > 0) await soak(run)
  } finally {
    broker.child?.kill('SIGKILL')
    rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
  }
  process.exit(0)
}

async function latencies({ bootstrap, isolation }) {
  const seconds = Number(values.seconds)
  const run = { bootstrap, isolation }
  const results = new Map([['alone', []]])
  for (let round = 0; round < Number(values.rounds); round++) {
    results.get('alone').push(await isolation.measure(seconds))
    for (const kind of values.kinds.split(',')) {
      const result = await beside(kind, run, () => isolation.measure(seconds))
      results.set(kind, [...(results.get(kind) ?? []), result])
    }
  }
  const p99 = all => median(all.map(result => result.latency.p99Us))
  const base = p99(results.get('alone'))
  console.log('a producer of 100-byte records, one request at a time, beside')
  for (const [kind, all] of results) {
    const p50 = median(all.map(result => result.latency.p50Us))
    const ratio = (p99(all) / base).toFixed(2)
    const resident = mib(median(all.map(result => result.residentBytes)))
    const title = kind === 'alone' ? 'nobody' : BAD_PEERS[kind]
    const answers =
      kind === 'greedy' ? `, ${median(all.map(each => each.answerCount))} answered` : ''
    const refused = all.reduce((sum, result) => sum + result.refusedCount, 0)
    const times = `p50 ${p50} us, p99 ${p99(all)} us (${ratio}x)`
    console.log(`  ${title}: ${times}, RSS ${resident}, ${refused} refused${answers}`)
  }
}

async function announcements(run) {
  const { isolation } = run
  const before = isolation.residentBytes
  const { during, closedCount } = await beside('announcing', run, async () => {
    await env.clock.sleep(2_000)
    return { during: isolation.residentBytes }
  })
  const cost = mib(during - before)
  console.log(
    `${BAD_PEERS.announcing}: RSS ${mib(before)} to ${mib(during)} (${cost}), ${closedCount} closed`,
  )
}

async function soak({ isolation }) {
  const seconds = Number(values.soak)
  const samples = await isolation.soak(seconds, Math.max(1, seconds / 20))
  const first = samples.slice(Math.floor(samples.length / 4))
  const shown = samples.map(bytes => (bytes / 1024 / 1024).toFixed(0)).join(' ')
  const slope = (first.at(-1) - first[0]) / 1024 / 1024
  console.log(`produce and fetch at full speed for ${seconds} s: RSS in MiB ${shown}`)
  console.log(`  ${slope.toFixed(0)} MiB between the first quarter and the end`)
}
