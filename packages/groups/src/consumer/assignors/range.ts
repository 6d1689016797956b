// The assignor `range`: of every topic each subscriber gets one contiguous range, in the order of the
// members, so that equal partitions of equally subscribed topics go to the same member.

import { type PartitionSet, PartitionSetBuilder } from '../partitions.ts'
import type { AssignorInput, AssignorMember } from './assignor.ts'

export function assignRanges(input: AssignorInput): Map<string, PartitionSet> {
  const targets = new Map<string, PartitionSetBuilder>()
  const subscribers = new Map<string, AssignorMember[]>()
  for (const member of [...input.members].sort(byIdentity)) {
    targets.set(member.memberId, new PartitionSetBuilder())
    for (const topicId of member.topicIds) {
      const known = subscribers.get(topicId)
      if (known === undefined) subscribers.set(topicId, [member])
      else known.push(member)
    }
  }
  for (const [topicId, members] of subscribers) {
    const count = input.topics.get(topicId)?.partitionCount ?? 0
    const share = Math.floor(count / members.length)
    const withOneMore = count % members.length
    let next = 0
    members.forEach((member, index) => {
      const end = next + share + (index < withOneMore ? 1 : 0)
      for (; next < end; next++) targets.get(member.memberId)?.add(topicId, next)
    })
  }
  return new Map([...targets].map(([memberId, target]) => [memberId, target.build()]))
}

/** Static members keep their place when they come back under another member id. */
function byIdentity(a: AssignorMember, b: AssignorMember): number {
  const left = a.instanceId ?? a.memberId
  const right = b.instanceId ?? b.memberId
  return left < right ? -1 : left > right ? 1 : 0
}
