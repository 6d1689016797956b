// Groups as an administrator sees them: list, describe, committed offsets, deletion.
import {
  consumerGroupDescribeApi,
  consumerProtocolAssignment,
  type Decoded,
  DecodeError,
  decodeMessage,
  deleteGroupsApi,
  describeGroupsApi,
  type KafkaError,
  listGroupsApi,
} from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import { checkCode, errorOf, isPassing } from '../errors.ts'
import type { TopicPartition } from '../topic-partition.ts'
import { withCoordinator } from './coordinator.ts'

export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  /** Empty from brokers before 2.6. */
  readonly state: string
  /** `classic`, `consumer`, `share`, `streams`; empty from brokers before 3.8. */
  readonly type: string
}

/** Groups of all brokers, sorted by id. */
export async function listGroups(
  cluster: Cluster,
  filter: { readonly states?: readonly string[]; readonly types?: readonly string[] } = {},
): Promise<ListedGroup[]> {
  return await cluster.retry(async () => {
    await cluster.refreshMetadata([])
    const lists = await Promise.all(
      [...cluster.brokers.keys()].map(async nodeId => {
        const answer = await cluster.request(nodeId, listGroupsApi, version => ({
          ...(version >= 4 ? { statesFilter: filter.states ?? [] } : {}),
          ...(version >= 5 ? { typesFilter: filter.types ?? [] } : {}),
        }))
        checkCode(answer.errorCode, `groups of broker ${nodeId}`)
        return answer.groups
      }),
    )
    const groups = lists.flat().map(({ groupId, protocolType, groupState, groupType }) => {
      return { groupId, protocolType, state: groupState, type: groupType }
    })
    return groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
  })
}

export interface GroupMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly assignment: readonly TopicPartition[]
  /** Only in groups of the consumer protocol (KIP-848). */
  readonly memberEpoch: number | null
  readonly targetAssignment: readonly TopicPartition[] | null
  readonly rackId: string | null
  /** Null if it has none. */
  readonly subscribedTopicRegex: string | null
  /** How it speaks: a group of the consumer protocol may have members of the classic one. */
  readonly protocol: 'classic' | 'consumer'
}

export interface DescribedGroup {
  readonly groupId: string
  readonly error: KafkaError | null
  readonly state: string
  readonly type: 'classic' | 'consumer'
  readonly protocolType: string
  /** The assignor's name. */
  readonly protocol: string
  readonly coordinatorId: number
  /** Epoch of a group of the consumer protocol. */
  readonly groupEpoch: number | null
  /** The group epoch for which its assignment was made. */
  readonly assignmentEpoch: number | null
  readonly members: readonly GroupMember[]
}

/** A group that does not exist has error GROUP_ID_NOT_FOUND, or state Dead from older brokers. */
export async function describeGroup(cluster: Cluster, groupId: string): Promise<DescribedGroup> {
  return await withCoordinator(cluster, groupId, async (connection, coordinatorId) => {
    if (connection.hasApi(consumerGroupDescribeApi)) {
      const answer = await connection.request(consumerGroupDescribeApi, {
        groupIds: [groupId],
        includeAuthorizedOperations: false,
      })
      const [group] = answer.groups
      if (group !== undefined && group.errorCode === 0) {
        return consumerGroup(group, coordinatorId)
      }
    }
    const answer = await connection.request(describeGroupsApi, { groups: [groupId] })
    const [group] = answer.groups
    const error = errorOf(group?.errorCode ?? -1, `group '${groupId}'`, group?.errorMessage)
    if (error !== null && isPassing(error)) throw error
    return {
      groupId,
      error,
      state: group?.groupState ?? '',
      type: 'classic',
      protocolType: group?.protocolType ?? '',
      protocol: group?.protocolData ?? '',
      coordinatorId,
      groupEpoch: null,
      assignmentEpoch: null,
      members: (group?.members ?? []).map(member => ({
        memberId: member.memberId,
        groupInstanceId: member.groupInstanceId,
        clientId: member.clientId,
        clientHost: member.clientHost,
        assignment: decodeAssignment(member.memberAssignment),
        memberEpoch: null,
        targetAssignment: null,
        rackId: null,
        subscribedTopicRegex: null,
        protocol: 'classic' as const,
      })),
    }
  })
}

/** The partitions in a classic consumer's assignment; none if the bytes are of another kind. */
export function decodeAssignment(data: Buffer): TopicPartition[] {
  if (data.length < 2) return []
  const version = Math.min(data.readInt16BE(0), consumerProtocolAssignment.maxVersion)
  try {
    const assignment = decodeMessage(consumerProtocolAssignment, version, data, 2)
    return assignment.assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map(partition => ({ topic, partition })),
    )
  } catch (error) {
    if (error instanceof DecodeError) return []
    throw error
  }
}

/** Throws KafkaError: NON_EMPTY_GROUP, GROUP_ID_NOT_FOUND and others. */
export async function deleteGroup(cluster: Cluster, groupId: string): Promise<void> {
  await withCoordinator(cluster, groupId, async connection => {
    const answer = await connection.request(deleteGroupsApi, { groupsNames: [groupId] })
    checkCode(answer.results[0]?.errorCode ?? -1, `group '${groupId}'`)
  })
}

/** As ConsumerGroupDescribe v1 says it; v0 says nothing, which is -1. */
const CLASSIC_MEMBER = 0

type ConsumerGroup = Decoded<typeof consumerGroupDescribeApi.response>['groups'][number]

function consumerGroup(group: ConsumerGroup, coordinatorId: number): DescribedGroup {
  const flatten = (assignment: ConsumerGroup['members'][number]['assignment']): TopicPartition[] =>
    assignment.topicPartitions.flatMap(({ topicName, partitions }) =>
      partitions.map(partition => ({ topic: topicName, partition })),
    )
  return {
    groupId: group.groupId,
    error: null,
    state: group.groupState,
    type: 'consumer',
    protocolType: 'consumer',
    protocol: group.assignorName,
    coordinatorId,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.assignmentEpoch,
    members: group.members.map(member => ({
      memberId: member.memberId,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      assignment: flatten(member.assignment),
      memberEpoch: member.memberEpoch,
      targetAssignment: flatten(member.targetAssignment),
      rackId: member.rackId,
      subscribedTopicRegex: member.subscribedTopicRegex === '' ? null : member.subscribedTopicRegex,
      protocol: member.memberType === CLASSIC_MEMBER ? 'classic' : 'consumer',
    })),
  }
}
