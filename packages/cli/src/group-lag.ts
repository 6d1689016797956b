// Offsets and lag of a group: what it committed, where its partitions end, who owns them.
import {
  type Cluster,
  type DescribedGroup,
  describeGroup,
  fetchGroupOffsets,
  type GroupMember,
  listOffsets,
  OFFSET_LATEST,
  partitionKey,
  type TopicPartition,
} from '@weir/client'
import { CommandError } from './errors.ts'
import { unknownGroup } from './names.ts'

export interface PartitionLag extends TopicPartition {
  /** Null if the group has committed nothing there. */
  readonly committed: number | null
  /** -1 if unknown. */
  readonly committedEpoch: number
  /** Null if the partition is gone or has no leader. */
  readonly endOffset: number | null
  readonly lag: number | null
  readonly member: GroupMember | null
}

/** Throws a CommandError for a group that does not exist. */
export async function describeExistingGroup(
  cluster: Cluster,
  groupId: string,
): Promise<DescribedGroup> {
  const group = await describeGroup(cluster, groupId)
  if (group.error?.errorName === 'GROUP_ID_NOT_FOUND' || isGone(group)) {
    // A group that never had members but offsets is there, too, only not to this API.
    const offsets = await fetchGroupOffsets(cluster, groupId)
    if (offsets.length === 0) throw new CommandError(await unknownGroup(cluster, groupId))
    return { ...group, error: null, state: 'Empty' }
  }
  if (group.error !== null) throw group.error
  return group
}

const ACTIVE_STATES = new Set([
  'Stable',
  'PreparingRebalance',
  'CompletingRebalance',
  'Assigning',
  'Reconciling',
])

/** Throws a CommandError for a group with members: they would not notice, and commit over it. */
export async function refuseActiveGroup(cluster: Cluster, groupId: string): Promise<void> {
  const group = await describeGroup(cluster, groupId)
  if (group.error !== null || !ACTIVE_STATES.has(group.state)) return
  throw new CommandError(
    `group '${groupId}' is ${group.state} with ${group.members.length} members: stop them before its offsets are moved`,
  )
}

function isGone(group: DescribedGroup): boolean {
  return group.error === null && group.state === 'Dead'
}

/** Partitions that the group has committed or owns, by topic and number. */
export async function groupLag(cluster: Cluster, group: DescribedGroup): Promise<PartitionLag[]> {
  const committed = await fetchGroupOffsets(cluster, group.groupId)
  const partitions = new Map<string, TopicPartition>()
  const owners = new Map<string, GroupMember>()
  for (const item of committed) partitions.set(partitionKey(item), item)
  for (const member of group.members) {
    for (const item of member.assignment) {
      partitions.set(partitionKey(item), item)
      owners.set(partitionKey(item), member)
    }
  }
  const offsets = new Map(committed.map(item => [partitionKey(item), item]))
  const list = [...partitions.values()].sort(comparePartitions)
  const queries = list.map(({ topic, partition }) => ({
    topic,
    partition,
    timestamp: OFFSET_LATEST,
  }))
  const ends = await listOffsets(cluster, queries)
  return list.map(({ topic, partition }, index) => {
    const offset = offsets.get(partitionKey({ topic, partition }))
    const endOffset = ends[index]?.value?.offset ?? null
    return {
      topic,
      partition,
      committed: offset?.offset ?? null,
      committedEpoch: offset?.leaderEpoch ?? -1,
      endOffset,
      lag:
        offset === undefined || endOffset === null ? null : Math.max(0, endOffset - offset.offset),
      member: owners.get(partitionKey({ topic, partition })) ?? null,
    }
  })
}

export function comparePartitions(a: TopicPartition, b: TopicPartition): number {
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1
  return a.partition - b.partition
}
