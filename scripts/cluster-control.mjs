#!/usr/bin/env node
// A cluster of three nodes on this machine whose nodes are started, stopped, killed and paused by id: for
// failure tests, and as --control of the conformance kit's failover cases.
//
//   cluster-control.mjs DIR up [NODES [PORT]] [NAME=VALUE ...]   start; 3 nodes from port 9092 unless told
//   cluster-control.mjs DIR start ID | stop ID | kill ID         returns when it is ready / has ended
//   cluster-control.mjs DIR pause ID | continue ID               SIGSTOP, SIGCONT
//   cluster-control.mjs DIR down [--clean]                       SIGTERM to all; --clean removes DIR
//   cluster-control.mjs DIR bootstrap | pid ID                   the addresses; a node's process
//
// A node is the program of packages/weir in a session of its own, with its log in DIR/ID.log.
import { spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('../packages/weir/bin/weir.js', import.meta.url))
const START_MS = 60_000
const END_MS = 40_000
const MAX_VOTERS = 3

export class ClusterControl {
  constructor(directory) {
    this.directory = resolve(directory)
    this.file = join(this.directory, 'cluster.json')
  }

  /** Writes down what the nodes are started with, and starts them. `hasMetrics`: at `httpPort`. */
  async up({ nodes = 3, port = 9092, settings = [], hasMetrics = false, nodeFlags = [] } = {}) {
    mkdirSync(this.directory, { recursive: true })
    writeFileSync(this.file, JSON.stringify({ nodes, port, settings, hasMetrics, nodeFlags }))
    await Promise.all(this.ids.map(id => this.start(id)))
  }

  get plan() {
    if (!existsSync(this.file))
      throw new Error(`there is no cluster in ${this.directory}: up first`)
    return JSON.parse(readFileSync(this.file, 'utf8'))
  }

  get ids() {
    return Array.from({ length: this.plan.nodes }, (_, index) => index + 1)
  }

  get bootstrap() {
    return this.ids.map(id => `127.0.0.1:${this.clientPort(id)}`).join(',')
  }

  clientPort(id) {
    return this.plan.port + id - 1
  }

  /** Where it shows its metrics, if it does. */
  httpPort(id) {
    return this.clientPort(id) + 2000
  }

  /** Null if it does not run. */
  pid(id) {
    const file = join(this.directory, `${id}.pid`)
    if (!existsSync(file)) return null
    const pid = Number(readFileSync(file, 'utf8'))
    return isAlive(pid) ? pid : null
  }

  /** Returns when it serves clients, which takes a majority of the voters. */
  async start(id) {
    if (this.pid(id) !== null) return
    const path = join(this.directory, `${id}.log`)
    const log = openSync(path, 'a')
    const { size } = fstatSync(log)
    // A session of its own: whoever ends our caller's session leaves the node alone.
    const command = [...(this.plan.nodeFlags ?? []), PROGRAM, 'start', ...this.arguments(id)]
    const child = spawn(process.execPath, command, {
      stdio: ['ignore', log, log],
      detached: true,
    })
    closeSync(log)
    child.unref()
    writeFileSync(join(this.directory, `${id}.pid`), String(child.pid))
    await until(START_MS, `node ${id} is ready (see ${path})`, () => {
      if (this.pid(id) === null) throw new Error(`node ${id} ended: see ${path}`)
      return readFileSync(path).toString('utf8', size).includes(' ready: ')
    })
  }

  arguments(id) {
    const { settings, hasMetrics } = this.plan
    const http = hasMetrics ? `127.0.0.1:${this.httpPort(id)}` : 'off'
    const voters = this.ids.slice(0, MAX_VOTERS).map(voter => {
      return `${voter}@127.0.0.1:${this.clientPort(voter) + 1000}`
    })
    return [
      ...['--node-id', String(id), '--listen', `127.0.0.1:${this.clientPort(id)}`],
      ...['--voters', voters.join(','), '--data-dir', join(this.directory, `data-${id}`)],
      ...['--roles', id <= MAX_VOTERS ? 'broker,controller' : 'broker', '--http', http],
      ...settings.flatMap(setting => ['--set', setting]),
    ]
  }

  async stop(id) {
    await this.#end(id, 'SIGTERM')
  }

  async kill(id) {
    await this.#end(id, 'SIGKILL')
  }

  pause(id) {
    this.#signal(id, 'SIGSTOP')
  }

  continue(id) {
    this.#signal(id, 'SIGCONT')
  }

  async down({ clean = false } = {}) {
    for (const id of this.ids) {
      const pid = this.pid(id)
      if (pid !== null) process.kill(pid, 'SIGCONT')
    }
    await Promise.all(this.ids.map(id => this.stop(id)))
    if (clean) rmSync(this.directory, { recursive: true, force: true })
  }

  #signal(id, signal) {
    const pid = this.pid(id)
    if (pid === null) throw new Error(`node ${id} does not run`)
    process.kill(pid, signal)
  }

  async #end(id, signal) {
    const pid = this.pid(id)
    if (pid === null) return
    process.kill(pid, signal)
    await until(END_MS, `node ${id} has ended`, () => !isAlive(pid))
  }
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  // One that has ended, and whose parent has not asked for how, is still listed on Linux.
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return process.platform !== 'linux'
  }
}

async function until(timeoutMs, what, holds) {
  const deadline = performance.now() + timeoutMs
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

async function main([directory, verb, ...rest]) {
  const control = new ClusterControl(directory ?? '.')
  const id = Number(rest[0])
  switch (verb) {
    case 'up': {
      const settings = rest.filter(word => word.includes('='))
      const [nodes = 3, port = 9092] = rest.filter(word => !word.includes('=')).map(Number)
      await control.up({ nodes, port, settings })
      console.log(control.bootstrap)
      return 0
    }
    case 'start':
    case 'stop':
    case 'kill':
    case 'pause':
    case 'continue':
      if (!control.ids.includes(id)) throw new Error(`there is no node ${rest[0]}`)
      await control[verb](id)
      return 0
    case 'down':
      await control.down({ clean: rest.includes('--clean') })
      return 0
    case 'bootstrap':
      console.log(control.bootstrap)
      return 0
    case 'pid':
      console.log(control.pid(id) ?? 'none')
      return 0
    default:
      console.error(
        'cluster-control.mjs DIR up [NODES [PORT]] [NAME=VALUE ...] | start ID | stop ID | kill ID | pause ID | continue ID | down [--clean] | bootstrap | pid ID',
      )
      return 2
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.exitCode = await main(process.argv.slice(2))
  } catch (error) {
    console.error(error.message)
    process.exitCode = 1
  }
}
