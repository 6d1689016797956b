// Members of a consumer group that still speak the classic protocol (online migration, KIP-848): their
// JoinGroup, SyncGroup, Heartbeat and LeaveGroup are turned into steps of the consumer protocol. The
// member epoch is their generation; nobody leads, the assignment is made here.

import { type Random, randomUuid } from '@weir/core'
import {
  type ErrorName,
  errorCode,
  type HeartbeatRequest,
  type JoinGroupRequest,
  type JoinGroupResponse,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
  type SyncGroupRequest,
} from '@weir/protocol'
import { copyProtocols } from '../classic/classic-member.ts'
import { heartbeatAnswer, joinFailed, syncFailed } from '../classic/responses.ts'
import { CONSUMER_PROTOCOL_TYPE } from '../classic/subscription.ts'
import {
  type GroupEffects,
  type GroupsConfig,
  type RequestContext,
  replyOnly,
  type TopicsView,
} from '../types.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import type { ConsumerGroups } from './consumer-groups.ts'
import { type ConsumerMember, type ConsumerMemberMetadata, newMember } from './consumer-member.ts'
import { ownedOf, readSubscription, writeAssignment } from './embedded-protocol.ts'
import { GroupDraft } from './group-draft.ts'
import { replaceStatic } from './member-lookup.ts'

const MEMBER_ID_REQUIRED_VERSION = 4

export interface ClassicRequest<Request> {
  readonly requestId: number
  readonly request: Request
  readonly context: RequestContext
  readonly group: ConsumerGroup
}

type Leaver = LeaveGroupRequest['members'][number]

export class MigratingMembers {
  readonly #random: Random
  readonly #config: GroupsConfig
  readonly #topics: TopicsView
  readonly #consumer: ConsumerGroups

  constructor(
    parts: { readonly random: Random; readonly config: GroupsConfig; readonly topics: TopicsView },
    consumer: ConsumerGroups,
  ) {
    this.#random = parts.random
    this.#config = parts.config
    this.#topics = parts.topics
    this.#consumer = consumer
  }

  join(asked: ClassicRequest<JoinGroupRequest>): GroupEffects {
    const { requestId, request, context, group } = asked
    const { groupInstanceId } = request
    const fail = (error: ErrorName, memberId = request.memberId) =>
      replyOnly(requestId, joinFailed(memberId, error, context.apiVersion))
    const protocols = copyProtocols(request.protocols)
    const subscription = readSubscription(protocols)
    if (request.protocolType !== CONSUMER_PROTOCOL_TYPE || subscription === null) {
      return fail('INCONSISTENT_GROUP_PROTOCOL')
    }
    if (!supportsProtocols(group, request)) return fail('INCONSISTENT_GROUP_PROTOCOL')
    const isFull = group.members.size >= this.#config.consumer.maxSize
    if (isFull && !group.members.has(request.memberId)) return fail('GROUP_MAX_SIZE_REACHED', '')
    const isNew = request.memberId === ''
    const memberId = isNew ? randomUuid(this.#random) : request.memberId
    const mustComeBack = context.apiVersion >= MEMBER_ID_REQUIRED_VERSION
    if (isNew && groupInstanceId === null && mustComeBack) {
      return fail('MEMBER_ID_REQUIRED', memberId)
    }
    const draft = new GroupDraft(group, [])
    const before = this.#memberToJoin(draft, memberId, groupInstanceId, isNew)
    if (typeof before === 'string') return fail(before)
    const { rebalanceTimeoutMs, sessionTimeoutMs } = request
    const metadata: ConsumerMemberMetadata = {
      ...before.metadata,
      instanceId: groupInstanceId,
      rackId: subscription.rackId,
      clientId: context.clientId,
      clientHost: context.clientHost,
      subscribedTopicNames: [...new Set(subscription.topics)].sort(),
      subscribedTopicRegex: null,
      rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
      serverAssignor: null,
      classic: { sessionTimeoutMs, protocols },
    }
    const reported = ownedOf(subscription, this.#topics)
    const said = { metadata, reported }
    const { next, afterReplay } = this.#consumer.step(draft, before, said, context.nowMs)
    // A static member may have come in place of the last one of the new protocol.
    const downgraded = this.#consumer.maybeDowngrade(draft, context.nowMs)
    const response: JoinGroupResponse = {
      throttleTimeMs: 0,
      errorCode: 0,
      generationId: next.memberEpoch,
      protocolType: CONSUMER_PROTOCOL_TYPE,
      protocolName: protocols[0]?.name ?? '',
      leader: '',
      skipAssignment: false,
      memberId,
      members: [],
    }
    const replies = [{ requestId, response }]
    return { records: draft.records, replies, afterReplay: downgraded ?? afterReplay }
  }

  /** The member as it is before this JoinGroup, or why it may not join. */
  #memberToJoin(
    draft: GroupDraft,
    memberId: string,
    instanceId: string | null,
    isNew: boolean,
  ): ConsumerMember | ErrorName {
    const { group } = draft
    const currentId = instanceId === null ? undefined : group.staticMembers.get(instanceId)
    if (currentId !== undefined && currentId !== memberId) {
      // Classic static members replace each other: who comes without its id is the new process.
      return isNew ? replaceStatic(draft, currentId, memberId) : 'FENCED_INSTANCE_ID'
    }
    if (instanceId !== null && currentId === undefined && !isNew) return 'UNKNOWN_MEMBER_ID'
    return group.members.get(memberId) ?? newMember(memberId)
  }

  sync(asked: ClassicRequest<SyncGroupRequest>): GroupEffects {
    const { requestId, request, context, group } = asked
    const fail = (error: ErrorName) => replyOnly(requestId, syncFailed(error))
    const found = findMember(group, request.memberId, request.groupInstanceId)
    if (typeof found === 'string') return fail(found)
    const { metadata, current } = found
    if (metadata.classic === null) return fail('UNKNOWN_MEMBER_ID')
    if (request.generationId !== current.memberEpoch) return fail('ILLEGAL_GENERATION')
    const { protocolType, protocolName } = request
    const isOtherType = protocolType !== null && protocolType !== CONSUMER_PROTOCOL_TYPE
    const isOtherName =
      protocolName !== null && protocolName !== metadata.classic.protocols[0]?.name
    if (isOtherType || isOtherName) return fail('INCONSISTENT_GROUP_PROTOCOL')
    // Whoever has to give something up has joined already: from this answer it learns what.
    if (current.memberEpoch < group.groupEpoch && current.state !== 'unrevoked') {
      this.#consumer.memberTimers.expectRejoin(group, metadata.memberId, context.nowMs)
      return fail('REBALANCE_IN_PROGRESS')
    }
    this.#consumer.memberTimers.scheduleSession(group, metadata.memberId, context.nowMs)
    return replyOnly(requestId, {
      throttleTimeMs: 0,
      errorCode: 0,
      protocolType,
      protocolName,
      assignment: writeAssignment(current.assigned, metadata.classic, this.#topics),
    })
  }

  heartbeat(asked: ClassicRequest<HeartbeatRequest>): GroupEffects {
    const { requestId, request, context, group } = asked
    const answer = (error: ErrorName) => replyOnly(requestId, heartbeatAnswer(error))
    const found = findMember(group, request.memberId, request.groupInstanceId)
    if (typeof found === 'string') return answer(found)
    if (found.metadata.classic === null) return answer('UNKNOWN_MEMBER_ID')
    if (request.generationId !== found.current.memberEpoch) return answer('ILLEGAL_GENERATION')
    const { memberId } = found.metadata
    this.#consumer.memberTimers.scheduleSession(group, memberId, context.nowMs)
    if (!mustRejoin(group, found)) return answer('NONE')
    this.#consumer.memberTimers.expectRejoin(group, memberId, context.nowMs)
    return answer('REBALANCE_IN_PROGRESS')
  }

  leave(asked: ClassicRequest<LeaveGroupRequest>): GroupEffects {
    const { requestId, request, context, group } = asked
    const leaving: string[] = []
    const members: LeaveGroupResponse['members'] = request.members.map(leaver => {
      const found = findLeaver(group, leaver)
      const { memberId, groupInstanceId } = leaver
      if (typeof found === 'string') {
        return { memberId, groupInstanceId, errorCode: errorCode(found) }
      }
      leaving.push(found.metadata.memberId)
      return { memberId, groupInstanceId, errorCode: 0 }
    })
    const response = { throttleTimeMs: 0, errorCode: 0, members }
    const replies = [{ requestId, response }]
    if (leaving.length === 0) return replyOnly(requestId, response)
    const draft = new GroupDraft(group, [])
    const afterReplay = this.#consumer.remove(draft, [...new Set(leaving)], context.nowMs)
    return { records: draft.records, replies, afterReplay }
  }
}

/**
 * A classic member has to join again when the group moved on, when it has to give something up, and
 * when what it waited for has become free.
 */
function mustRejoin(group: ConsumerGroup, member: ConsumerMember): boolean {
  const { memberEpoch, state, assigned } = member.current
  const { memberId } = member.metadata
  if (memberEpoch < group.groupEpoch || state === 'unrevoked') return true
  if (state !== 'unreleased') return false
  for (const [topicId, partitions] of group.targetOf(memberId)) {
    for (const index of partitions) {
      if (assigned.get(topicId)?.has(index) === true) continue
      if (group.ownerOf(topicId, index) === undefined) return true
    }
  }
  return false
}

function findMember(
  group: ConsumerGroup,
  memberId: string,
  instanceId: string | null,
): ConsumerMember | ErrorName {
  if (instanceId !== null) {
    const currentId = group.staticMembers.get(instanceId)
    if (currentId === undefined) return 'UNKNOWN_MEMBER_ID'
    if (currentId !== memberId) return 'FENCED_INSTANCE_ID'
  }
  return group.members.get(memberId) ?? 'UNKNOWN_MEMBER_ID'
}

function findLeaver(group: ConsumerGroup, leaver: Leaver): ConsumerMember | ErrorName {
  const { memberId, groupInstanceId } = leaver
  if (memberId !== '' || groupInstanceId === null) {
    return findMember(group, memberId, groupInstanceId)
  }
  const currentId = group.staticMembers.get(groupInstanceId) ?? ''
  return group.members.get(currentId) ?? 'UNKNOWN_MEMBER_ID'
}

/** One protocol has to be common to all members that are still classic; each may name very many. */
function supportsProtocols(group: ConsumerGroup, request: JoinGroupRequest): boolean {
  let common = new Set(request.protocols.map(({ name }) => name))
  for (const { metadata } of group.members.values()) {
    const { classic, memberId } = metadata
    if (classic === null || memberId === request.memberId) continue
    const names = classic.protocols.map(({ name }) => name)
    common = new Set(names.filter(name => common.has(name)))
  }
  return common.size > 0
}
