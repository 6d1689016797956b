// How a consumer group looks from outside.

import { type ConsumerGroupDescribeResponse, errorCode } from '@weir/protocol'
import type { TopicsView } from '../types.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { OwnedPartitions, PartitionSet } from './partitions.ts'
import { knownAssignors, preferredAssignor } from './target.ts'

type Described = ConsumerGroupDescribeResponse['groups'][number]

const NO_AUTHORIZED_OPERATIONS = -2_147_483_648
const CLASSIC_MEMBER = 0
const CONSUMER_MEMBER = 1

export function describeConsumerGroup(
  group: ConsumerGroup,
  topics: TopicsView,
  assignors: readonly string[],
): Described {
  return {
    errorCode: 0,
    errorMessage: null,
    groupId: group.groupId,
    groupState: group.state,
    groupEpoch: group.groupEpoch,
    assignmentEpoch: group.targetEpoch,
    assignorName: preferredAssignor(group.members.values(), knownAssignors(assignors)),
    members: [...group.members.values()].map(({ metadata, current }) => ({
      memberId: metadata.memberId,
      instanceId: metadata.instanceId,
      rackId: metadata.rackId,
      memberEpoch: current.memberEpoch,
      clientId: metadata.clientId,
      clientHost: metadata.clientHost,
      subscribedTopicNames: [...metadata.subscribedTopicNames],
      subscribedTopicRegex: metadata.subscribedTopicRegex ?? '',
      assignment: { topicPartitions: named(current.assigned, topics) },
      targetAssignment: { topicPartitions: named(group.targetOf(metadata.memberId), topics) },
      memberType: metadata.classic === null ? CONSUMER_MEMBER : CLASSIC_MEMBER,
    })),
    authorizedOperations: NO_AUTHORIZED_OPERATIONS,
  }
}

/** `reason` is that there is no group of the name, or that it is of another kind. */
export function describeNoConsumerGroup(groupId: string, reason: string): Described {
  return {
    errorCode: errorCode('GROUP_ID_NOT_FOUND'),
    errorMessage: `Group ${groupId} ${reason}.`,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
    authorizedOperations: NO_AUTHORIZED_OPERATIONS,
  }
}

/** Topics that were deleted are left out: they have no name any more. */
function named(partitions: OwnedPartitions | PartitionSet, topics: TopicsView) {
  return [...partitions].flatMap(([topicId, indexes]) => {
    const topicName = topics.topicName(topicId)
    if (topicName === null) return []
    return [{ topicId, topicName, partitions: [...indexes.keys()].sort((a, b) => a - b) }]
  })
}
