// The assignor `range` as Kafka's clients have it: topic by topic, consecutive partitions to members
// in the order of their ids, the first members get one more when it does not divide evenly.
import type { TopicPartition } from '../topic-partition.ts'

export interface GroupSubscription {
  readonly memberId: string
  /** Static members are ordered by this before the others. */
  readonly groupInstanceId: string | null
  readonly topics: readonly string[]
}

export function assignRanges(
  members: readonly GroupSubscription[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const assignment = new Map<string, TopicPartition[]>()
  for (const member of members) assignment.set(member.memberId, [])
  const topics = [...new Set(members.flatMap(member => member.topics))].sort()
  const sorted = [...members].sort(compareMembers)
  for (const topic of topics) {
    const partitionCount = partitionCounts.get(topic) ?? 0
    const subscribed = sorted.filter(member => member.topics.includes(topic))
    const each = Math.floor(partitionCount / subscribed.length)
    const withOneMore = partitionCount % subscribed.length
    let next = 0
    for (const [index, member] of subscribed.entries()) {
      const count = each + (index < withOneMore ? 1 : 0)
      for (let i = 0; i < count; i++) {
        assignment.get(member.memberId)?.push({ topic, partition: next })
        next++
      }
    }
  }
  return assignment
}

function compareMembers(a: GroupSubscription, b: GroupSubscription): number {
  if (a.groupInstanceId !== null && b.groupInstanceId !== null) {
    return compare(a.groupInstanceId, b.groupInstanceId)
  }
  if (a.groupInstanceId !== null) return -1
  if (b.groupInstanceId !== null) return 1
  return compare(a.memberId, b.memberId)
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
