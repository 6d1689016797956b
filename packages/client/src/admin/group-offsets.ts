// Committed offsets of a group: read, set, delete. Topics travel by name (versions up to 9), so that
// offsets of topics that are gone can be seen and deleted, too.
import { offsetCommitApi, offsetDeleteApi, offsetFetchApi } from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import { checkCode, errorOf, isPassing } from '../errors.ts'
import type { PartitionOutcome } from '../leaders.ts'
import { groupByTopic, partitionKey, type TopicPartition } from '../topic-partition.ts'
import { withCoordinator } from './coordinator.ts'

const LAST_VERSION_WITH_NAMES = 9

export interface CommittedOffset extends TopicPartition {
  readonly offset: number
  /** -1 if the committer did not say. */
  readonly leaderEpoch: number
  readonly metadata: string
}

/** Who commits; a group without members accepts the default. */
export interface CommitIdentity {
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

const NO_MEMBER: CommitIdentity = { generationId: -1, memberId: '', groupInstanceId: null }

/** All committed offsets, or those of the given partitions; partitions without one are left out. */
export async function fetchGroupOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[] | null = null,
): Promise<CommittedOffset[]> {
  const topics =
    partitions === null
      ? null
      : [...groupByTopic(partitions)].map(([name, list]) => ({
          name,
          partitionIndexes: list.map(item => item.partition),
        }))
  return await withCoordinator(cluster, groupId, async connection => {
    const answer = await connection.request(
      offsetFetchApi,
      version => ({
        ...(version >= 8 ? { groups: [{ groupId, topics }] } : { groupId, topics }),
        ...(version >= 7 ? { requireStable: true } : {}),
      }),
      { minVersion: partitions === null ? 2 : 1, maxVersion: LAST_VERSION_WITH_NAMES },
    )
    const group = answer.groups[0] ?? answer
    checkCode(group.errorCode, `offsets of group '${groupId}'`)
    return group.topics.flatMap(({ name: topic, partitions }) =>
      partitions.flatMap(partition => {
        checkCode(partition.errorCode, `offset of ${topic}-${partition.partitionIndex}`)
        if (partition.committedOffset < 0) return []
        return [
          {
            topic,
            partition: partition.partitionIndex,
            offset: partition.committedOffset,
            leaderEpoch: partition.committedLeaderEpoch,
            metadata: partition.metadata ?? '',
          },
        ]
      }),
    )
  })
}

export interface OffsetToCommit extends TopicPartition {
  readonly offset: number
  readonly leaderEpoch?: number
  readonly metadata?: string
}

/** Errors of partitions are values; throws when the whole request failed. */
export async function commitGroupOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: readonly OffsetToCommit[],
  identity: CommitIdentity = NO_MEMBER,
): Promise<PartitionOutcome<OffsetToCommit, null>[]> {
  return await withCoordinator(cluster, groupId, async connection => {
    const answer = await connection.request(
      offsetCommitApi,
      {
        groupId,
        generationIdOrMemberEpoch: identity.generationId,
        memberId: identity.memberId,
        groupInstanceId: identity.groupInstanceId,
        topics: [...groupByTopic(offsets)].map(([name, list]) => ({
          name,
          partitions: list.map(item => ({
            partitionIndex: item.partition,
            committedOffset: item.offset,
            committedLeaderEpoch: item.leaderEpoch ?? -1,
            committedMetadata: item.metadata ?? '',
          })),
        })),
      },
      { maxVersion: LAST_VERSION_WITH_NAMES },
    )
    const outcomes = outcomesOf(offsets, answer.topics)
    // A coordinator that has moved or still loads says so for every partition: that passes.
    const passing = outcomes.find(({ error }) => error !== null && isPassing(error))
    if (passing?.error != null) throw passing.error
    return outcomes
  })
}

interface AnsweredTopic {
  readonly name: string
  readonly partitions: readonly { readonly partitionIndex: number; readonly errorCode: number }[]
}

function outcomesOf<P extends TopicPartition>(
  requests: readonly P[],
  topics: readonly AnsweredTopic[],
): PartitionOutcome<P, null>[] {
  const codes = new Map<string, number>()
  for (const topic of topics) {
    for (const { partitionIndex, errorCode } of topic.partitions) {
      codes.set(partitionKey({ topic: topic.name, partition: partitionIndex }), errorCode)
    }
  }
  return requests.map(request => {
    const code = codes.get(partitionKey(request)) ?? -1
    const what = `offset of partition ${request.partition} of topic '${request.topic}'`
    return { request, value: null, error: errorOf(code, what) }
  })
}

export async function deleteGroupOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
): Promise<PartitionOutcome<TopicPartition, null>[]> {
  return await withCoordinator(cluster, groupId, async connection => {
    const answer = await connection.request(offsetDeleteApi, {
      groupId,
      topics: [...groupByTopic(partitions)].map(([name, list]) => ({
        name,
        partitions: list.map(item => ({ partitionIndex: item.partition })),
      })),
    })
    checkCode(answer.errorCode, `offsets of group '${groupId}'`)
    return outcomesOf(partitions, answer.topics)
  })
}
