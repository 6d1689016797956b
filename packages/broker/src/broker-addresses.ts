// The addresses of brokers as a client should see them: those of the listener that it came by. A node
// that listens on every address and has no advertised one answers the address by which this client
// reached it, so that there is no wrong advertised.listeners to fall over.

import type { BrokerImage, MetadataImage } from '@weir/controller'
import type { RequestContext } from './server/request-context.ts'
import type { BrokerAddress } from './services.ts'

export class BrokerAddresses {
  readonly #nodeId: number
  readonly #image: MetadataImage
  /** Names of this node's listeners whose address depends on the client. */
  readonly #wildcardListeners: ReadonlySet<string>

  constructor(nodeId: number, image: MetadataImage, wildcardListeners: ReadonlySet<string>) {
    this.#nodeId = nodeId
    this.#image = image
    this.#wildcardListeners = wildcardListeners
  }

  live(context: RequestContext): BrokerAddress[] {
    return this.all(context).filter(broker => !broker.isFenced)
  }

  /** Sorted by id; brokers without this listener are left out. */
  all(context: RequestContext): BrokerAddress[] {
    const addresses: BrokerAddress[] = []
    for (const broker of this.#image.brokers.values()) {
      const address = this.#addressOf(broker, context)
      if (address !== null) addresses.push(address)
    }
    return addresses.sort((a, b) => a.brokerId - b.brokerId)
  }

  /**
   * The broker that clients should take for the controller: every broker passes their requests on. It is
   * the leader of the quorum if they can reach it, else this one; -1 if this one is fenced.
   */
  controllerId(context: RequestContext, leaderId: number | null): number {
    const live = this.live(context).map(broker => broker.brokerId)
    if (leaderId !== null && live.includes(leaderId)) return leaderId
    return live.includes(this.#nodeId) ? this.#nodeId : -1
  }

  #addressOf(broker: BrokerImage, context: RequestContext): BrokerAddress | null {
    const { name } = context.listener
    const endpoint = broker.endpoints.find(candidate => candidate.name === name)
    if (endpoint === undefined) return null
    const { brokerId, rack, fenced: isFenced } = broker
    const isAsReached = brokerId === this.#nodeId && this.#wildcardListeners.has(name)
    const host = isAsReached ? context.connection.localAddress : endpoint.host
    return { brokerId, host, port: endpoint.port, rack, isFenced }
  }
}
