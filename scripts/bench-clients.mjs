// Real clients as loads of the benchmark: the Java performance tools and librdkafka, from
// $WEIR_CONFORMANCE_CACHE or ~/.cache/weir-conformance. One that is not there is left out, with a line.
import { execFile, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { CLIENT_CACHE, kafkaClassPath } from './kafka-peer.mjs'
import { ROOT } from './prepare.mjs'

const RECORD_BYTES = 1_000
const TOOL_TIMEOUT_MS = 600_000
const MODES = ['produce', 'consume']
const run = promisify(execFile)

/**
 * Results of every client on every target, in the shape of runBench: `bench` is packages/bench. Each
 * round a client produces `records` records to a topic of its own and consumes them again.
 */
export async function measureClients(env, bench, options) {
  const clients = [javaClient(bench), librdkafkaClient(bench)].filter(client => client !== null)
  const rounds = new Map()
  for (let round = 1; round <= options.rounds; round++) {
    for (const client of clients) {
      for (const target of options.targets) {
        console.error(`round ${round}/${options.rounds}: ${client.name} on ${target.name}`)
        const results = await measureClient(env, bench, { ...options, client, target })
        for (const mode of MODES) {
          const key = `${client.name}-${mode} ${target.name}`
          rounds.set(key, [...(rounds.get(key) ?? []), results[mode]])
        }
      }
    }
  }
  const results = []
  for (const client of clients) {
    for (const mode of MODES) {
      const name = `${client.name}-${mode}`
      const title = `${client.title}: ${mode}, ${options.records} records of ${RECORD_BYTES} bytes`
      for (const target of options.targets) {
        const all = rounds.get(`${name} ${target.name}`) ?? []
        results.push(bench.benchResult(target.name, { name, title }, all))
      }
    }
  }
  return results
}

async function measureClient(env, bench, { client, target, records, signal, ...shape }) {
  const admin = await bench.Admin.connect(env, target.bootstrap)
  const { partitions, replicationFactor } = shape
  const name = `weir-bench-${client.name}-${env.random.u32().toString(36)}`
  const topic = { name, partitions, replicationFactor, configs: {} }
  await admin.createTopic(topic)
  try {
    await admin.leaders(topic)
    const results = {}
    for (const mode of MODES) {
      const { command, args, figures } = client[mode](target.bootstrap, name, records)
      const before = bench.readUsage(target.pids)
      const { stdout } = await tool(bench, command, args, signal)
      const usage = { before, after: bench.readUsage(target.pids) }
      const wanted = { records, recordBytes: RECORD_BYTES }
      results[mode] = bench.clientResult(figures(stdout), wanted, usage)
    }
    return results
  } finally {
    await admin.deleteTopic(name).catch(() => undefined)
    admin.close()
  }
}

async function tool(bench, command, args, signal) {
  try {
    return await run(command, args, { timeout: TOOL_TIMEOUT_MS, killSignal: 'SIGKILL', signal })
  } catch (error) {
    throw new bench.BenchError(`a client failed: ${error.stderr?.trim() || error.message}`)
  }
}

function javaClient(bench) {
  const classPath = kafkaClassPath()
  if (classPath === null || spawnSync('java', ['-version']).status !== 0) {
    console.error('no Java or no Kafka jars: without the Java client')
    return null
  }
  const java = ['-Xmx512m', '-Dconformance.log=error', '-cp', classPath]
  const common = (bootstrap, topic, records) => {
    return ['--bootstrap-server', bootstrap, '--topic', topic, '--num-records', String(records)]
  }
  return {
    name: 'client-java',
    title: 'the Java client and its performance tool',
    produce: (bootstrap, topic, records) => {
      const shape = ['--record-size', String(RECORD_BYTES), '--throughput', '-1']
      const properties = ['--command-property', 'acks=all']
      const main = 'org.apache.kafka.tools.ProducerPerformance'
      const args = [...java, main, ...common(bootstrap, topic, records), ...shape, ...properties]
      return { command: 'java', args, figures: bench.javaProducerFigures }
    },
    consume: (bootstrap, topic, records) => {
      const main = 'org.apache.kafka.tools.ConsumerPerformance'
      const args = [...java, main, ...common(bootstrap, topic, records), '--timeout', '30000']
      return { command: 'java', args, figures: bench.javaConsumerFigures }
    },
  }
}

function librdkafkaClient(bench) {
  const python = join(CLIENT_CACHE, 'python', 'bin', 'python')
  if (!existsSync(python) || spawnSync(python, ['-c', 'import confluent_kafka']).status !== 0) {
    console.error(`no confluent_kafka for ${python}: without librdkafka`)
    return null
  }
  const program = join(ROOT, 'benchmarks', 'librdkafka-perf.py')
  const mode = name => (bootstrap, topic, records) => {
    const args = [program, name, bootstrap, topic, String(records), String(RECORD_BYTES)]
    return { command: python, args, figures: bench.librdkafkaFigures }
  }
  return {
    name: 'client-librdkafka',
    title: 'librdkafka, through Python',
    produce: mode('produce'),
    consume: mode('consume'),
  }
}
