// A broker inside the caller's process: for tests, and for programs that bring their own log.
import { mkdtempSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { WeirNode } from '@weir/broker'
import { OperatorError } from '@weir/core'
import { createNodeEnv, type LoggerOptions } from '@weir/core/node'
import { loadSettings } from '@weir/settings'

export interface StartWeirOptions {
  /** Where clients connect; 127.0.0.1 and any free port if left out. */
  readonly host?: string
  readonly port?: number
  /** Kept after `stop`. Left out: a temporary directory that `stop` deletes. */
  readonly dataDirectory?: string
  /** As in server.properties: `{ 'num.partitions': 3 }`. */
  readonly settings?: Readonly<Record<string, string | number | boolean>>
  /** Nothing is logged if left out. */
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error'
}

export interface RunningWeir {
  readonly host: string
  readonly port: number
  /** HOST:PORT, as clients take it. */
  readonly bootstrap: string
  readonly clusterId: string
  /** Resolves when everything is written and closed; may be called more than once. */
  stop(): Promise<void>
}

/** Resolves when clients are served. Throws OperatorError, for instance when the port is taken. */
export async function startWeir(options: StartWeirOptions = {}): Promise<RunningWeir> {
  const { host = '127.0.0.1', port = 0, dataDirectory } = options
  const directory = dataDirectory ?? mkdtempSync(join(tmpdir(), 'weir-'))
  const cleanUp = (): void => {
    if (dataDirectory === undefined) rmSync(directory, { recursive: true, force: true })
  }
  try {
    const node = await startNode(options, `${hostInUrl(host)}:${port}`, directory)
    const [listener] = node.listeners
    if (listener === undefined) throw new OperatorError('the node has no listener for clients')
    return {
      host,
      port: listener.port,
      bootstrap: `${hostInUrl(host)}:${listener.port}`,
      clusterId: node.clusterId,
      async stop() {
        await node.stop()
        cleanUp()
      },
    }
  } catch (error) {
    cleanUp()
    throw error
  }
}

async function startNode(
  options: StartWeirOptions,
  address: string,
  directory: string,
): Promise<WeirNode> {
  const { settings } = loadSettings({
    assignments: Object.entries(options.settings ?? {}).map(([key, value]) => `${key}=${value}`),
    flags: new Map([
      ['listeners', `PLAINTEXT://${address}`],
      ['log.dirs', directory],
      ['weir.http.listen', 'off'],
    ]),
  })
  const log: LoggerOptions = { level: options.logLevel ?? 'silent' }
  return await WeirNode.start(createNodeEnv({ log }), {
    settings,
    hostName: hostname(),
    onFatal(error) {
      // Nothing can be promised any more, and the caller must not go on as if it could.
      queueMicrotask(() => {
        throw error
      })
    },
  })
}

function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
