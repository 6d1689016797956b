// Members of consumer groups on their way from one assignment to the next (KIP-848).
import {
  type DescribedGroup,
  type GroupMember,
  partitionKey,
  type TopicPartition,
} from '@weir/client'

/** The member has the newest epoch, and all that is meant for it; classic groups have no such way. */
export function isSettled(group: DescribedGroup, member: GroupMember): boolean {
  if (group.assignmentEpoch === null || member.targetAssignment === null) return true
  if (member.memberEpoch !== group.assignmentEpoch) return false
  return minus(member.targetAssignment, member.assignment).length === 0
}

/** What it does next, in words; empty if it is settled. */
export function reconciliationOf(group: DescribedGroup, member: GroupMember): string {
  if (isSettled(group, member)) return ''
  const target = member.targetAssignment ?? []
  const revoking = minus(member.assignment, target).length
  const waiting = minus(target, member.assignment).length
  const parts = [
    revoking > 0 ? `gives up ${revoking}` : '',
    waiting > 0 ? `waits for ${waiting}` : '',
  ].filter(each => each !== '')
  return parts.length > 0 ? parts.join(', ') : `at epoch ${member.memberEpoch}`
}

function minus(a: readonly TopicPartition[], b: readonly TopicPartition[]): TopicPartition[] {
  const there = new Set(b.map(partitionKey))
  return a.filter(each => !there.has(partitionKey(each)))
}
