// The next step of one member towards its target (KIP-848): first it gives up what is not in the
// target, in its old epoch; then it moves to the target's epoch and gets what nobody else has; what
// others still hold follows when they have let it go.

import type { CurrentAssignment } from './consumer-member.ts'
import {
  NOTHING_OWNED,
  OwnedBuilder,
  type OwnedPartitions,
  type PartitionSet,
  sameOwned,
} from './partitions.ts'

/** What the member says it has: topic id -> partitions. Null: nothing new since its last word. */
export type ReportedPartitions = PartitionSet | null

export interface ReconcileInput {
  readonly current: CurrentAssignment
  readonly targetEpoch: number
  readonly target: PartitionSet
  readonly reported: ReportedPartitions
  /** Whether another member has the partition, or is still giving it up. */
  readonly isHeldByOther: (topicId: string, partitionIndex: number) => boolean
}

/** The same object if nothing changes. */
export function reconcile(input: ReconcileInput): CurrentAssignment {
  const { current, targetEpoch, reported } = input
  switch (current.state) {
    case 'stable':
      return current.memberEpoch === targetEpoch ? current : nextStep(input)
    case 'unrevoked':
      return reported === null || reportsAny(reported, current.revoking) ? current : nextStep(input)
    case 'unreleased':
      return nextStep(input)
  }
}

function nextStep(input: ReconcileInput): CurrentAssignment {
  const { current, targetEpoch, target, reported } = input
  const kept = new OwnedBuilder()
  const revoking = new OwnedBuilder()
  for (const [topicId, partitions] of current.assigned) {
    const wanted = target.get(topicId)
    for (const [index, epoch] of partitions) {
      if (wanted?.has(index) === true) kept.add(topicId, index, epoch)
      else revoking.add(topicId, index, epoch)
    }
  }
  const mustRevoke =
    revoking.count > 0 && (reported === null || reportsAny(reported, revoking.build()))
  if (mustRevoke) {
    return changed(current, {
      memberEpoch: current.memberEpoch,
      previousMemberEpoch: current.memberEpoch,
      state: 'unrevoked',
      assigned: kept.build(),
      revoking: revoking.build(),
    })
  }
  let isWaiting = false
  for (const [topicId, partitions] of target) {
    const owned = current.assigned.get(topicId)
    for (const index of partitions) {
      if (owned?.has(index) === true) continue
      if (input.isHeldByOther(topicId, index)) isWaiting = true
      else kept.add(topicId, index, targetEpoch)
    }
  }
  return changed(current, {
    memberEpoch: targetEpoch,
    previousMemberEpoch: current.memberEpoch,
    state: isWaiting ? 'unreleased' : 'stable',
    assigned: kept.build(),
    revoking: NOTHING_OWNED,
  })
}

/** A step that leads nowhere new is none: no record, and the previous epoch stays what it was. */
function changed(before: CurrentAssignment, after: CurrentAssignment): CurrentAssignment {
  const isSame =
    before.memberEpoch === after.memberEpoch &&
    before.state === after.state &&
    sameOwned(before.assigned, after.assigned) &&
    sameOwned(before.revoking, after.revoking)
  return isSame ? before : after
}

function reportsAny(reported: PartitionSet, partitions: OwnedPartitions): boolean {
  for (const [topicId, indexes] of partitions) {
    const mine = reported.get(topicId)
    if (mine === undefined) continue
    for (const index of indexes.keys()) if (mine.has(index)) return true
  }
  return false
}
