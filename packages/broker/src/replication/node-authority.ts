// What a leader asks of its node about its followers, answered from the newest metadata.

import type { IsrAuthority } from '../partition/leader-state.ts'
import type { IsrChanges, IsrResolution, IsrSubmission } from './isr-changes.ts'
import type { IsrChange } from './isr-channel.ts'
import type { ReplicationLinks } from './replication-links.ts'

export class NodeAuthority implements IsrAuthority {
  readonly #nodeId: number
  readonly #links: ReplicationLinks
  readonly #changes: IsrChanges

  constructor(nodeId: number, links: ReplicationLinks, changes: IsrChanges) {
    this.#nodeId = nodeId
    this.#links = links
    this.#changes = changes
  }

  get lagTimeMaxMs(): number {
    return this.#links.settings.get('replica.lag.time.max.ms')
  }

  isEligible(brokerId: number, brokerEpoch: number): boolean {
    const broker = this.#links.metadata.brokers.get(brokerId)
    if (broker === undefined || broker.fenced || broker.inControlledShutdown) return false
    return broker.brokerEpoch === brokerEpoch
  }

  brokerEpochOf(brokerId: number): number {
    if (brokerId === this.#nodeId) return this.#links.brokerEpoch()
    return this.#links.metadata.brokers.get(brokerId)?.brokerEpoch ?? -1
  }

  submit(change: IsrChange, done: (resolution: IsrResolution) => void): IsrSubmission {
    return this.#changes.submit(change, done)
  }
}
