// The brokers that the benchmark starts itself: Weir's nodes and, where its jars are, Apache Kafka's.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, openSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.mjs'
import { prepareKafkaNodes } from './kafka-peer.mjs'
import { ROOT } from './prepare.mjs'

/** Everything a cluster needs is prepared first, so that its start can be timed alone. */
export class BenchBrokers {
  #directory
  #nodeCount
  #children = []
  #preparedCount = 0

  constructor(directory, nodeCount) {
    this.#directory = directory
    this.#nodeCount = nodeCount
  }

  async prepareWeir() {
    const directory = this.#newDirectory('weir')
    const ids = Array.from({ length: this.#nodeCount }, (_, i) => i + 1)
    const ports = []
    for (const id of ids) {
      ports.push({ id, port: await freePort(), controllerPort: await freePort() })
    }
    const voters = ports.map(node => `${node.id}@127.0.0.1:${node.controllerPort}`).join()
    const program = join(ROOT, 'packages', 'weir', 'bin', 'weir.js')
    const commands = ports.map(({ id, port, controllerPort }) => {
      const listen = ['--listen', `127.0.0.1:${port}`]
      const controller = ['--controller-listen', `127.0.0.1:${controllerPort}`]
      const identity = ['--node-id', String(id), '--voters', voters]
      const rest = ['--data-dir', join(directory, String(id)), '--http', 'off']
      const args = [program, 'start', ...listen, ...controller, ...identity, ...rest]
      return { command: process.execPath, args }
    })
    return { name: 'weir', directory, ports: ports.map(({ port }) => port), commands }
  }

  /** Null, after a line that says so, where the jars are missing. */
  async prepareKafka() {
    const directory = this.#newDirectory('kafka')
    const nodes = await prepareKafkaNodes(directory, this.#nodeCount)
    if (nodes === null) return null
    const commands = nodes.map(({ args }) => ({ command: 'java', args }))
    return { name: 'kafka', directory, ports: nodes.map(({ port }) => port), commands }
  }

  /** Starts the processes and does not wait for them: a LaunchedBroker of packages/bench. */
  launch({ name, directory, ports, commands }) {
    const nodes = commands.map(({ command, args }, index) => {
      const logFile = join(directory, `${name}-${index + 1}.log`)
      const log = openSync(logFile, 'w')
      const child = spawn(command, args, { stdio: ['ignore', log, log] })
      const node = { child, logFile, why: null, exited: once(child, 'exit') }
      node.exited.then(
        ([code, signal]) => {
          node.why = `${code ?? signal}\n${lastLines(logFile)}`
        },
        error => {
          node.why = error.message
        },
      )
      return node
    })
    this.#children.push(...nodes.map(({ child }) => child))
    return {
      name,
      bootstrap: ports.map(port => `127.0.0.1:${port}`).join(),
      pids: nodes.flatMap(({ child }) => child.pid ?? []),
      whyEnded: () => nodes.find(({ why }) => why !== null)?.why ?? null,
      stop: async () => {
        for (const { child } of nodes) child.kill('SIGKILL')
        await Promise.allSettled(nodes.map(({ exited }) => exited))
        rmSync(directory, { recursive: true, force: true, maxRetries: 5 })
      },
    }
  }

  killAll() {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  #newDirectory(name) {
    const directory = join(this.#directory, `${name}-${++this.#preparedCount}`)
    mkdirSync(directory)
    return directory
  }
}

function lastLines(logFile) {
  return readFileSync(logFile, 'utf8').trim().split('\n').slice(-15).join('\n')
}
