// Addresses in settings: where a node listens, what it tells clients, where the voters are, where
// its data is.

import { splitList } from '@weir/core'
import type { BrokerSettings } from './broker-settings.ts'
import { parseHttpListen } from './checks.ts'

export interface ListenerAddress {
  readonly name: string
  /** Empty: every address of the host. */
  readonly host: string
  readonly port: number
}

export interface Voter {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

export interface NodeListeners {
  /** Listeners that serve clients; empty on a node that is a controller only. */
  readonly clients: readonly ListenerAddress[]
  readonly controller: ListenerAddress | null
  /** As told to clients: by listener name; null: the listen address. */
  readonly advertised: ReadonlyMap<string, ListenerAddress>
}

/** Without a listener of its own the controller listens this far above the client port. */
const CONTROLLER_PORT_OFFSET = 1_000

/** NAME://HOST:PORT, with [..] around an IPv6 address. Null if it is not of that form. */
export function parseListener(text: string): ListenerAddress | null {
  const match = /^([A-Za-z0-9_-]+):\/\/(\[[0-9a-fA-F:.]*\]|[^:/[\]]*):(\d{1,5})$/.exec(text.trim())
  if (match === null) return null
  const [, name = '', host = '', port = ''] = match
  if (Number(port) > 65_535) return null
  return { name: name.toUpperCase(), host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** Where metrics and health are served; null for nowhere. */
export function httpListen(settings: BrokerSettings): { host: string; port: number } | null {
  return parseHttpListen(settings.get('weir.http.listen'))
}

/** ID@HOST:PORT. Null if it is not of that form. */
export function parseVoter(text: string): Voter | null {
  const match = /^(\d{1,10})@(\[[0-9a-fA-F:.]+\]|[^:/[\]]+):(\d{1,5})$/.exec(text.trim())
  if (match === null) return null
  const [, nodeId = '', host = '', port = ''] = match
  if (Number(port) === 0 || Number(port) > 65_535) return null
  return { nodeId: Number(nodeId), host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
}

/** Where the node listens. The settings have been validated. */
export function nodeListeners(settings: BrokerSettings): NodeListeners {
  const controllerNames = settings.get('controller.listener.names').map(name => name.toUpperCase())
  const listeners = addresses(settings.get('listeners'))
  const roles = settings.get('process.roles')
  const clients = listeners.filter(each => !controllerNames.includes(each.name))
  const advertised = addresses(settings.get('advertised.listeners') ?? [])
  return {
    clients: roles.includes('broker') ? clients : [],
    controller: roles.includes('controller')
      ? (listeners.find(each => controllerNames.includes(each.name)) ??
        controllerBeside(clients[0], controllerNames[0] ?? 'CONTROLLER'))
      : null,
    advertised: new Map(advertised.map(each => [each.name, each])),
  }
}

/** The voters of the metadata quorum; empty: this node alone. */
export function quorumVoters(settings: BrokerSettings): Voter[] {
  return settings.get('controller.quorum.voters').flatMap(text => parseVoter(text) ?? [])
}

/** The data directories, at least one. */
export function dataDirectories(settings: BrokerSettings): readonly string[] {
  const directories = (settings.get('log.dirs') ?? []).filter(directory => directory !== '')
  return directories.length > 0 ? directories : settings.get('log.dir')
}

/** The security protocol of a listener, PLAINTEXT unless the map says otherwise. */
export function securityProtocolOf(settings: BrokerSettings, listener: string): string {
  for (const element of splitList(settings.get('listener.security.protocol.map'))) {
    const [name = '', protocol = ''] = element.split(':')
    if (name.toUpperCase() === listener) return protocol.toUpperCase()
  }
  return 'PLAINTEXT'
}

function addresses(texts: readonly string[]): ListenerAddress[] {
  return texts.flatMap(text => parseListener(text) ?? [])
}

function controllerBeside(
  client: ListenerAddress | undefined,
  name: string,
): ListenerAddress | null {
  if (client === undefined) return null
  const port = client.port === 0 ? 0 : client.port + CONTROLLER_PORT_OFFSET
  return {
    name,
    host: client.host,
    port: port > 65_535 ? client.port - CONTROLLER_PORT_OFFSET : port,
  }
}
