// The process of a node: starts it, says when it is ready, ends it on a signal. The only place that
// calls process.exit.
//
// Standard output gets one line when clients are served; logs go to standard error. Exit codes: 0 after
// a clean stop, 1 for what an operator has to mend (one sentence) or a broken invariant.

import { hostname } from 'node:os'
import { type Env, errorMessage, OperatorError } from '@weir/core'
import type { BrokerSettings } from '@weir/settings'
import { HttpEndpoint } from './http/http-endpoint.ts'
import type { BoundListener } from './node-listeners.ts'
import { StartCancelledError, WeirNode } from './weir-node.ts'

export interface RunNodeOptions {
  readonly env: Env
  /** Loaded and validated (loadSettings). */
  readonly settings: BrokerSettings
  /** As in the ready line. */
  readonly version: string
  /** How the command line is called where the node was started: `weir` unless told. */
  readonly commandName?: string
  /** On a terminal, says what to type next; true unless told. */
  readonly showsHints?: boolean
}

/** Where the command line looks for a broker unless told. */
const DEFAULT_BOOTSTRAP = '127.0.0.1:9092'

/** Runs a node until a signal ends the process. Does not return. */
export async function runNode({
  env,
  settings,
  version,
  commandName = 'weir',
  showsHints = true,
}: RunNodeOptions): Promise<never> {
  process.on('uncaughtException', error => die(env, 'uncaught error', error))
  process.on('unhandledRejection', error => die(env, 'unhandled rejection', error))
  const stop = new StopSignal()
  const http = await HttpEndpoint.start(env, { settings, version, nodeVersion: process.version })
  let node: WeirNode
  try {
    node = await WeirNode.start(env, {
      settings,
      hostName: hostname(),
      onFatal: error => die(env, 'the node cannot go on', error),
      cancelled: stop.received,
    })
  } catch (error) {
    if (error instanceof StartCancelledError) process.exit(0)
    if (!(error instanceof OperatorError)) return die(env, 'the start failed', error)
    process.stderr.write(`weir: ${error.message}\n`)
    process.exit(1)
  }
  http?.onStarted(node)
  announceReady(node, version)
  if (showsHints) suggest(node, commandName)
  const signal = await stop.received
  env.log.info(`stopping on ${signal}`)
  http?.onStopping()
  try {
    await node.stop()
  } catch (error) {
    return die(env, 'the stop failed', error)
  }
  env.log.info('stopped')
  process.exit(0)
}

/** The first SIGTERM or SIGINT stops the node in order; a second one ends the process at once. */
class StopSignal {
  readonly received: Promise<string>
  #resolve: (signal: string) => void = () => undefined
  #isReceived = false

  constructor() {
    this.received = new Promise(resolve => {
      this.#resolve = resolve
    })
    process.on('SIGTERM', () => this.#onSignal('SIGTERM'))
    process.on('SIGINT', () => this.#onSignal('SIGINT'))
  }

  #onSignal(signal: string): void {
    if (this.#isReceived) process.exit(1)
    this.#isReceived = true
    this.#resolve(signal)
  }
}

function announceReady(node: WeirNode, version: string): void {
  const listeners = node.isBroker ? node.listeners : [node.controllerListener]
  const addresses = listeners.flatMap(each => (each === null ? [] : addressOf(each))).join(', ')
  const directories = node.dataDirectories.join(', ')
  process.stdout.write(
    `weir ${version} ready: node ${node.nodeId} at ${addresses}, data in ${directories}\n`,
  )
}

function suggest(node: WeirNode, command: string): void {
  if (!process.stderr.isTTY || !node.isBroker) return
  const [first] = node.listeners
  const address = first === undefined ? DEFAULT_BOOTSTRAP : addressOf(first)
  const bootstrap = address === DEFAULT_BOOTSTRAP ? '' : ` --bootstrap ${address}`
  process.stderr.write(
    `Try in another terminal: ${command} topics create hello${bootstrap}\n` +
      `                         echo hi | ${command} produce hello${bootstrap}\n` +
      `                         ${command} consume hello --from earliest${bootstrap}\n` +
      'Ctrl-C stops the node.\n',
  )
}

function addressOf({ host, port }: BoundListener): string {
  const shown = host === '' ? '0.0.0.0' : host
  return shown.includes(':') ? `[${shown}]:${port}` : `${shown}:${port}`
}

/** A bug of ours, or a world in which nothing can be promised any more. */
function die(env: Env, what: string, error: unknown): never {
  // What an operator can mend needs no stack.
  env.log.error(what, { error: error instanceof OperatorError ? error.message : error })
  process.stderr.write(`weir: ${what}: ${errorMessage(error)}\n`)
  process.exit(1)
}
