export type {
  FetchedGroup,
  FetchedTopic,
  OffsetFetchTopic,
} from './group-offsets.ts'
export { GroupShard } from './group-shard.ts'
export {
  decodeGroupRecord,
  encodeGroupRecord,
  type GroupRecord,
} from './records.ts'
export type {
  ConsumerGroupsConfig,
  GroupEffects,
  GroupsConfig,
  MigrationPolicy,
  RequestContext,
  TopicsView,
} from './types.ts'
