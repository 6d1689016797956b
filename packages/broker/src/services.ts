// Everything that a handler may use, in typed bags. Built where the node is built, handed to every
// handler, never imported as a value. Owners of a part put their own class here.

import type { MetadataImage } from '@weir/controller'
import type { Env } from '@weir/core'
import type { LogManager } from '@weir/log'
import type { GroupCoordinator } from './coordinator/group-coordinator.ts'
import type { FetchSessionCache } from './handlers/fetch-session-cache.ts'
import type { AutoTopicCreator } from './metadata/auto-topic-creator.ts'
import type { BrokerConnections } from './metadata/broker-connections.ts'
import type { NodeQuorum } from './metadata/node-quorum.ts'
import type { NodeSettings } from './metadata/node-settings.ts'
import type { QuorumController } from './metadata/quorum-controller.ts'
import type { RefusedRegistrations } from './metadata/refused-registrations.ts'
import type { ProducerIds } from './partition/producer-ids.ts'
import type { ReplicaManager } from './partition/replica-manager.ts'
import type { TurnBudget } from './partition/turn-budget.ts'
import type { ApiRow } from './server/api-row.ts'
import type { NodeServers } from './server/node-servers.ts'
import type { RequestContext } from './server/request-context.ts'
import type { ResponseMemory } from './server/response-memory.ts'

/** A broker as a client on the listener of its request should see it. */
export interface BrokerAddress {
  readonly brokerId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
  readonly isFenced: boolean
}

/** What every node has; all that there is on a node which is a controller only. */
export interface ControlServices {
  readonly env: Env
  readonly nodeId: number
  /** Empty while the cluster has none. */
  readonly clusterId: string
  /** What this node serves; ApiVersions tells it. */
  readonly apis: readonly ApiRow[]
  readonly settings: NodeSettings
  /** The committed metadata of the cluster; replayed in place, always the newest. */
  readonly metadata: MetadataImage
  /** The offset up to which `metadata` is replayed, exclusive. */
  readonly metadataOffset: () => number
  /** Decides only where this node is the active controller. */
  readonly controller: QuorumController
  readonly quorum: () => NodeQuorum
  /** Of all its listeners. */
  readonly servers: NodeServers
  /** Which brokers are connected to this node as their controller. */
  readonly brokerConnections: BrokerConnections
  readonly refusedRegistrations: RefusedRegistrations
}

export interface Services extends ControlServices {
  readonly autoTopics: AutoTopicCreator
  readonly logManager: LogManager
  readonly replicaManager: ReplicaManager
  readonly producerIds: ProducerIds
  readonly fetchSessions: FetchSessionCache
  /** Records in answers that are not sent yet. */
  readonly responseMemory: ResponseMemory
  /** For records that are sent: copying them to the sockets takes its time. */
  readonly answerTurns: TurnBudget
  readonly groupCoordinator: GroupCoordinator
  /** Brokers that are not fenced, by id. */
  readonly liveBrokers: (context: RequestContext) => BrokerAddress[]
  readonly allBrokers: (context: RequestContext) => BrokerAddress[]
  /** The broker that clients should take for the controller; -1 if there is none. */
  readonly controllerId: (context: RequestContext) => number
}
