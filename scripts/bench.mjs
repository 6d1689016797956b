// `npm run bench [-- OPTIONS]`: builds, starts a broker of its own (or takes --bootstrap), runs the
// scenarios of packages/bench against it and writes a table and a JSON file. With --peer Apache Kafka
// runs beside it, if its jars are there: the rounds alternate, and ratios are Weir's to Kafka's.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { freePort } from './free-port.mjs'
import { prepareKafkaNodes } from './kafka-peer.mjs'
import { prepare, ROOT } from './prepare.mjs'

const HELP = `npm run bench -- [OPTIONS]
  --bootstrap HOST:PORT[,...]  a running broker instead of one of its own
  --pid PID[,PID]              processes of that broker: CPU time and memory
  --peer                       Apache Kafka too, from the jars in
                               $WEIR_CONFORMANCE_CACHE/java or ~/.cache/weir-conformance/java
  --nodes N                    a cluster of so many nodes, and as many of Kafka; 1 unless given
  --scenario NAME[,NAME]       only these
  --rounds N                   3 unless given; the median counts
  --seconds N                  length of a measurement, 4 unless given
  --warmup N                   seconds before it, 1 unless given
  --partitions N               6 unless given
  --replication N              as many as there are nodes, 3 at most, unless given
  --data-dir DIR               where the data of started brokers goes, the system's temporary folder unless given
  --json FILE                  benchmarks/results/last.json unless given; a page with plots
                               beside it, .html
  --no-build                   take what is built`

const START_TIMEOUT_MS = 180_000

const { values } = parseArgs({
  options: {
    bootstrap: { type: 'string' },
    pid: { type: 'string' },
    peer: { type: 'boolean' },
    nodes: { type: 'string', default: '1' },
    scenario: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    warmup: { type: 'string', default: '1' },
    partitions: { type: 'string', default: '6' },
    replication: { type: 'string' },
    'data-dir': { type: 'string', default: tmpdir() },
    json: { type: 'string', default: join(ROOT, 'benchmarks', 'results', 'last.json') },
    'no-build': { type: 'boolean' },
    help: { type: 'boolean' },
  },
})

if (values.help) {
  console.log(HELP)
  process.exit(0)
}
if (!values['no-build']) prepare()

const built = name => import(new URL(`../packages/${name}`, import.meta.url).href)
const { BenchError, formatHtml, formatReport, runBench, SCENARIOS, scenarioByName } =
  await built('bench/dist/index.js')
const { createNodeEnv } = await built('core/dist/node/index.js')

const children = []
const directory = mkdtempSync(join(values['data-dir'], 'weir-bench-'))

function fail(message) {
  console.error(message)
  cleanUp()
  process.exit(1)
}

function cleanUp() {
  for (const child of children) child.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}

process.on('SIGINT', () => fail('interrupted'))
process.on('SIGTERM', () => fail('interrupted'))

/** Starts a program and waits until `isReady` finds what it waits for in its output. */
function start(name, command, args, isReady) {
  const logFile = join(directory, `${name}.log`)
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', openSync(logFile, 'w')] })
  children.push(child)
  let output = ''
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${name} is not ready`)), START_TIMEOUT_MS)
    const settle = found => {
      clearTimeout(timer)
      resolve({ found, pid: child.pid })
    }
    child.stdout.on('data', chunk => {
      output += chunk
      const found = isReady(output)
      if (found) settle(found)
    })
    child.on('error', reject)
    child.on('exit', code => {
      clearTimeout(timer)
      const log = `${output}${readFileSync(logFile, 'utf8')}`.trim().split('\n').slice(-15)
      reject(new Error(`${name} ended with ${code}\n${log.join('\n')}`))
    })
  })
}

const nodeCount = Number(values.nodes)

async function startWeir() {
  const program = join(ROOT, 'packages', 'weir', 'bin', 'weir.js')
  const ports = []
  for (let id = 1; id <= nodeCount; id++) ports.push({ id, port: await freePort() })
  const voters = ports.map(({ id, port }) => `${id}@127.0.0.1:${port}`).join()
  const started = ports.map(({ id, port }) => {
    const data = join(directory, `weir-${id}`)
    const address = ['--listen', '127.0.0.1:0', '--controller-listen', `127.0.0.1:${port}`]
    const identity = ['--node-id', String(id), '--voters', voters, '--data-dir', data]
    const args = [program, 'start', ...address, ...identity, '--http', 'off']
    const ready = output => / ready: node \d+ at ([^\s,]+)/.exec(output)?.[1]
    return start(`weir-${id}`, process.execPath, args, ready)
  })
  const nodes = await Promise.all(started)
  return {
    name: 'weir',
    bootstrap: nodes.map(node => node.found).join(),
    pids: nodes.map(node => node.pid),
  }
}

async function startKafka(env) {
  const nodes = await prepareKafkaNodes(directory, nodeCount)
  if (nodes === null) return []
  const running = nodes.map(({ port, args }, index) => {
    // Kafka says nothing when it is ready: its port answers.
    const ended = start(`kafka-${index + 1}`, 'java', args, () => null)
    ended.catch(() => undefined)
    return { port, ended, child: children.at(-1) }
  })
  for (const node of running) await answering(env, node)
  const bootstrap = running.map(({ port }) => `127.0.0.1:${port}`).join()
  return [{ name: 'kafka', bootstrap, pids: running.map(({ child }) => child.pid) }]
}

async function answering(env, { port, ended, child }) {
  for (let waitedMs = 0; ; waitedMs += 200) {
    if (waitedMs > START_TIMEOUT_MS) throw new Error('Kafka is not ready')
    try {
      const socket = await env.net.connect({ host: '127.0.0.1', port, timeoutMs: 1_000 })
      socket.destroy()
      return
    } catch {
      // Not yet; if it died there is a message in its log.
      if (child.exitCode !== null) await ended
      await env.clock.sleep(200)
    }
  }
}

const env = createNodeEnv({ log: { level: 'warn' } })
const names = values.scenario?.split(',') ?? SCENARIOS.map(scenario => scenario.name)
const scenarios = names.map(name => scenarioByName(name))
if (scenarios.includes(undefined)) {
  const known = SCENARIOS.map(scenario => scenario.name).join(', ')
  fail(`unknown scenario in ${names.join(', ')}; there are ${known}`)
}

try {
  const pids = values.pid?.split(',').map(Number) ?? []
  const own = values.bootstrap
    ? { name: 'broker', bootstrap: values.bootstrap, pids }
    : await startWeir()
  const targets = [own, ...(values.peer ? await startKafka(env) : [])]
  const report = await runBench(env, {
    targets,
    scenarios,
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    warmupSeconds: Number(values.warmup),
    partitions: Number(values.partitions),
    replicationFactor: Number(values.replication ?? Math.min(3, nodeCount)),
    onProgress: text => console.error(text),
  })
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  writeFileSync(`${values.json.replace(/\.json$/, '')}.html`, formatHtml(report))
  console.log(formatReport(report))
  cleanUp()
  process.exit(0)
} catch (error) {
  const isExpected = error instanceof BenchError || error.name === 'NetError'
  fail(isExpected ? error.message : (error.stack ?? String(error)))
}
