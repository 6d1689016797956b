export { type Address, formatAddress, parseAddresses } from './address.ts'
export {
  type DescribedBroker,
  type DescribedCluster,
  describeCluster,
  unregisterBroker,
} from './admin/cluster-description.ts'
export {
  alterConfigs,
  type ConfigChange,
  type ConfigEntry,
  type ConfigResource,
  type ConfigResourceType,
  type DescribedResource,
  describeConfigs,
  listConfigResources,
} from './admin/configs.ts'
export { type ElectionOutcome, type ElectionType, electLeaders } from './admin/elections.ts'
export {
  type DescribedFeatures,
  describeFeatures,
  type Feature,
  type FeatureUpdate,
  updateFeatures,
} from './admin/features.ts'
export {
  type CommittedOffset,
  commitGroupOffsets,
  deleteGroupOffsets,
  fetchGroupOffsets,
  type OffsetToCommit,
} from './admin/group-offsets.ts'
export {
  type DescribedGroup,
  deleteGroup,
  describeGroup,
  type GroupMember,
  type ListedGroup,
  listGroups,
} from './admin/groups.ts'
export {
  alterReplicaLogDirs,
  type DescribedLogDir,
  describeLogDirs,
  type LogDirMove,
} from './admin/log-dirs.ts'
export {
  deleteRecords,
  type IsolationLevel,
  listOffsets,
  OFFSET_EARLIEST,
  OFFSET_LATEST,
  OFFSET_MAX_TIMESTAMP,
  type OffsetAnswer,
  type OffsetQuery,
} from './admin/offsets.ts'
export {
  addVoter,
  type DescribedQuorum,
  describeQuorum,
  type NewVoter,
  type QuorumReplica,
  removeVoter,
} from './admin/quorum.ts'
export {
  alterReassignments,
  listReassignments,
  type OngoingReassignment,
  type PartitionTarget,
  type ReassignmentOutcome,
} from './admin/reassignments.ts'
export {
  type CreatedTopic,
  createPartitions,
  createTopics,
  deleteTopics,
  describeTopicPartitions,
  listTopics,
  type NewTopic,
  type TopicOutcome,
} from './admin/topics.ts'
export {
  type BrokerInfo,
  Cluster,
  type ClusterOptions,
  type PartitionInfo,
  type TopicInfo,
} from './cluster.ts'
export { Connection, type ConnectionOptions } from './connection.ts'
export { ClientError, isPassing } from './errors.ts'
export type { ConsumerRecord } from './fetch-decoder.ts'
export { Fetcher, type FetcherOptions, type StartPosition } from './fetcher.ts'
export { GroupConsumer, type GroupConsumerOptions } from './group/group-consumer.ts'
export type { PartitionOutcome } from './leaders.ts'
export { murmur2, partitionOfKey } from './murmur2.ts'
export type { RecordMetadata } from './partition-queue.ts'
export {
  Producer,
  type ProducerOptions,
  type ProducerRecord,
} from './producer.ts'
export { partitionKey, type TopicPartition } from './topic-partition.ts'
