// Apache Kafka beside Weir, from the jars in $WEIR_CONFORMANCE_CACHE/java or
// ~/.cache/weir-conformance/java: nodes that are broker and controller, formatted and ready to be started.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { freePort } from './free-port.mjs'

/** Where the jars and the other clients are. */
export const CLIENT_CACHE =
  process.env.WEIR_CONFORMANCE_CACHE ?? join(homedir(), '.cache', 'weir-conformance')

const JARS = join(CLIENT_CACHE, 'java', 'lib')

/** Null where the jars are missing. */
export function kafkaClassPath() {
  return existsSync(JARS) ? `${join(CLIENT_CACHE, 'java', 'classes')}:${join(JARS, '*')}` : null
}

/**
 * Null, after a line that says so, where the jars are missing. `args` are what `java` takes to run the
 * node on `port`, with its data in `data`, below the directory.
 */
export async function prepareKafka(directory) {
  const nodes = await prepareKafkaNodes(directory, 1)
  return nodes?.[0] ?? null
}

/** The same for the nodes of one cluster; all of them have to be started. */
export async function prepareKafkaNodes(directory, count) {
  const classPath = kafkaClassPath()
  if (classPath === null) {
    console.error(`no Kafka jars in ${JARS}: running without a peer`)
    return null
  }
  const ports = []
  for (let id = 1; id <= count; id++) {
    ports.push({ id, port: await freePort(), controllerPort: await freePort() })
  }
  const voters = ports.map(({ id, controllerPort }) => `${id}@127.0.0.1:${controllerPort}`).join()
  const nodes = []
  for (const ownPorts of ports) {
    nodes.push(await formatNode(directory, classPath, { ...ownPorts, voters, count }))
  }
  return nodes
}

async function formatNode(directory, classPath, { id, port, controllerPort, voters, count }) {
  const data = join(directory, `kafka-${id}`)
  const properties = join(directory, `kafka-${id}.properties`)
  const replicas = Math.min(3, count)
  const lines = [
    'process.roles=broker,controller',
    `node.id=${id}`,
    `controller.quorum.voters=${voters}`,
    `listeners=PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names=CONTROLLER',
    `log.dirs=${data}`,
    `offsets.topic.replication.factor=${replicas}`,
    `transaction.state.log.replication.factor=${replicas}`,
    `transaction.state.log.min.isr=${Math.min(2, replicas)}`,
  ]
  writeFileSync(properties, `${lines.join('\n')}\n`)
  const format = [
    'kafka.tools.StorageTool',
    'format',
    '-t',
    'weir-bench-cluster-00',
    '-c',
    properties,
  ]
  const formatter = spawn('java', ['-cp', classPath, ...format], { stdio: 'ignore' })
  const [code] = await once(formatter, 'exit')
  if (code !== 0) throw new Error('cannot format Kafka')
  const memory = ['-Xms256m', '-Xmx512m', '-XX:+UseG1GC']
  const args = [...memory, '-cp', classPath, '-Dconformance.log=warn', 'kafka.Kafka', properties]
  return { port, data, args }
}
