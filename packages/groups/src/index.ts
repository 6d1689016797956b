export { NO_AUTHORIZED_OPERATIONS } from './describe.ts'
export type {
  FetchedGroup,
  FetchedPartition,
  FetchedTopic,
  OffsetFetch,
  OffsetFetchTopic,
} from './group-offsets.ts'
export { GroupShard } from './group-shard.ts'
export {
  decodeGroupRecord,
  encodeGroupRecord,
  type GroupRecord,
  type RecordBytes,
} from './records.ts'
export {
  type ConsumerGroupsConfig,
  DEFAULT_GROUPS_CONFIG,
  type Effects,
  type GroupEffects,
  type GroupsConfig,
  type MigrationPolicy,
  type Reply,
  type RequestContext,
  type TopicsView,
} from './types.ts'
