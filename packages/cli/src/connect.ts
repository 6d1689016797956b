// From --bootstrap and --timeout to a Cluster, and the care for closing it.
import { ClientError, Cluster, formatAddress, parseAddresses } from '@weir/client'
import { createClientEnv } from './client-env.ts'
import { CommandError, UsageError } from './errors.ts'
import type { CliIo } from './io.ts'
import { DEFAULT_BOOTSTRAP } from './options.ts'
import { parseDurationMs } from './values/duration.ts'

export interface ConnectArguments {
  readonly bootstrap?: string | undefined
  readonly timeout?: string | undefined
}

const DEFAULT_TIMEOUT_MS = 10_000

/** The addresses to start from: the option, else WEIR_BOOTSTRAP, else the default. */
export function bootstrapText(io: CliIo, args: ConnectArguments): string {
  const fromEnvironment = io.env['WEIR_BOOTSTRAP']
  return args.bootstrap ?? (fromEnvironment || DEFAULT_BOOTSTRAP)
}

/** Of --timeout. Throws UsageError. */
export function timeoutMsOf(args: ConnectArguments): number {
  return args.timeout === undefined ? DEFAULT_TIMEOUT_MS : parseDurationMs(args.timeout)
}

/** No connection is made before the first request. Throws UsageError. */
export function connect(io: CliIo, args: ConnectArguments): Cluster {
  const text = bootstrapText(io, args)
  const bootstrap = parseAddresses(text)
  if (bootstrap === null) {
    const where = args.bootstrap === undefined ? 'WEIR_BOOTSTRAP' : '--bootstrap'
    throw new UsageError(`${where} takes HOST:PORT[,HOST:PORT...], not '${text}'`)
  }
  const timeoutMs = timeoutMsOf(args)
  return new Cluster(createClientEnv(), {
    bootstrap,
    clientId: 'weir-cli',
    connectTimeoutMs: Math.min(timeoutMs, 5_000),
    requestTimeoutMs: timeoutMs,
    retryTimeoutMs: timeoutMs,
  })
}

/** Runs `use` with a cluster that is closed afterwards. */
export async function withCluster<R>(
  io: CliIo,
  args: ConnectArguments,
  use: (cluster: Cluster) => Promise<R>,
): Promise<R> {
  const cluster = connect(io, args)
  try {
    return await use(cluster)
  } catch (error) {
    throw withWhoGaveTheAddress(error, bootstrapText(io, args))
  } finally {
    cluster.close()
  }
}

/** An address that nobody typed came from a broker: another --bootstrap would not help. */
function withWhoGaveTheAddress(error: unknown, bootstrap: string): unknown {
  if (!(error instanceof ClientError) || error.kind !== 'connect' || error.address === '')
    return error
  const isTyped = parseAddresses(bootstrap)?.some(
    address => formatAddress(address) === error.address,
  )
  if (isTyped !== false) return error
  return new CommandError(
    `${error.message}. A broker gave this address: it is down, or its advertised.listeners are not ` +
      `what clients can reach; 'weir doctor --bootstrap ${bootstrap}' tells.`,
    error,
  )
}
