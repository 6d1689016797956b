// How a group looks from outside: in lists, in descriptions, and to the expiry of its offsets.

import { type DescribeGroupsResponse, errorCode } from '@weir/protocol'
import type { ClassicGroup } from './classic/classic-group.ts'
import { EMPTY_BYTES } from './classic/classic-member.ts'
import type { ExpiryRule, OffsetOwner } from './group-offsets.ts'
import type { Group } from './group-types.ts'

/** DescribeGroups has an error for a group that does not exist from this version on. */
const DESCRIBE_NOT_FOUND_VERSION = 6
/** Kafka's answer where authorised operations were not asked for. */
export const NO_AUTHORIZED_OPERATIONS = -2_147_483_648

export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  readonly groupState: string
  readonly groupType: string
}

export function listedGroup(group: Group): ListedGroup {
  const { groupId, state: groupState } = group
  if (group.kind === 'consumer') {
    return { groupId, protocolType: 'consumer', groupState, groupType: 'consumer' }
  }
  return { groupId, protocolType: group.protocolType ?? '', groupState, groupType: 'classic' }
}

type DescribedGroup = DescribeGroupsResponse['groups'][number]

export function describeGroup(group: ClassicGroup): DescribedGroup {
  const isStable = group.state === 'Stable'
  return {
    errorCode: 0,
    errorMessage: null,
    groupId: group.groupId,
    groupState: group.state,
    protocolType: group.protocolType ?? '',
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: [...group.members.values()].map(each => ({
      memberId: each.memberId,
      groupInstanceId: each.groupInstanceId,
      clientId: each.clientId,
      clientHost: each.clientHost,
      memberMetadata: isStable ? each.metadata(group.protocolName) : EMPTY_BYTES,
      memberAssignment: each.assignment,
    })),
    authorizedOperations: NO_AUTHORIZED_OPERATIONS,
  }
}

/** `reason` is that there is no group of the name, or that it is of another kind. */
export function describeMissingGroup(
  groupId: string,
  reason: string,
  apiVersion: number,
): DescribedGroup {
  const hasError = apiVersion >= DESCRIBE_NOT_FOUND_VERSION
  return {
    errorCode: hasError ? errorCode('GROUP_ID_NOT_FOUND') : 0,
    errorMessage: hasError ? `Group ${groupId} ${reason}.` : null,
    groupId,
    groupState: 'Dead',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: NO_AUTHORIZED_OPERATIONS,
  }
}

/**
 * Offsets of a group without members expire a retention after the last one left (after the commit
 * if a record of old does not say when that was); in a stable group of consumers those of topics
 * that nobody consumes do; in a group that only stores offsets each one a retention after it.
 */
function expiryOf(group: Group): ExpiryRule {
  if (group.kind === 'consumer') return { kind: 'since-commit' }
  if (group.protocolType === null) return { kind: 'since-commit' }
  if (group.state === 'Empty') {
    const sinceMs = group.stateChangedMs
    return sinceMs === null ? { kind: 'since-commit' } : { kind: 'since', sinceMs }
  }
  const isKnown = group.usesConsumerProtocol && group.subscribedTopics !== null
  return group.state === 'Stable' && isKnown ? { kind: 'since-commit' } : { kind: 'none' }
}

export function ownerOf(group: Group): OffsetOwner {
  return {
    groupId: group.groupId,
    expiry: expiryOf(group),
    isSubscribedToTopic: topic => group.isSubscribedToTopic(topic),
  }
}
