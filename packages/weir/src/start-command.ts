// weir start: flags and files -> settings -> a node that runs until a signal.
import { readFileSync } from 'node:fs'
import { runNode } from '@weir/broker'
import { CommandError, defineCommand, UsageError } from '@weir/cli'
import { createNodeEnv, type LoggerOptions } from '@weir/core/node'
import { loadSettings } from '@weir/settings'
import { VERSION } from './version.ts'

export const startCommand = defineCommand({
  positionals: {},
  options: {
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
    'node-id': { type: 'number', describe: 'Number of this node', defaultDescription: '1' },
    roles: {
      type: 'string',
      describe: 'broker and controller with a comma (one alone: not yet)',
      defaultDescription: 'broker,controller',
      requiresArg: true,
    },
    'controller-listen': {
      type: 'string',
      describe: 'Where other nodes reach the controller, HOST:PORT (there are none yet)',
      defaultDescription: 'the client port + 1000',
      requiresArg: true,
    },
    voters: {
      type: 'string',
      describe: 'The controllers, ID@HOST:PORT,... (only this node yet)',
      defaultDescription: 'this node',
      requiresArg: true,
    },
    rack: { type: 'string', describe: 'Where this node stands', requiresArg: true },
    http: {
      type: 'string',
      describe: 'Metrics and health, HOST:PORT or off (not served yet)',
      defaultDescription: 'off',
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
  },
  examples: [
    ['$0 start', 'on 127.0.0.1:9092 with data in ./data'],
    ['$0 start --listen 0.0.0.0:9092 --data-dir /var/lib/weir', 'for other machines'],
    ['$0 start --config server.properties --set log.retention.hours=24', "with Kafka's settings"],
  ],
  epilogue:
    "Settings come from --config, then WEIR_... variables (WEIR_LOG_RETENTION_HOURS), then --set, then flags; 'weir configs explain NAME' describes each.",
  ownsSignals: true,
  async run(_context, args) {
    const { settings, warnings } = loadSettings({
      ...(args.config === undefined ? {} : { file: readSettings(args.config) }),
      environment: process.env,
      assignments: args.set,
      flags: flagSettings(args),
    })
    const env = createNodeEnv({
      // The table of settings admits exactly the logger's words.
      log: {
        level: settings.get('weir.log.level'),
        format: settings.get('weir.log.format'),
      } as LoggerOptions,
      workerThreads: settings.get('weir.worker.threads'),
    })
    for (const warning of warnings) env.log.warn(warning)
    // Under npm start and npx the name `weir` alone is on nobody's PATH.
    const isUnderNpm = process.env['npm_lifecycle_event'] !== undefined
    const commandName = isUnderNpm ? 'npx weir' : 'weir'
    return await runNode({ env, settings, version: VERSION, commandName })
  },
})

function readSettings(path: string): { name: string; text: string } {
  try {
    return { name: path, text: readFileSync(path, 'utf8') }
  } catch (error) {
    const reason =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(error)
    throw new CommandError(`cannot read the settings in ${path}: ${reason}`, error)
  }
}

interface StartFlags {
  readonly listen?: string | undefined
  readonly 'data-dir'?: string | undefined
  readonly 'node-id'?: number | undefined
  readonly roles?: string | undefined
  readonly 'controller-listen'?: string | undefined
  readonly voters?: string | undefined
  readonly rack?: string | undefined
  readonly http?: string | undefined
}

const DEFAULT_LISTEN = '127.0.0.1:9092'

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
  const simple: readonly (readonly [string, string | number | undefined])[] = [
    ['log.dirs', flags['data-dir']],
    ['node.id', flags['node-id']],
    ['process.roles', flags.roles],
    ['controller.quorum.voters', flags.voters],
    ['broker.rack', flags.rack],
    ['weir.http.listen', flags.http],
  ]
  for (const [key, value] of simple) if (value !== undefined) settings.set(key, String(value))
  return settings
}

/** HOST:PORT, [v6]:PORT, :PORT (every address) or PORT alone (this machine only). */
function checkAddress(text: string, flag: string): string {
  if (/^\d{1,5}$/.test(text)) return `127.0.0.1:${text}`
  if (!/^(\[[0-9a-fA-F:.]*\]|[^:/[\]]*):\d{1,5}$/.test(text)) {
    throw new UsageError(`${flag} takes HOST:PORT, not '${text}'`)
  }
  return text
}
