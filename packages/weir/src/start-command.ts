// weir start: flags and files -> settings -> a node, or with --brokers several, until a signal.
import { readFileSync } from 'node:fs'
import { type Command, CommandError, defineCommand, UsageError } from '@weir/cli'
import type { Env } from '@weir/core'
import { createNodeEnv, type LoggerOptions, type NodeEnv } from '@weir/core/node'
import { type BrokerSettings, type LoadedSettings, loadSettings } from '@weir/settings'
import { flagSettings, START_OPTIONS, type StartFlags } from './start-flags.ts'
import { VERSION } from './version.ts'

const MAX_NODES = 32

/** `script` is the program that this process runs; the nodes of --brokers are run with it. */
export function startCommandOf(script: string): Command {
  return defineCommand({
    positionals: {},
    options: START_OPTIONS,
    examples: [
      ['$0 start', 'on 127.0.0.1:9092 with data in ./data'],
      ['$0 start --brokers 3', 'a cluster of three nodes on this machine'],
      ['$0 start --listen 0.0.0.0:9092 --data-dir /var/lib/weir', 'for other machines'],
      ['$0 start --config server.properties --set log.retention.hours=24', "Kafka's settings"],
      [
        '$0 start --node-id 2 --listen 10.0.0.2:9092 --voters 1@10.0.0.1:10092,2@10.0.0.2:10092,3@10.0.0.3:10092',
        'one of three machines',
      ],
    ],
    epilogue:
      "Settings come from --config, then WEIR_... variables (WEIR_LOG_RETENTION_HOURS), then --set, then flags; 'weir configs explain NAME' describes each.",
    ownsSignals: true,
    async run({ io }, args) {
      const { brokers } = args
      if (brokers !== undefined && !(Number.isInteger(brokers) && brokers > 0)) {
        throw new UsageError('--brokers takes a number of nodes, 1 or more')
      }
      if (brokers !== undefined && brokers > MAX_NODES) {
        throw new UsageError(`--brokers starts ${MAX_NODES} nodes at most`)
      }
      const loaded = loadSettings({
        ...(args.config === undefined ? {} : { file: readSettings(args.config) }),
        environment: process.env,
        assignments: args.set,
        flags: flagSettings(args),
      })
      // Until the node listens to signals itself, one has only aborted this.
      const stopped = io.signal
      if (brokers === undefined) return await startOne(loaded, stopped)
      return await startSeveral(loaded, { count: brokers, script, args, stopped })
    },
  })
}

async function startOne(
  { settings, warnings }: LoadedSettings,
  stopped: AbortSignal,
): Promise<number> {
  const { isSupervised, stopWithParent } = await import('./supervisor/stop-with-parent.ts')
  let env: Env = envOf(settings)
  if (isSupervised()) {
    // The lines of all nodes are in one stream.
    env = { ...env, log: env.log.child({ node: settings.get('node.id') }) }
    stopWithParent()
  }
  for (const warning of warnings) env.log.warn(warning)
  const { runNode } = await import('@weir/broker')
  if (stopped.aborted) return 0
  return await runNode({
    env,
    settings,
    version: VERSION,
    commandName: commandName(),
    showsHints: !isSupervised(),
  })
}

interface SeveralNodes {
  readonly count: number
  readonly script: string
  readonly args: StartFlags & {
    readonly config?: string | undefined
    readonly set: readonly string[]
  }
  readonly stopped: AbortSignal
}

async function startSeveral(
  { settings }: LoadedSettings,
  { count, script, args, stopped }: SeveralNodes,
): Promise<number> {
  const [{ assignmentsOf, planNodes }, { settlePorts }, { supervise }, { announceCluster }] =
    await Promise.all([
      import('./supervisor/plan-nodes.ts'),
      import('./supervisor/ports.ts'),
      import('./supervisor/supervisor.ts'),
      import('./supervisor/announce.ts'),
    ])
  const planned = await settlePorts(planNodes(settings, count))
  const shared = [
    ...(args.config === undefined ? [] : ['--config', args.config]),
    ...(args.rack === undefined ? [] : ['--rack', args.rack]),
    ...args.set.flatMap(assignment => ['--set', assignment]),
  ]
  if (stopped.aborted) return 0
  return await supervise({
    log: envOf(settings).log,
    script,
    nodes: planned.map(node => ({
      nodeId: node.nodeId,
      // Behind those of the user, so that they win.
      args: ['start', ...shared, ...assignmentsOf(node, planned).flatMap(each => ['--set', each])],
    })),
    announce: () => announceCluster(planned, commandName()),
  })
}

function envOf(settings: BrokerSettings): NodeEnv {
  return createNodeEnv({
    // The table of settings admits exactly the logger's words.
    log: {
      level: settings.get('weir.log.level'),
      format: settings.get('weir.log.format'),
    } as LoggerOptions,
    workerThreads: settings.get('weir.worker.threads'),
  })
}

/** Under npm start and npx the name `weir` alone is on nobody's PATH. */
function commandName(): string {
  return process.env['npm_lifecycle_event'] !== undefined ? 'npx weir' : 'weir'
}

function readSettings(path: string): { name: string; text: string } {
  const refuse = (reason: string, error?: unknown) =>
    new CommandError(`cannot read the settings in ${path}: ${reason}`, error)
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException
    throw refuse(UNREADABLE[code] ?? String(error), error)
  }
  if (text.includes('\0')) throw refuse('it is no text')
  return { name: path, text }
}

const UNREADABLE: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EISDIR: 'it is a directory',
  EACCES: 'permission denied',
}
