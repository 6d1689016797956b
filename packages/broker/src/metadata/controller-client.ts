// What a broker may ask of the active controller. One node answers itself (local-controller.ts); the
// quorum forwards. Every promise resolves once the decision is durable and this node's image has it,
// and rejects with KafkaError only for what concerns the whole request (NOT_CONTROLLER, timeout).

import type { ErrorName } from '@weir/protocol'

export interface ApiError {
  readonly error: ErrorName
  readonly message: string | null
}

export interface NewTopic {
  readonly name: string
  /** -1 for the node's default. */
  readonly partitionCount: number
  /** -1 for the node's default. */
  readonly replicationFactor: number
  /** Given instead of the counts; empty for none. */
  readonly assignments: readonly { partitionIndex: number; brokerIds: readonly number[] }[]
  readonly configs: readonly { name: string; value: string | null }[]
}

export interface CreatedTopic extends ApiError {
  readonly name: string
  /** The zero uuid if the topic was not created. */
  readonly topicId: string
  /** -1 if not created. */
  readonly partitionCount: number
  readonly replicationFactor: number
}

export interface DeletedTopic extends ApiError {
  readonly name: string | null
  readonly topicId: string
}

export interface NewPartitions {
  readonly name: string
  /** The total wanted. */
  readonly count: number
  /** Replicas of each added partition; null lets the controller choose. */
  readonly assignments: readonly (readonly number[])[] | null
}

export interface ConfigChange {
  readonly resourceType: number
  readonly resourceName: string
  readonly operations: readonly {
    readonly name: string
    readonly operation: 'set' | 'delete' | 'append' | 'subtract'
    readonly value: string | null
  }[]
}

export interface ProducerIdBlock {
  readonly firstProducerId: number
  readonly count: number
}

export interface FeatureUpdate {
  readonly name: string
  readonly maxVersionLevel: number
  /** 1 upgrade, 2 safe downgrade, 3 unsafe downgrade. */
  readonly upgradeType: number
}

export interface ControllerClient {
  /** -1 if unknown. */
  readonly activeControllerId: number
  /** One result for each topic, in the order asked. */
  createTopics(topics: readonly NewTopic[], validateOnly: boolean): Promise<CreatedTopic[]>
  deleteTopics(topicIds: readonly string[]): Promise<DeletedTopic[]>
  createPartitions(
    topics: readonly NewPartitions[],
    validateOnly: boolean,
  ): Promise<(ApiError & { readonly name: string })[]>
  /** Changes settings: one result for each resource, each all or nothing. */
  alterConfigs(changes: readonly ConfigChange[], validateOnly: boolean): Promise<ApiError[]>
  updateFeatures(updates: readonly FeatureUpdate[], validateOnly: boolean): Promise<ApiError>
  /** A block of ids that nobody else was or will be given; durable when this resolves. */
  allocateProducerIds(): Promise<ProducerIdBlock>
}
