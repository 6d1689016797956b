// The flags of weir start, and the settings that they stand for.
import { UsageError } from '@weir/cli'

export const START_OPTIONS = {
  listen: {
    type: 'string',
    describe: 'Where clients connect, HOST:PORT; port 0 takes a free one',
    defaultDescription: '127.0.0.1:9092',
    requiresArg: true,
  },
  'data-dir': {
    type: 'string',
    describe: 'Where the data is',
    defaultDescription: './data',
    requiresArg: true,
  },
  // A string, as what is no number is told by the table of settings.
  'node-id': {
    type: 'string',
    describe: 'Number of this node',
    defaultDescription: '1',
    requiresArg: true,
  },
  roles: {
    type: 'string',
    describe: 'broker, controller, or both with a comma',
    defaultDescription: 'broker,controller',
    requiresArg: true,
  },
  'controller-listen': {
    type: 'string',
    describe: 'Where other nodes reach the controller, HOST:PORT',
    defaultDescription: 'the client port + 1000',
    requiresArg: true,
  },
  voters: {
    type: 'string',
    describe: 'The controllers, ID@HOST:PORT,..., the same for every node',
    defaultDescription: 'this node',
    requiresArg: true,
  },
  rack: {
    type: 'string',
    describe: 'Where this node stands; replicas are spread over racks',
    defaultDescription: "the host's name",
    requiresArg: true,
  },
  brokers: {
    type: 'number',
    describe: 'Run this many nodes on this machine; ids and ports count up',
    conflicts: ['roles', 'voters'],
  },
  http: {
    type: 'string',
    describe: 'Metrics and health, HOST:PORT or off',
    defaultDescription: '127.0.0.1:8080',
    requiresArg: true,
  },
  config: {
    type: 'string',
    describe: 'A file of settings, as server.properties',
    requiresArg: true,
  },
  set: {
    type: 'string',
    array: true,
    default: [] as string[],
    defaultDescription: 'none',
    nargs: 1,
    describe: 'A setting, NAME=VALUE (repeatable)',
  },
} as const

export interface StartFlags {
  readonly listen?: string | undefined
  readonly 'data-dir'?: string | undefined
  readonly 'node-id'?: string | undefined
  readonly roles?: string | undefined
  readonly 'controller-listen'?: string | undefined
  readonly voters?: string | undefined
  readonly rack?: string | undefined
  readonly http?: string | undefined
}

const DEFAULT_LISTEN = '127.0.0.1:9092'
const MAX_PORT = 65_535

/** Settings that the flags stand for. Throws UsageError. */
export function flagSettings(flags: StartFlags): Map<string, string> {
  const settings = new Map<string, string>()
  const listeners: string[] = []
  const controllerListen = flags['controller-listen']
  if (flags.listen !== undefined || controllerListen !== undefined) {
    const isBroker = flags.roles === undefined || flags.roles.includes('broker')
    const listen = flags.listen ?? DEFAULT_LISTEN
    if (isBroker) listeners.push(`PLAINTEXT://${checkAddress(listen, '--listen')}`)
    if (controllerListen !== undefined) {
      listeners.push(`CONTROLLER://${checkAddress(controllerListen, '--controller-listen')}`)
    }
    settings.set('listeners', listeners.join(','))
  }
  const simple: readonly (readonly [string, string | undefined])[] = [
    ['log.dirs', flags['data-dir']],
    ['node.id', flags['node-id']],
    ['process.roles', flags.roles],
    ['controller.quorum.voters', flags.voters],
    ['broker.rack', flags.rack],
    ['weir.http.listen', flags.http],
  ]
  for (const [key, value] of simple) if (value !== undefined) settings.set(key, value)
  return settings
}

/** HOST:PORT, [v6]:PORT, :PORT (every address) or PORT alone (this machine only). */
function checkAddress(text: string, flag: string): string {
  const match = /^(?:(\[[0-9a-fA-F:.]*\]|[^:/[\]]*):)?(\d+)$/.exec(text)
  if (match === null) throw new UsageError(`${flag} takes HOST:PORT, not '${text}'`)
  const [, host = '127.0.0.1', port = ''] = match
  if (Number(port) > MAX_PORT) {
    throw new UsageError(`${flag} ${text}: ports go up to ${MAX_PORT}`)
  }
  return `${host}:${port}`
}
