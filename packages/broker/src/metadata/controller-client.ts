// What a broker may ask of the active controller. One node answers itself (local-controller.ts); with
// the quorum a channel forwards. Every promise resolves once the decision is durable and this node's
// image has it, and rejects with KafkaError only for what concerns the whole request (NOT_CONTROLLER).

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

export interface QuorumVoter {
  readonly nodeId: number
  readonly directoryId: string
  /** The next offset of its metadata log. */
  readonly logEndOffset: number
}

/** The quorum as DescribeQuorum tells it. */
export interface QuorumState {
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly voters: readonly QuorumVoter[]
}

export interface ControllerClient {
  /** -1 if unknown. */
  readonly activeControllerId: number
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
  alterReassignments(wanted: readonly Reassignment[]): Promise<ReassignmentResult[]>
  /** A block of ids that nobody else was or will be given; durable when this resolves. */
  allocateProducerIds(): Promise<ProducerIdBlock>
  describeQuorum(): QuorumState
}
