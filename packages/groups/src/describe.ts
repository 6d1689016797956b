// How a group looks from outside: in lists, in descriptions, and to the expiry of its offsets.

import {
  type DescribeGroupsResponse,
  errorCode,
  type ListGroupsRequest,
  type ListGroupsResponse,
} from '@weir/protocol'
import type { ClassicGroup } from './classic/classic-group.ts'
import { EMPTY_BYTES } from './classic/classic-member.ts'
import type { ExpiryRule, OffsetOwner } from './group-offsets.ts'
import type { Group } from './group-types.ts'

/** DescribeGroups has an error for a group that does not exist from this version on. */
const DESCRIBE_NOT_FOUND_VERSION = 6
/** Kafka's answer where authorised operations were not asked for. */
const NO_AUTHORIZED_OPERATIONS = -2_147_483_648

/** Filters are without regard to case; an empty one lets everything pass. */
export function listGroups(
  groups: Iterable<Group>,
  request: ListGroupsRequest,
): ListGroupsResponse {
  const states = new Set(request.statesFilter.map(each => each.toLowerCase()))
  const types = new Set(request.typesFilter.map(each => each.toLowerCase()))
  const listed: ListGroupsResponse['groups'] = []
  for (const group of groups) {
    if (states.size > 0 && !states.has(group.state.toLowerCase())) continue
    if (types.size > 0 && !types.has(group.kind)) continue
    listed.push({
      groupId: group.groupId,
      protocolType: (group.kind === 'consumer' ? 'consumer' : group.protocolType) ?? '',
      groupState: group.state,
      groupType: group.kind,
    })
  }
  return { throttleTimeMs: 0, errorCode: 0, groups: listed }
}

type DescribedGroup = DescribeGroupsResponse['groups'][number]

export function describeClassicGroup(
  groupId: string,
  group: Group | undefined,
  apiVersion: number,
): DescribedGroup {
  if (group?.kind === 'classic') return describeGroup(group)
  const reason = group === undefined ? 'not found' : 'is not a classic group'
  return describeMissingGroup(groupId, reason, apiVersion)
}

function describeGroup(group: ClassicGroup): DescribedGroup {
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
function describeMissingGroup(groupId: string, reason: string, apiVersion: number): DescribedGroup {
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
