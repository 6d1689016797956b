// Who a heartbeat comes from: a member of the group with an epoch that fits, a new one, or nobody who
// may be let in.

import { assert } from '@weir/core'
import type { ConsumerGroupHeartbeatRequest, ErrorName } from '@weir/protocol'
import {
  type ConsumerMember,
  JOIN_EPOCH,
  newMember,
  STATIC_LEAVE_EPOCH,
} from './consumer-member.ts'
import type { GroupDraft } from './group-draft.ts'
import { type Problem, reportedPartitions } from './heartbeat-answer.ts'
import { NOTHING_OWNED, type OwnedPartitions, type PartitionSet } from './partitions.ts'

export type FoundMember =
  | { readonly kind: 'member'; readonly member: ConsumerMember }
  | { readonly kind: 'problem'; readonly problem: Problem }

/** `memberId` is the request's, or the one that was made for it. */
export function findMember(
  draft: GroupDraft,
  request: ConsumerGroupHeartbeatRequest,
  memberId: string,
  maxSize: number,
): FoundMember {
  const { group } = draft
  const known = group.members.get(memberId)
  if (known === undefined && group.members.size >= maxSize) {
    const message = `The consumer group has reached its maximum capacity of ${maxSize} members.`
    return refused('GROUP_MAX_SIZE_REACHED', message)
  }
  if (request.instanceId !== null) return findStatic(draft, request, memberId)
  if (known !== undefined) return withValidEpoch(known, request)
  const isJoining = request.memberEpoch === JOIN_EPOCH
  return isJoining ? found(newMember(memberId)) : unknownMember(memberId, group.groupId)
}

function findStatic(
  draft: GroupDraft,
  request: ConsumerGroupHeartbeatRequest,
  memberId: string,
): FoundMember {
  const { group } = draft
  const { instanceId } = request
  const currentId = group.staticMembers.get(instanceId ?? '')
  const current = currentId === undefined ? undefined : group.members.get(currentId)
  const isJoining = request.memberEpoch === JOIN_EPOCH
  if (current === undefined) {
    if (!isJoining) return unknownInstance(instanceId ?? '')
    const known = group.members.get(memberId)
    return known === undefined ? found(newMember(memberId)) : withValidEpoch(known, request)
  }
  if (current.metadata.memberId === memberId) return withValidEpoch(current, request)
  if (!isJoining) {
    const message = `Static member ${memberId} with instance id ${instanceId} was fenced by member ${currentId}.`
    return refused('FENCED_INSTANCE_ID', message)
  }
  // Classic members are replaced by whoever comes with their instance id.
  const isReleased =
    current.current.memberEpoch === STATIC_LEAVE_EPOCH || current.metadata.classic !== null
  if (!isReleased) {
    const message = `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by ${currentId} member.`
    return refused('UNRELEASED_INSTANCE_ID', message)
  }
  return found(replaceStatic(draft, current.metadata.memberId, memberId))
}

/** The new process takes over what the static member had; its epoch begins anew. */
export function replaceStatic(
  draft: GroupDraft,
  oldMemberId: string,
  memberId: string,
): ConsumerMember {
  const old = draft.member(oldMemberId)
  assert(old !== undefined, 'no such static member', { oldMemberId })
  const target = draft.targetOf(oldMemberId)
  draft.removeMember(oldMemberId)
  const metadata = { ...old.metadata, memberId, classic: null }
  draft.setMetadata(metadata)
  draft.setTarget(memberId, target)
  const current = {
    memberEpoch: JOIN_EPOCH,
    previousMemberEpoch: JOIN_EPOCH,
    state: 'stable',
    assigned: old.current.assigned,
    revoking: NOTHING_OWNED,
  } as const
  const member = { metadata, current }
  draft.setCurrent(member, current)
  return member
}

export function unknownMember(
  memberId: string,
  groupId: string,
): Extract<FoundMember, { readonly kind: 'problem' }> {
  const message = `Member ${memberId} is not a member of group ${groupId}.`
  return { kind: 'problem', problem: { error: 'UNKNOWN_MEMBER_ID', message } }
}

export function unknownInstance(
  instanceId: string,
): Extract<FoundMember, { readonly kind: 'problem' }> {
  const message = `Instance id ${instanceId} is unknown.`
  return { kind: 'problem', problem: { error: 'UNKNOWN_MEMBER_ID', message } }
}

/**
 * The epoch has to be the member's own, or the one before if the last answer was lost (then with
 * nothing owned that it does not have now). A member that starts anew comes with epoch 0.
 */
function withValidEpoch(
  member: ConsumerMember,
  request: ConsumerGroupHeartbeatRequest,
): FoundMember {
  const { memberEpoch, previousMemberEpoch, assigned } = member.current
  const received = request.memberEpoch
  if (received === memberEpoch || received === JOIN_EPOCH) return found(member)
  if (received > memberEpoch) {
    const message = `The consumer group member has a greater member epoch (${received}) than the one known by the group coordinator (${memberEpoch}). The member must abandon all its partitions and rejoin.`
    return refused('FENCED_MEMBER_EPOCH', message)
  }
  const reported = reportedPartitions(request)
  if (received === previousMemberEpoch && reported !== null && isSubset(reported, assigned)) {
    return found(member)
  }
  const message = `The consumer group member has a smaller member epoch (${received}) than the one known by the group coordinator (${memberEpoch}). The member must abandon all its partitions and rejoin.`
  return refused('FENCED_MEMBER_EPOCH', message)
}

function isSubset(reported: PartitionSet, assigned: OwnedPartitions): boolean {
  for (const [topicId, partitions] of reported) {
    for (const index of partitions) if (assigned.get(topicId)?.has(index) !== true) return false
  }
  return true
}

function found(member: ConsumerMember): FoundMember {
  return { kind: 'member', member }
}

function refused(error: ErrorName, message: string): FoundMember {
  return { kind: 'problem', problem: { error, message } }
}
