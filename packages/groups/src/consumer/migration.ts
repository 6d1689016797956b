// Online migration between the protocols (KIP-848): a classic group of consumers becomes a consumer
// group when the first member of that protocol joins, and a classic group again when the last one
// leaves, as far as group.consumer.migration.policy allows. Generation and group epoch carry on.

import type { ClassicGroup } from '../classic/classic-group.ts'
import { EMPTY_BYTES } from '../classic/classic-member.ts'
import { CONSUMER_PROTOCOL_TYPE } from '../classic/subscription.ts'
import type { GroupMetadata, GroupRecord } from '../records.ts'
import type { MigrationPolicy, TopicsView } from '../types.ts'
import { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerMember } from './consumer-member.ts'
import { readAssignment, readSubscription, writeAssignment } from './embedded-protocol.ts'
import { GroupDraft } from './group-draft.ts'
import { NOTHING_OWNED, OwnedBuilder, type PartitionSet } from './partitions.ts'

export function allowsUpgrade(policy: MigrationPolicy): boolean {
  return policy === 'upgrade' || policy === 'bidirectional'
}

export function allowsDowngrade(policy: MigrationPolicy): boolean {
  return policy === 'downgrade' || policy === 'bidirectional'
}

/**
 * A draft of a consumer group with the members of the classic one and what they own. Null if one of
 * them cannot be a member: it is no consumer, or its subscription does not parse.
 */
export function upgradeDraft(group: ClassicGroup, topics: TopicsView): GroupDraft | null {
  if (!group.usesConsumerProtocol) return null
  const records: GroupRecord[] = [{ kind: 'group-metadata', groupId: group.groupId, value: null }]
  const draft = new GroupDraft(new ConsumerGroup(group.groupId), records)
  const epoch = group.generationId
  draft.setGroupEpoch(epoch, 0n)
  for (const member of group.members.values()) {
    // The protocol of the generation comes first: it is the one that answers name.
    const chosen = member.protocols.filter(each => each.name === group.protocolName)
    const others = member.protocols.filter(each => each.name !== group.protocolName)
    const protocols = [...chosen, ...others]
    const subscription = readSubscription(protocols)
    if (subscription === null) return null
    const { memberId } = member
    const metadata = {
      memberId,
      instanceId: member.groupInstanceId,
      rackId: subscription.rackId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: [...new Set(subscription.topics)].sort(),
      subscribedTopicRegex: null,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      serverAssignor: null,
      classic: { sessionTimeoutMs: member.sessionTimeoutMs, protocols },
    }
    draft.setMetadata(metadata)
    const assigned = withoutTaken(readAssignment(member.assignment, epoch, topics), memberId, draft)
    draft.setTarget(memberId, placesOf(assigned))
    const current = {
      memberEpoch: epoch,
      previousMemberEpoch: epoch,
      state: 'stable',
      assigned,
      revoking: NOTHING_OWNED,
    } as const
    draft.setCurrent({ metadata, current }, current)
  }
  draft.setTargetEpoch(epoch, group.stateChangedMs ?? 0)
  return draft
}

/** Leaders of classic groups may assign a partition twice; here it has one owner, the first. */
function withoutTaken(
  assigned: ReturnType<typeof readAssignment>,
  memberId: string,
  draft: GroupDraft,
): ReturnType<typeof readAssignment> {
  const free = new OwnedBuilder()
  for (const [topicId, partitions] of assigned) {
    for (const [index, epoch] of partitions) {
      if (!draft.isHeldByOther(memberId, topicId, index)) free.add(topicId, index, epoch)
    }
  }
  return free.build()
}

function placesOf(assigned: ReturnType<typeof readAssignment>): PartitionSet {
  return new Map([...assigned].map(([topicId, indexes]) => [topicId, new Set(indexes.keys())]))
}

/** Whether only classic members are left, so that the group can be one of their protocol again. */
export function hasOnlyClassicMembers(members: Iterable<ConsumerMember>): boolean {
  let count = 0
  for (const { metadata } of members) {
    if (metadata.classic === null) return false
    count++
  }
  return count > 0
}

/** Tombstones for the consumer group, and the record of the classic one that takes its place. */
export function downgrade(draft: GroupDraft, topics: TopicsView, nowMs: number): void {
  const members = [...draft.members()]
  const value: GroupMetadata = {
    protocolType: CONSUMER_PROTOCOL_TYPE,
    generationId: draft.groupEpoch,
    protocolName: members[0]?.metadata.classic?.protocols[0]?.name ?? null,
    leaderId: members[0]?.metadata.memberId ?? null,
    stateChangedMs: nowMs,
    members: members.map(({ metadata, current }) => {
      const { classic } = metadata
      return {
        memberId: metadata.memberId,
        groupInstanceId: metadata.instanceId,
        clientId: metadata.clientId,
        clientHost: metadata.clientHost,
        rebalanceTimeoutMs: metadata.rebalanceTimeoutMs,
        sessionTimeoutMs: classic?.sessionTimeoutMs ?? 0,
        subscription: classic?.protocols[0]?.metadata ?? EMPTY_BYTES,
        assignment:
          classic === null ? EMPTY_BYTES : writeAssignment(current.assigned, classic, topics),
      }
    }),
  }
  for (const { metadata } of members) draft.removeMember(metadata.memberId)
  draft.removeGroup()
  draft.records.push({ kind: 'group-metadata', groupId: draft.group.groupId, value })
}
