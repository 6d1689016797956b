// The records of the cluster metadata log: every change of the cluster is one of these, and replaying
// them in order gives the same image everywhere. Their bytes are protobuf (record-codec.ts).
//
// A record says what the new value is, never how to compute it, so that replay cannot fail.

/** Kafka's ConfigResource types that the metadata log keeps. */
export const CONFIG_RESOURCE = {
  topic: 2,
  broker: 4,
  clientMetrics: 16,
  group: 32,
} as const

/** 'No leader', as on the wire. */
export const NO_LEADER = -1

export const LEADER_RECOVERED = 0
export const LEADER_RECOVERING = 1

export interface ClusterIdRecord {
  readonly kind: 'clusterId'
  readonly clusterId: string
}

export interface FeatureRecord {
  readonly kind: 'feature'
  readonly name: string
  /** 0 takes the feature out. */
  readonly level: number
}

export interface TopicRecord {
  readonly kind: 'topic'
  readonly name: string
  readonly topicId: string
}

export interface RemoveTopicRecord {
  readonly kind: 'removeTopic'
  readonly topicId: string
}

/** The whole state of a partition: written when it is created, and in snapshots. */
export interface PartitionRecord {
  readonly kind: 'partition'
  readonly topicId: string
  readonly partitionIndex: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
  readonly elr: readonly number[]
  /** The last leader, kept while neither ISR nor ELR has anybody (KIP-966). */
  readonly lastKnownElr: readonly number[]
  readonly leader: number
  /** 1 while a leader that may lack committed records has not said that it has recovered. */
  readonly leaderRecoveryState: number
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

/** What changed of a partition; null stands for what did not. */
export interface PartitionChangeRecord {
  readonly kind: 'partitionChange'
  readonly topicId: string
  readonly partitionIndex: number
  readonly replicas: readonly number[] | null
  readonly isr: readonly number[] | null
  readonly addingReplicas: readonly number[] | null
  readonly removingReplicas: readonly number[] | null
  readonly elr: readonly number[] | null
  readonly lastKnownElr: readonly number[] | null
  readonly leader: number | null
  readonly leaderRecoveryState: number | null
  readonly leaderEpoch: number | null
  readonly partitionEpoch: number
}

/** A change of a partition that changes nothing yet. */
export const NO_PARTITION_CHANGE = Object.freeze({
  kind: 'partitionChange',
  replicas: null,
  isr: null,
  addingReplicas: null,
  removingReplicas: null,
  elr: null,
  lastKnownElr: null,
  leader: null,
  leaderRecoveryState: null,
  leaderEpoch: null,
} satisfies Partial<PartitionChangeRecord>)

export interface ConfigRecord {
  readonly kind: 'config'
  readonly resourceType: number
  readonly resourceName: string
  readonly key: string
  /** Null takes the override away. */
  readonly value: string | null
}

export interface BrokerEndpoint {
  readonly name: string
  readonly host: string
  readonly port: number
  readonly securityProtocol: number
}

export interface RegisterBrokerRecord {
  readonly kind: 'registerBroker'
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly incarnationId: string
  readonly endpoints: readonly BrokerEndpoint[]
  readonly rack: string | null
  readonly directoryIds: readonly string[]
  readonly fenced: boolean
  readonly inControlledShutdown: boolean
  /**
   * It came back from a crash, and some partition may still count on what it lost. Such a broker
   * stays fenced; it is taken back when it is out of every ISR and ELR.
   */
  readonly isSuspect: boolean
}

/** What changed of a registered broker; null stands for what did not. Unfenced means unsuspected. */
export interface BrokerChangeRecord {
  readonly kind: 'brokerChange'
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly fenced: boolean | null
  readonly inControlledShutdown: boolean | null
}

export interface UnregisterBrokerRecord {
  readonly kind: 'unregisterBroker'
  readonly brokerId: number
}

/** Ids below `nextProducerId` have been given to brokers in blocks and are never given again. */
export interface ProducerIdsRecord {
  readonly kind: 'producerIds'
  readonly nextProducerId: number
}

export type MetadataRecord =
  | ClusterIdRecord
  | FeatureRecord
  | TopicRecord
  | RemoveTopicRecord
  | PartitionRecord
  | PartitionChangeRecord
  | ConfigRecord
  | RegisterBrokerRecord
  | BrokerChangeRecord
  | UnregisterBrokerRecord
  | ProducerIdsRecord
