// Makes the servers of a node's listeners: limits from the settings, ids of connections that are unique
// over all of them.

import type { Env } from '@weir/core'
import { connectionOverrides } from '@weir/settings'
import type { NodeSettings } from '../metadata/node-settings.ts'
import { BrokerServer } from './broker-server.ts'
import type { Dispatcher } from './dispatch.ts'
import type { ListenerInfo } from './request-context.ts'
import type { RequestMemory } from './request-memory.ts'

export class NodeServers {
  readonly #servers: BrokerServer[] = []
  readonly #env: Env
  readonly #settings: NodeSettings
  #lastConnectionId = 0

  constructor(env: Env, settings: NodeSettings) {
    this.#env = env
    this.#settings = settings
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
        maxConnections: settings.get('max.connections'),
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
