// What handlers may ask of the controller of their node, which has to be the active one. Every promise
// resolves once the decision is durable and this node's image has it, and rejects with KafkaError only
// for what concerns the whole request: NOT_CONTROLLER where another node decides.

import type {
  ApiError,
  ConfigChange,
  CreatedTopic,
  DeletedTopic,
  ElectionResult,
  FeatureUpdate,
  NewPartitions,
  NewTopic,
  PartitionsResult,
  PartitionToElect,
  ProducerIdBlock,
  Reassignment,
  ReassignmentResult,
} from '@weir/controller'

export interface ControllerClient {
  /** One result for each name; duplicates get one. */
  createTopics(topics: readonly NewTopic[], validateOnly: boolean): Promise<CreatedTopic[]>
  deleteTopics(topicIds: readonly string[]): Promise<DeletedTopic[]>
  createPartitions(
    topics: readonly NewPartitions[],
    validateOnly: boolean,
  ): Promise<PartitionsResult[]>
  /** One result for each resource, in order; each resource is changed as a whole or not at all. */
  alterConfigs(changes: readonly ConfigChange[], validateOnly: boolean): Promise<ApiError[]>
  updateFeatures(updates: readonly FeatureUpdate[], validateOnly: boolean): Promise<ApiError>
  electLeaders(
    partitions: readonly PartitionToElect[] | null,
    electionType: number,
  ): Promise<ElectionResult[]>
  alterReassignments(
    wanted: readonly Reassignment[],
    allowFactorChange: boolean,
  ): Promise<ReassignmentResult[]>
  /** A block of ids that nobody else was or will be given; durable when this resolves. */
  allocateProducerIds(): Promise<ProducerIdBlock>
}
