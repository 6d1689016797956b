// `npm run bench [-- OPTIONS]`: builds, starts a broker of its own (or takes --bootstrap), runs the
// scenarios of packages/bench against it and writes a table and a JSON file. With --peer Apache Kafka
// runs beside it, if its jars are there: the rounds alternate, and ratios are Weir's to Kafka's.
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { prepareKafka } from './kafka-peer.mjs'
import { prepare, ROOT } from './prepare.mjs'

const HELP = `npm run bench -- [OPTIONS]
  --bootstrap HOST:PORT[,...]  a running broker instead of one of its own
  --pid PID[,PID]              processes of that broker: CPU time and memory
  --peer                       Apache Kafka too, from the jars in
                               $WEIR_CONFORMANCE_CACHE/java or ~/.cache/weir-conformance/java
  --scenario NAME[,NAME]       only these
  --rounds N                   3 unless given; the median counts
  --seconds N                  length of a measurement, 4 unless given
  --warmup N                   seconds before it, 1 unless given
  --partitions N               6 unless given
  --replication N              1 unless given
  --data-dir DIR               where the data of started brokers goes, the system's temporary folder unless given
  --json FILE                  benchmarks/results/last.json unless given
  --no-build                   take what is built`

const START_TIMEOUT_MS = 60_000

const { values } = parseArgs({
  options: {
    bootstrap: { type: 'string' },
    pid: { type: 'string' },
    peer: { type: 'boolean' },
    scenario: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    warmup: { type: 'string', default: '1' },
    partitions: { type: 'string', default: '6' },
    replication: { type: 'string', default: '1' },
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
const { BenchError, formatReport, runBench, SCENARIOS, scenarioByName } =
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

async function startWeir() {
  const program = join(ROOT, 'packages', 'weir', 'bin', 'weir.js')
  const data = join(directory, 'weir')
  const args = [program, 'start', '--listen', '127.0.0.1:0', '--http', 'off', '--data-dir', data]
  const ready = output => / ready: node \d+ at ([^\s,]+)/.exec(output)?.[1]
  const { found, pid } = await start('weir', process.execPath, args, ready)
  return { name: 'weir', bootstrap: found, pids: [pid] }
}

async function startKafka(env) {
  const kafka = await prepareKafka(directory)
  if (kafka === null) return []
  const { port, args } = kafka
  // Kafka says nothing when it is ready: its port answers.
  const started = start('kafka', 'java', args, () => null)
  started.catch(() => undefined)
  const { pid } = children.at(-1)
  for (let waitedMs = 0; ; waitedMs += 200) {
    if (waitedMs > START_TIMEOUT_MS) throw new Error('Kafka is not ready')
    try {
      const socket = await env.net.connect({ host: '127.0.0.1', port, timeoutMs: 1_000 })
      socket.destroy()
      break
    } catch {
      // Not yet; if it died there is a message in its log.
      if (children.at(-1).exitCode !== null) await started
      await env.clock.sleep(200)
    }
  }
  return [{ name: 'kafka', bootstrap: `127.0.0.1:${port}`, pids: [pid] }]
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
    replicationFactor: Number(values.replication),
    onProgress: text => console.error(text),
  })
  mkdirSync(dirname(values.json), { recursive: true })
  writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`)
  console.log(formatReport(report))
  cleanUp()
  process.exit(0)
} catch (error) {
  const isExpected = error instanceof BenchError || error.name === 'NetError'
  fail(isExpected ? error.message : (error.stack ?? String(error)))
}
