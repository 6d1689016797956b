// Where a node listens, and what it tells others about that.

import { OperatorError } from '@weir/core'
import type { ListenerAddress, NodeListeners } from '@weir/settings'
import type { BrokerServer } from './server/broker-server.ts'

/** Where a listener is bound. */
export interface BoundListener {
  readonly name: string
  readonly host: string
  readonly port: number
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'there is no host of this name',
  EAI_AGAIN: 'this name cannot be looked up now',
  EACCES: 'ports below 1024 need a privilege',
}

const WILDCARDS: ReadonlySet<string> = new Set(['', '0.0.0.0', '::'])

export function isWildcard(host: string): boolean {
  return WILDCARDS.has(host)
}

/** Binds a server. Rejects with an OperatorError; `flag` is what an operator would change. */
export async function listen(
  server: BrokerServer,
  { name, host, port }: ListenerAddress,
  flag: string,
): Promise<BoundListener> {
  try {
    return { name, host, port: await server.listen(host, port) }
  } catch (error) {
    const { code } = error as { readonly code?: string }
    const where = `${host}:${port}`
    if (code === 'EADDRINUSE') {
      const mend = `stop the other program or choose another port with ${flag} HOST:PORT`
      throw new OperatorError(`${where} is in use by another program: ${mend}`, error)
    }
    const mend = `choose another address with ${flag} HOST:PORT`
    const why = REASONS[code ?? ''] ?? code ?? String(error)
    throw new OperatorError(`cannot listen on ${where} (${why}): ${mend}`, error)
  }
}

/** The address by which other machines reach a listener. */
export function advertisedAddress(
  { name, host, port }: BoundListener,
  { advertised }: NodeListeners,
  hostName: string,
): { readonly host: string; readonly port: number } {
  const given = advertised.get(name)
  const ownHost = isWildcard(host) ? hostName : host
  return { host: given?.host ?? ownHost, port: given?.port ?? port }
}
