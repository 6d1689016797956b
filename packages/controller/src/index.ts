export {
  type BrokerImage,
  configResourceKey,
  MetadataDelta,
  MetadataImage,
  type PartitionImage,
  type TopicImage,
} from './image.ts'
export {
  type BrokerEndpoint,
  CONFIG_RESOURCE,
  type ConfigRecord,
  type MetadataRecord,
  NO_LEADER,
  type PartitionRecord,
  type RegisterBrokerRecord,
} from './records.ts'
