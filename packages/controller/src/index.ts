export type {
  BrokerHeartbeat,
  BrokerRegistration,
  HeartbeatResult,
  RegisteredBroker,
} from './broker-control.ts'
export type { ConfigRules } from './config-control.ts'
export { Controller, type ControllerOptions, type LeaderRebalance } from './controller.ts'
export {
  ELECTION_PREFERRED,
  ELECTION_UNCLEAN,
  type ElectionResult,
} from './election-control.ts'
export { SUPPORTED_FEATURES, type SupportedFeature } from './feature-control.ts'
export {
  type BrokerImage,
  configResourceKey,
  MetadataDelta,
  MetadataImage,
  type PartitionImage,
  type TopicImage,
} from './image.ts'
export { deltaBetween } from './image-delta.ts'
export { changeProblem, indexProblems, partitionProblems, settledProblems } from './invariants.ts'
export type {
  AlteredPartition,
  AlterPartitionRequest,
  AlterPartitionResult,
  IsrMember,
  IsrUpdate,
} from './isr-control.ts'
export type { PartitionKey } from './partition-set.ts'
export type { OngoingReassignment, ReassignmentResult } from './reassignment-control.ts'
export { decodeMetadataBatch, encodeMetadataBatch, MetadataFormatError } from './record-codec.ts'
export {
  type BrokerEndpoint,
  CONFIG_RESOURCE,
  type ConfigRecord,
  LEADER_RECOVERED,
  LEADER_RECOVERING,
  type MetadataRecord,
  NO_LEADER,
  type PartitionRecord,
  type RegisterBrokerRecord,
} from './records.ts'
export type {
  ApiError,
  ConfigChange,
  ConfigOperation,
  CreatedTopic,
  Decision,
  DeletedTopic,
  FeatureUpdate,
  NewPartitions,
  NewTopic,
  PartitionsResult,
  PartitionToElect,
  ProducerIdBlock,
  Reassignment,
} from './requests.ts'
export {
  decodeSnapshot,
  encodeSnapshot,
  readSnapshot,
  type Snapshot,
  snapshotChunks,
} from './snapshot.ts'
export type { TopicDefaults } from './topic-control.ts'
export { CLUSTER_METADATA_TOPIC, isInternalTopic, topicNameProblem } from './topic-names.ts'
