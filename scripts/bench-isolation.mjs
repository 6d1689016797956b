// `node scripts/bench-isolation.mjs [OPTIONS]`: what bad clients cost a good one, and the broker's
// memory. It starts a broker of its own (or takes --bootstrap and --pid); the bad clients run in a
// process of their own. Every round measures the good one alone and then beside one kind of bad ones, for
// each kind: the ratios of these pairs count.
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
  --kinds LIST           beside which of them it is measured: idle,deaf,greedy,wide unless given
  --soak N               seconds of produce and fetch at full speed, 0 unless given (600 is the bar)
  --data-dir DIR         where the data of its own broker goes, the system's temporary folder unless given
  --no-build             take what is built`

const { values } = parseArgs({
  options: {
    bootstrap: { type: 'string' },
    pid: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '5' },
    kinds: { type: 'string', default: 'idle,deaf,greedy,wide' },
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
/** Those that never stop sending: the broker does not come to rest beside them. */
const BUSY_KINDS = ['greedy', 'wide']
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

function beside(kind, run, use) {
  const go = () => besidePeers(kind, run, use)
  return kind === 'wide' ? run.isolation.withWideTopic(go) : go()
}

async function besidePeers(kind, run, use) {
  const { topic, wideTopic } = run.isolation
  const options = { kind, bootstrap: run.bootstrap, topic, wideTopic }
  const child = fork(fileURLToPath(import.meta.url), {
    env: { ...process.env, WEIR_BAD_PEERS: JSON.stringify(options) },
  })
  try {
    await once(child, 'message')
    // Their first requests come all at once; what counts is what they do to others for good.
    if (!BUSY_KINDS.includes(kind)) await run.isolation.settle()
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

async function latencies(run) {
  const seconds = Number(values.seconds)
  const kinds = values.kinds.split(',')
  const pairs = new Map(kinds.map(kind => [kind, []]))
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const kind of kinds) {
      // Right before each: what else goes on on the machine changes.
      const alone = await run.isolation.measure(seconds)
      const disturbed = await beside(kind, run, () => run.isolation.measure(seconds))
      pairs.get(kind).push({ alone, disturbed })
    }
  }
  console.log('a producer of 100-byte records, one request at a time, beside')
  show(
    'nobody',
    [...pairs.values()].flat().map(pair => pair.alone),
    '',
  )
  for (const [kind, each] of pairs) {
    const disturbed = each.map(pair => pair.disturbed)
    const p99 = each.map(pair => pair.disturbed.latency.p99Us / pair.alone.latency.p99Us)
    const all = p99.map(ratio => ratio.toFixed(2)).join(' ')
    const busy = BUSY_KINDS.includes(kind)
    const answers = busy ? `, ${median(disturbed.map(result => result.answerCount))} answered` : ''
    show(BAD_PEERS[kind], disturbed, `, p99 ${median(p99).toFixed(2)}x (${all})${answers}`)
  }
}

function show(title, results, more) {
  const p50 = median(results.map(result => result.latency.p50Us))
  const p99 = median(results.map(result => result.latency.p99Us))
  const resident = mib(median(results.map(result => result.residentBytes)))
  const refused = results.reduce((sum, result) => sum + result.refusedCount, 0)
  console.log(
    `  ${title}: p50 ${p50} us, p99 ${p99} us, RSS ${resident}, ${refused} refused${more}`,
  )
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
