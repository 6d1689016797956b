// ConsumerGroupHeartbeat (KIP-848), versions 0-1: join, report, reconcile, leave; and the timers of the
// members. v1: the client makes its member id, and may subscribe by a pattern in RE2 syntax.
//
// Differences from Kafka: patterns are matched in the request that brings them and whenever topics
// change, not in the background; the target is made at once, without an assignment interval.

import { assert, type Random, randomUuid } from '@weir/core'
import type { ConsumerGroupHeartbeatRequest, ErrorName } from '@weir/protocol'
import type { Timers } from '../timers.ts'
import {
  type GroupEffects,
  type GroupsConfig,
  type RequestContext,
  replyOnly,
  type TopicsView,
} from '../types.ts'
import type { ConsumerGroup } from './consumer-group.ts'
import {
  type ConsumerMember,
  type ConsumerMemberMetadata,
  type CurrentAssignment,
  INITIAL_ASSIGNMENT,
  JOIN_EPOCH,
  LEAVE_EPOCH,
  STATIC_LEAVE_EPOCH,
  sameMetadata,
  sameNames,
} from './consumer-member.ts'
import { GroupDraft } from './group-draft.ts'
import {
  heartbeatAccepted,
  heartbeatFailed,
  isFullRequest,
  type Problem,
  reportedPartitions,
} from './heartbeat-answer.ts'
import { allowsDowngrade, downgrade, hasOnlyClassicMembers } from './migration.ts'
import { NOTHING_OWNED, type OwnedPartitions, type PartitionSet } from './partitions.ts'
import { reconcile } from './reconcile.ts'
import {
  compilePattern,
  hashOfTopics,
  patternOf,
  refreshSubscriptions,
} from './subscribed-topics.ts'
import { updateTarget } from './target.ts'

/** A removal that the log has refused is tried again after this. */
const FENCE_RETRY_MS = 1000

/** A heartbeat on its way. The draft may be of a group that is only made by it. */
export interface Beat {
  readonly requestId: number
  readonly request: ConsumerGroupHeartbeatRequest
  readonly context: RequestContext
  readonly draft: GroupDraft
}

type Found =
  | { readonly kind: 'member'; readonly member: ConsumerMember; readonly isNew: boolean }
  | { readonly kind: 'problem'; readonly problem: Problem }

export class ConsumerGroups {
  readonly #random: Random
  readonly #config: GroupsConfig
  readonly #timers: Timers
  readonly #topics: TopicsView
  readonly #find: (groupId: string) => ConsumerGroup | null
  readonly #onDowngraded: (groupId: string, nowMs: number) => void

  constructor(
    parts: { readonly random: Random; readonly config: GroupsConfig; readonly topics: TopicsView },
    timers: Timers,
    shard: {
      readonly find: (groupId: string) => ConsumerGroup | null
      readonly onDowngraded: (groupId: string, nowMs: number) => void
    },
  ) {
    this.#random = parts.random
    this.#config = parts.config
    this.#topics = parts.topics
    this.#timers = timers
    this.#find = shard.find
    this.#onDowngraded = shard.onDowngraded
  }

  heartbeat(beat: Beat): GroupEffects {
    const { requestId, request } = beat
    const { memberEpoch } = request
    if (memberEpoch === LEAVE_EPOCH || memberEpoch === STATIC_LEAVE_EPOCH) return this.#leave(beat)
    const pattern = request.subscribedTopicRegex
    if (pattern !== null && pattern !== '' && compilePattern(pattern) === null) {
      const message = `SubscribedTopicRegex \`${pattern}\` is not a valid regular expression.`
      const problem: Problem = { error: 'INVALID_REGULAR_EXPRESSION', message }
      return replyOnly(requestId, heartbeatFailed(problem))
    }
    const found = this.#member(beat)
    if (found.kind === 'problem') return replyOnly(requestId, heartbeatFailed(found.problem))
    return this.#advance(beat, found.member)
  }

  #advance(beat: Beat, before: ConsumerMember): GroupEffects {
    const { requestId, request, context, draft } = beat
    const { groupId } = draft.group
    const metadata = updatedMetadata(before.metadata, request, context)
    const reported = reportedPartitions(request)
    const { next, afterReplay } = this.step(draft, before, { metadata, reported }, context.nowMs)
    // A member that is an epoch behind has lost the answer that told it.
    const isBehind = request.memberEpoch !== before.current.memberEpoch
    const withAssignment =
      isFullRequest(request) || isBehind || !samePlaces(before.current.assigned, next.assigned)
    const response = heartbeatAccepted(metadata.memberId, next, {
      heartbeatIntervalMs: this.#config.consumer.heartbeatIntervalMs(groupId),
      withAssignment,
    })
    return { records: draft.records, replies: [{ requestId, response }], afterReplay }
  }

  /**
   * Brings subscription, target and assignment of the member one step further. `afterReplay` starts
   * its session anew.
   */
  step(
    draft: GroupDraft,
    before: ConsumerMember,
    said: { readonly metadata: ConsumerMemberMetadata; readonly reported: PartitionSet | null },
    nowMs: number,
  ): { readonly next: CurrentAssignment; readonly afterReplay: () => void } {
    const { metadata, reported } = said
    const { memberId } = metadata
    const { groupId } = draft.group
    const isStored = draft.member(memberId) !== undefined
    if (!isStored || !sameMetadata(before.metadata, metadata)) draft.setMetadata(metadata)
    const hasSubscriptionChanged =
      !sameNames(before.metadata.subscribedTopicNames, metadata.subscribedTopicNames) ||
      before.metadata.subscribedTopicRegex !== metadata.subscribedTopicRegex ||
      (!isStored && before.current === INITIAL_ASSIGNMENT)
    refreshSubscriptions(draft, this.#topics, { hasSubscriptionChanged, nowMs })
    const { assignors } = this.#config.consumer
    updateTarget(draft, this.#topics, { assignors, nowMs })
    const next = reconcile({
      current: before.current,
      targetEpoch: draft.targetEpoch,
      target: draft.targetOf(memberId),
      reported,
      isHeldByOther: (topicId, index) => draft.isHeldByOther(memberId, topicId, index),
    })
    if (next !== before.current) draft.setCurrent({ metadata, current: before.current }, next)
    const topicsChange = this.#topics.changeCount
    const afterReplay = () => {
      const group = this.#find(groupId)
      if (group === null) return
      group.seenTopicsChange = topicsChange
      this.scheduleSession(group, memberId, nowMs)
      if (next !== before.current) this.scheduleRebalance(group, memberId, nowMs)
    }
    return { next, afterReplay }
  }

  #member(beat: Beat): Found {
    const { request, draft } = beat
    const { group } = draft
    const isJoining = request.memberEpoch === JOIN_EPOCH
    const memberId = request.memberId === '' ? randomUuid(this.#random) : request.memberId
    const known = group.members.get(memberId)
    if (known === undefined && group.members.size >= this.#config.consumer.maxSize) {
      const message = `The consumer group has reached its maximum capacity of ${this.#config.consumer.maxSize} members.`
      return problem('GROUP_MAX_SIZE_REACHED', message)
    }
    if (request.instanceId !== null) return this.#staticMember(beat, memberId)
    if (known === undefined) {
      return isJoining ? fresh(memberId) : unknownMember(memberId, group.groupId)
    }
    return withValidEpoch(known, request)
  }

  #staticMember(beat: Beat, memberId: string): Found {
    const { request, draft } = beat
    const { group } = draft
    const { instanceId } = request
    const currentId = group.staticMembers.get(instanceId ?? '')
    const current = currentId === undefined ? undefined : group.members.get(currentId)
    if (request.memberEpoch === JOIN_EPOCH) {
      if (current === undefined) {
        const known = group.members.get(memberId)
        return known === undefined ? fresh(memberId) : withValidEpoch(known, request)
      }
      if (current.metadata.memberId === memberId) return withValidEpoch(current, request)
      const isReleased =
        current.current.memberEpoch === STATIC_LEAVE_EPOCH || current.metadata.classic !== null
      if (!isReleased) {
        const message = `Static member ${memberId} with instance id ${instanceId} cannot join the group because the instance id is owned by member ${currentId}.`
        return problem('UNRELEASED_INSTANCE_ID', message)
      }
      return { kind: 'member', member: replaceStatic(draft, current, memberId), isNew: false }
    }
    if (current === undefined) {
      return problem('UNKNOWN_MEMBER_ID', `Instance id ${instanceId} is unknown.`)
    }
    if (current.metadata.memberId !== memberId) {
      const message = `Static member ${memberId} with instance id ${instanceId} was fenced by member ${currentId}.`
      return problem('FENCED_INSTANCE_ID', message)
    }
    return withValidEpoch(current, request)
  }

  #leave(beat: Beat): GroupEffects {
    const { requestId, request, context, draft } = beat
    const { group } = draft
    const { memberId, memberEpoch, instanceId } = request
    const staticId = instanceId === null ? undefined : group.staticMembers.get(instanceId)
    const member = group.members.get(instanceId === null ? memberId : (staticId ?? ''))
    if (member === undefined) {
      const { problem } = unknownMember(memberId, group.groupId)
      return replyOnly(requestId, heartbeatFailed(problem))
    }
    if (member.metadata.memberId !== memberId) {
      const message = `Static member ${memberId} with instance id ${instanceId} was fenced by member ${staticId}.`
      return replyOnly(requestId, heartbeatFailed({ error: 'FENCED_INSTANCE_ID', message }))
    }
    const { assigned, memberEpoch: previousMemberEpoch } = member.current
    const response = heartbeatAccepted(
      memberId,
      { memberEpoch, assigned },
      { heartbeatIntervalMs: 0, withAssignment: false },
    )
    if (memberEpoch === STATIC_LEAVE_EPOCH) {
      draft.setCurrent(member, {
        memberEpoch,
        previousMemberEpoch,
        state: 'stable',
        assigned,
        revoking: NOTHING_OWNED,
      })
    }
    const removed =
      memberEpoch === STATIC_LEAVE_EPOCH ? null : this.remove(draft, [memberId], context.nowMs)
    const { groupId } = group
    const afterReplay = () => {
      removed?.()
      const left = this.#find(groupId)
      if (left !== null) this.#cancelTimer(left.rebalanceTimers, memberId)
    }
    return { records: draft.records, replies: [{ requestId, response }], afterReplay }
  }

  /**
   * Takes members out: the others are assigned what they had with their next heartbeats. When only
   * classic members are left the group becomes one of theirs; that is what `afterReplay` starts.
   */
  remove(draft: GroupDraft, memberIds: readonly string[], nowMs: number): (() => void) | null {
    const patterns = new Set<string>()
    for (const memberId of memberIds) {
      const member = draft.member(memberId)
      if (member === undefined) continue
      const pattern = patternOf(member)
      if (pattern !== null) patterns.add(pattern)
      draft.removeMember(memberId)
    }
    for (const member of draft.members()) {
      const pattern = patternOf(member)
      if (pattern !== null) patterns.delete(pattern)
    }
    for (const pattern of patterns) {
      if (draft.regex(pattern) !== undefined) draft.setRegex(pattern, null)
    }
    draft.setGroupEpoch(draft.groupEpoch + 1, hashOfTopics(draft, this.#topics))
    const isEmpty = draft.members().next().done === true
    // Nobody is left to be assigned anything: the target is complete as it is (KAFKA-20442).
    if (isEmpty) draft.setTargetEpoch(draft.groupEpoch, nowMs)
    const isDowngrade =
      allowsDowngrade(this.#config.consumer.migrationPolicy) &&
      hasOnlyClassicMembers(draft.members())
    if (!isDowngrade) return null
    downgrade(draft, this.#topics, nowMs)
    const { groupId } = draft.group
    return () => this.#onDowngraded(groupId, nowMs)
  }

  /** `memberId` takes the place of the static member `oldMemberId`, with all that it has. */
  replaceStatic(draft: GroupDraft, oldMemberId: string, memberId: string): ConsumerMember {
    const old = draft.member(oldMemberId)
    assert(old !== undefined, 'no such static member', { oldMemberId })
    return replaceStatic(draft, old, memberId)
  }

  /** After the load: every member has one session to show itself. */
  start(group: ConsumerGroup, nowMs: number): void {
    for (const memberId of group.members.keys()) {
      this.scheduleSession(group, memberId, nowMs)
      this.scheduleRebalance(group, memberId, nowMs)
    }
  }

  cancelTimers(group: ConsumerGroup): void {
    for (const timers of [group.sessionTimers, group.rebalanceTimers]) {
      for (const timer of timers.values()) this.#timers.cancel(timer)
      timers.clear()
    }
  }

  /** The member was removed by replay: its timers go with it. */
  cancelMemberTimers(group: ConsumerGroup, memberId: string): void {
    this.#cancelTimer(group.sessionTimers, memberId)
    this.#cancelTimer(group.rebalanceTimers, memberId)
  }

  #cancelTimer(timers: ConsumerGroup['sessionTimers'], memberId: string): void {
    this.#timers.cancel(timers.get(memberId) ?? null)
    timers.delete(memberId)
  }

  scheduleSession(group: ConsumerGroup, memberId: string, nowMs: number): void {
    const member = group.members.get(memberId)
    const sessionMs =
      member?.metadata.classic?.sessionTimeoutMs ??
      this.#config.consumer.sessionTimeoutMs(group.groupId)
    this.#fenceAt(group, group.sessionTimers, { memberId, deadlineMs: nowMs + sessionMs })
  }

  /** A member that has to give up partitions has its rebalance timeout for that. */
  scheduleRebalance(group: ConsumerGroup, memberId: string, nowMs: number): void {
    this.#cancelTimer(group.rebalanceTimers, memberId)
    const member = group.members.get(memberId)
    if (member?.current.state !== 'unrevoked') return
    const deadlineMs = nowMs + member.metadata.rebalanceTimeoutMs
    this.#fenceAt(group, group.rebalanceTimers, { memberId, deadlineMs })
  }

  /** A classic member has its rebalance timeout to join again; the first reminder counts. */
  expectRejoin(group: ConsumerGroup, memberId: string, nowMs: number): void {
    const member = group.members.get(memberId)
    if (member === undefined || group.rebalanceTimers.has(memberId)) return
    const deadlineMs = nowMs + member.metadata.rebalanceTimeoutMs
    this.#fenceAt(group, group.rebalanceTimers, { memberId, deadlineMs })
  }

  /**
   * The member is removed at the deadline. The timer stays armed until replay has removed it: the
   * log may refuse the records, and then the member must not stay for ever.
   */
  #fenceAt(
    group: ConsumerGroup,
    timers: ConsumerGroup['sessionTimers'],
    options: { readonly memberId: string; readonly deadlineMs: number },
  ): void {
    const { memberId, deadlineMs } = options
    this.#cancelTimer(timers, memberId)
    if (!group.members.has(memberId)) return
    const timer = this.#timers.schedule(deadlineMs, (expiredMs, effects) => {
      const retryMs = expiredMs + FENCE_RETRY_MS
      this.#fenceAt(group, timers, { memberId, deadlineMs: retryMs })
      this.#fence(group, memberId, expiredMs, effects)
    })
    timers.set(memberId, timer)
  }

  #fence(group: ConsumerGroup, memberId: string, nowMs: number, effects: GroupEffects): void {
    if (!group.members.has(memberId) || this.#find(group.groupId) !== group) return
    const draft = new GroupDraft(group, effects.records)
    effects.afterReplay = this.remove(draft, [memberId], nowMs)
  }
}

function problem(error: ErrorName, message: string): Found {
  return { kind: 'problem', problem: { error, message } }
}

function unknownMember(
  memberId: string,
  groupId: string,
): Extract<Found, { readonly kind: 'problem' }> {
  const message = `Member ${memberId} is not a member of group ${groupId}.`
  return { kind: 'problem', problem: { error: 'UNKNOWN_MEMBER_ID', message } }
}

function fresh(memberId: string): Found {
  const metadata: ConsumerMemberMetadata = {
    memberId,
    instanceId: null,
    rackId: null,
    clientId: '',
    clientHost: '',
    subscribedTopicNames: [],
    subscribedTopicRegex: null,
    rebalanceTimeoutMs: -1,
    serverAssignor: null,
    classic: null,
  }
  return { kind: 'member', member: { metadata, current: INITIAL_ASSIGNMENT }, isNew: true }
}

/** The new process takes over what the released one had; its epoch begins anew. */
function replaceStatic(draft: GroupDraft, old: ConsumerMember, memberId: string): ConsumerMember {
  const oldId = old.metadata.memberId
  const target = draft.targetOf(oldId)
  draft.removeMember(oldId)
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

/**
 * The epoch has to be the member's own, or the one before if the last answer was lost (then with
 * nothing owned that it does not have now). A member that starts anew comes with epoch 0.
 */
function withValidEpoch(member: ConsumerMember, request: ConsumerGroupHeartbeatRequest): Found {
  const { memberEpoch, previousMemberEpoch, assigned } = member.current
  const received = request.memberEpoch
  const found: Found = { kind: 'member', member, isNew: false }
  if (received === memberEpoch || received === JOIN_EPOCH) return found
  if (received > memberEpoch) {
    const message = `The consumer group member has a greater member epoch (${received}) than the one known by the group coordinator (${memberEpoch}). The member must abandon all its partitions and rejoin.`
    return problem('FENCED_MEMBER_EPOCH', message)
  }
  const reported = reportedPartitions(request)
  if (received === previousMemberEpoch && reported !== null && isSubset(reported, assigned)) {
    return found
  }
  const message = `The consumer group member has a smaller member epoch (${received}) than the one known by the group coordinator (${memberEpoch}). The member must abandon all its partitions and rejoin.`
  return problem('FENCED_MEMBER_EPOCH', message)
}

function isSubset(reported: PartitionSet, assigned: OwnedPartitions): boolean {
  for (const [topicId, partitions] of reported) {
    for (const index of partitions) if (assigned.get(topicId)?.has(index) !== true) return false
  }
  return true
}

function samePlaces(a: OwnedPartitions, b: OwnedPartitions): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others?.size !== partitions.size) return false
    for (const index of partitions.keys()) if (!others.has(index)) return false
  }
  return true
}

/** What the request leaves out stays as it was. */
function updatedMetadata(
  before: ConsumerMemberMetadata,
  request: ConsumerGroupHeartbeatRequest,
  context: RequestContext,
): ConsumerMemberMetadata {
  const names = request.subscribedTopicNames
  const { rebalanceTimeoutMs } = request
  return {
    memberId: before.memberId,
    instanceId: request.instanceId ?? before.instanceId,
    rackId: request.rackId ?? before.rackId,
    clientId: context.clientId,
    clientHost: context.clientHost,
    subscribedTopicNames: names === null ? before.subscribedTopicNames : [...new Set(names)].sort(),
    subscribedTopicRegex: request.subscribedTopicRegex ?? before.subscribedTopicRegex,
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? before.rebalanceTimeoutMs : rebalanceTimeoutMs,
    serverAssignor: request.serverAssignor ?? before.serverAssignor,
    classic: null,
  }
}
