// The target assignment of a consumer group, made by the assignor that most members ask for.

import type { TopicsView } from '../types.ts'
import type { Assignor, AssignorMember, AssignorTopic } from './assignors/assignor.ts'
import { assignRanges } from './assignors/range.ts'
import { assignUniformly } from './assignors/uniform.ts'
import type { GroupDraft } from './group-draft.ts'
import { NO_PARTITIONS, samePartitions } from './partitions.ts'
import { TopicResolver } from './subscribed-topics.ts'

const ASSIGNORS: ReadonlyMap<string, Assignor> = new Map([
  ['uniform', assignUniformly],
  ['range', assignRanges],
])

/** The assignors that the setting names and that exist; the first one is the default. */
export function knownAssignors(names: readonly string[]): string[] {
  return names.filter(each => ASSIGNORS.has(each))
}

/** The one that most members ask for; the default if nobody does. */
export function preferredAssignor(
  members: Iterable<{ readonly metadata: { readonly serverAssignor: string | null } }>,
  assignors: readonly string[],
): string {
  const votes = new Map<string, number>()
  for (const { metadata } of members) {
    const { serverAssignor } = metadata
    if (serverAssignor === null || !assignors.includes(serverAssignor)) continue
    votes.set(serverAssignor, (votes.get(serverAssignor) ?? 0) + 1)
  }
  let winner = assignors[0] ?? 'uniform'
  for (const [name, count] of votes) if (count > (votes.get(winner) ?? 0)) winner = name
  return winner
}

/** Makes the target of the draft's group epoch, unless it is there already. */
export function updateTarget(
  draft: GroupDraft,
  topics: TopicsView,
  options: { readonly assignors: readonly string[]; readonly nowMs: number },
): void {
  if (draft.groupEpoch <= draft.targetEpoch) return
  const members = [...draft.members()]
  const name = preferredAssignor(members, knownAssignors(options.assignors))
  const known = new Map<string, AssignorTopic>()
  const resolver = new TopicResolver(draft, topics)
  const idLists = new Map<readonly string[], readonly string[]>()
  const asked = members.map(member => {
    const { memberId, instanceId, rackId } = member.metadata
    const names = resolver.namesOf(member)
    let topicIds = idLists.get(names)
    if (topicIds === undefined) {
      topicIds = addTopics(names, topics, known)
      idLists.set(names, topicIds)
    }
    return { memberId, instanceId, rackId, topicIds, target: draft.targetOf(memberId) }
  })
  asked.sort(byMemberId)
  const targets = (ASSIGNORS.get(name) ?? assignUniformly)({ members: asked, topics: known })
  for (const { memberId } of asked) {
    const target = targets.get(memberId) ?? NO_PARTITIONS
    const isKnown = draft.group.target.has(memberId)
    if (!isKnown || !samePartitions(target, draft.targetOf(memberId))) {
      draft.setTarget(memberId, target)
    }
  }
  draft.setTargetEpoch(draft.groupEpoch, options.nowMs)
}

/** The ids of the topics, sorted; the topics are added to `known`. */
function addTopics(
  names: readonly string[],
  topics: TopicsView,
  known: Map<string, AssignorTopic>,
): string[] {
  const topicIds: string[] = []
  for (const name of names) {
    const topicId = topics.topicId(name)
    if (topicId === null) continue
    topicIds.push(topicId)
    const racksOf = (index: number) => topics.racksOf(name, index)
    known.set(topicId, { topicId, partitionCount: topics.partitionCount(name), racksOf })
  }
  return topicIds.sort()
}

function byMemberId(a: AssignorMember, b: AssignorMember): number {
  return a.memberId < b.memberId ? -1 : a.memberId > b.memberId ? 1 : 0
}
