// What replication needs of the node around it. Built where the node is built.

import type { MetadataImage } from '@weir/controller'
import type { BrokerKey, BrokerValue } from '@weir/settings'
import type { IsrChannel } from './isr-channel.ts'

/** The settings of the node as they are now. */
export interface SettingsSource {
  get<Key extends BrokerKey>(key: Key): BrokerValue<Key>
}

/** Says whether this process may still believe what it knew a moment ago. */
export interface LeadershipGuard {
  /** False after a pause, until the controller has said that this broker is not fenced. */
  mayServe(): boolean
}

export interface ReplicationLinks {
  /** Where brokers are, their epochs, whether they are fenced: always the newest. */
  readonly metadata: MetadataImage
  readonly settings: SettingsSource
  /** The epoch of this broker's registration; -1 before it has one: nothing is fetched until then. */
  readonly brokerEpoch: () => number
  readonly isrChannel: IsrChannel
  readonly guard: LeadershipGuard
}
