// Whether a member of a consumer group may commit or fetch offsets with the epoch that it gives.

import type { ErrorName } from '@weir/protocol'
import type { ConsumerGroup } from './consumer-group.ts'

/** Consumer groups need at least this version of OffsetCommit. */
const MEMBER_EPOCH_VERSION = 9

/** Null: the partition may be committed. */
export type PartitionCheck = (topicId: string, partitionIndex: number) => ErrorName | null

export type CommitCheck =
  | { readonly kind: 'refused'; readonly error: ErrorName }
  | { readonly kind: 'allowed'; readonly check: PartitionCheck }

const ALLOWED: CommitCheck = { kind: 'allowed', check: () => null }

/**
 * A commit with the member's epoch counts; one with an older epoch counts for the partitions that the
 * member has had since then (KIP-1251): it cannot undo what another owner has committed.
 */
export function checkCommit(
  group: ConsumerGroup,
  commit: { readonly memberId: string; readonly memberEpoch: number },
  apiVersion: number,
): CommitCheck {
  const { memberId, memberEpoch } = commit
  // Nobody is in the group: an administrator, or a consumer that assigns itself.
  if (memberEpoch < 0 && group.isEmpty) return ALLOWED
  const member = group.members.get(memberId)
  if (member === undefined) return refused('UNKNOWN_MEMBER_ID')
  const { current, metadata } = member
  if (metadata.classic !== null) {
    return memberEpoch === current.memberEpoch ? ALLOWED : refused('ILLEGAL_GENERATION')
  }
  if (apiVersion < MEMBER_EPOCH_VERSION) return refused('UNSUPPORTED_VERSION')
  if (memberEpoch === current.memberEpoch) return ALLOWED
  if (memberEpoch > current.memberEpoch || memberEpoch < 0) return refused('STALE_MEMBER_EPOCH')
  const check: PartitionCheck = (topicId, index) => {
    const assignmentEpoch =
      current.assigned.get(topicId)?.get(index) ?? current.revoking.get(topicId)?.get(index)
    const isOwner = assignmentEpoch !== undefined && assignmentEpoch <= memberEpoch
    return isOwner ? null : 'STALE_MEMBER_EPOCH'
  }
  return { kind: 'allowed', check }
}

/** 'NONE', or why the member may not fetch; without a member id nobody is checked. */
export function fetchError(
  group: ConsumerGroup,
  fetch: { readonly memberId: string | null; readonly memberEpoch: number },
): ErrorName {
  const { memberId, memberEpoch } = fetch
  if (memberId === null && memberEpoch < 0) return 'NONE'
  const member = group.members.get(memberId ?? '')
  if (member === undefined) return 'UNKNOWN_MEMBER_ID'
  return member.current.memberEpoch === memberEpoch ? 'NONE' : 'STALE_MEMBER_EPOCH'
}

function refused(error: ErrorName): CommitCheck {
  return { kind: 'refused', error }
}
