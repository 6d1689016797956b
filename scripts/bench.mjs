// `npm run bench [-- OPTIONS]`: builds, starts a broker of its own (or takes --bootstrap), runs the
// scenarios of packages/bench against it and writes a table and a JSON file. With --peer Apache Kafka
// runs beside it, if its jars are there: the rounds alternate, and ratios are Weir's to Kafka's.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { BenchBrokers } from './bench-brokers.mjs'
import { measureClients } from './bench-clients.mjs'
import { prepare, ROOT } from './prepare.mjs'

const HELP = `npm run bench -- [OPTIONS]
  --bootstrap HOST:PORT[,...]  a running broker instead of one of its own
  --pid PID[,PID]              processes of that broker: CPU time and memory
  --peer                       Apache Kafka too, from the jars in
                               $WEIR_CONFORMANCE_CACHE/java or ~/.cache/weir-conformance/java
  --clients                    after the scenarios the Java performance tools and librdkafka, those that
                               are in the same folder
  --client-records N           records of 1,000 bytes that each of them sends and takes, 500000 unless given
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

const START = 'start'
const START_SCENARIO = {
  name: START,
  title: 'start on empty data, until every node answers Metadata (p50); memory when idle for 5 s',
}
const IDLE_SECONDS = 5

const { values } = parseArgs({
  options: {
    bootstrap: { type: 'string' },
    pid: { type: 'string' },
    peer: { type: 'boolean' },
    clients: { type: 'boolean' },
    'client-records': { type: 'string', default: '500000' },
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
const bench = await built('bench/dist/index.js')
const { benchResult, timeStart, untilAnswering } = bench
const { BenchError, formatHtml, formatReport, runBench, SCENARIOS, scenarioByName } = bench
const { createNodeEnv } = await built('core/dist/node/index.js')

const directory = mkdtempSync(join(values['data-dir'], 'weir-bench-'))

function fail(message) {
  console.error(message)
  cleanUp()
  process.exit(1)
}

function cleanUp() {
  interruption.abort()
  brokers.killAll()
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
}

process.on('SIGINT', () => fail('interrupted'))
process.on('SIGTERM', () => fail('interrupted'))

/** Ends the clients that run. */
const interruption = new AbortController()
const brokers = new BenchBrokers(directory, Number(values.nodes))

async function started(prepared) {
  const broker = brokers.launch(prepared)
  await untilAnswering(env, broker)
  return broker
}

/** The brokers to measure: the one that runs, or those that are started now. */
async function startTargets() {
  const pids = values.pid?.split(',').map(Number) ?? []
  const own = values.bootstrap
    ? { name: 'broker', bootstrap: values.bootstrap, pids }
    : await started(await brokers.prepareWeir())
  const peer = values.peer ? await brokers.prepareKafka() : null
  return peer === null ? [own] : [own, await started(peer)]
}

/** Starts Weir and the peer in turn, each on empty data, before anything else runs. */
async function measureStarts() {
  const rounds = new Map()
  for (let round = 1; round <= Number(values.rounds); round++) {
    const weir = await brokers.prepareWeir()
    const kafka = values.peer ? await brokers.prepareKafka() : null
    for (const prepared of kafka === null ? [weir] : [weir, kafka]) {
      const { name } = prepared
      console.error(`round ${round}/${values.rounds}: ${START} of ${name}`)
      const result = await timeStart(env, () => brokers.launch(prepared), IDLE_SECONDS)
      rounds.set(name, [...(rounds.get(name) ?? []), result])
    }
  }
  return [...rounds].map(([target, all]) => benchResult(target, START_SCENARIO, all))
}

const env = createNodeEnv({ log: { level: 'warn' } })
const known = [START, ...SCENARIOS.map(scenario => scenario.name)]
const names = values.scenario?.split(',') ?? known
if (!names.every(name => known.includes(name))) {
  fail(`unknown scenario in ${names.join(', ')}; there are ${known.join(', ')}`)
}
const scenarios = names.filter(name => name !== START).map(name => scenarioByName(name))

try {
  const startsToo = names.includes(START) && !values.bootstrap
  if (names.includes(START) && !startsToo) {
    console.error(`${START} is for brokers that are started here: left out`)
  }
  const starts = startsToo ? await measureStarts() : []
  const targets = scenarios.length > 0 || values.clients ? await startTargets() : []
  const common = {
    targets,
    rounds: Number(values.rounds),
    partitions: Number(values.partitions),
    replicationFactor: Number(values.replication ?? Math.min(3, Number(values.nodes))),
  }
  const measured = await runBench(env, {
    ...common,
    scenarios,
    seconds: Number(values.seconds),
    warmupSeconds: Number(values.warmup),
    onProgress: text => console.error(text),
  })
  const records = Number(values['client-records'])
  const { signal } = interruption
  const clients = values.clients
    ? await measureClients(env, bench, { ...common, records, signal })
    : []
  const report = { ...measured, results: [...starts, ...measured.results, ...clients] }
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
