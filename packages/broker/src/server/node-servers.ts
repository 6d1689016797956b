// Makes the servers of a node's listeners: limits from the settings, ids of connections that are unique
// over all of them.

import type { Env } from '@weir/core'
import { connectionOverrides } from '@weir/settings'
import type { NodeSettings } from '../metadata/node-settings.ts'
import { BrokerServer } from './broker-server.ts'
import type { Dispatcher } from './dispatch.ts'
import type { ListenerInfo } from './request-context.ts'
import type { RequestMemory } from './request-memory.ts'

/** Of what the process may have open. */
const CONNECTION_SHARE = 0.75

export class NodeServers {
  readonly #servers: BrokerServer[] = []
  readonly #env: Env
  readonly #settings: NodeSettings
  /** Connections of one listener leave files to be opened: without them a directory would be offline. */
  readonly #openLimit: number
  #lastConnectionId = 0

  constructor(env: Env, settings: NodeSettings) {
    this.#env = env
    this.#settings = settings
    this.#openLimit = Math.floor((env.net.maxOpen ?? Number.POSITIVE_INFINITY) * CONNECTION_SHARE)
  }

  /** Those that were made, of clients and of controllers. */
  get all(): readonly BrokerServer[] {
    return this.#servers
  }

  create(parts: {
    readonly info: ListenerInfo
    readonly dispatcher: Dispatcher
    readonly memory: RequestMemory
    readonly onConnectionClosed: (connectionId: number) => void
  }): BrokerServer {
    const settings = this.#settings
    const server = new BrokerServer({
      env: this.#env,
      ...parts,
      limits: () => ({
        maxRequestBytes: settings.get('socket.request.max.bytes'),
        maxConnections: Math.min(settings.get('max.connections'), this.#openLimit),
        maxConnectionsFrom: address =>
          connectionOverrides(settings.get('max.connections.per.ip.overrides')).get(address) ??
          settings.get('max.connections.per.ip'),
        maxIdleMs: settings.get('connections.max.idle.ms'),
      }),
      newConnectionId: () => ++this.#lastConnectionId,
    })
    this.#servers.push(server)
    return server
  }
}
