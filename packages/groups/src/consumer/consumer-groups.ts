// ConsumerGroupHeartbeat (KIP-848), versions 0-1: join, report, reconcile, leave; and the timers of the
// members. v1: the client makes its member id, and may subscribe by a pattern in RE2 syntax.
//
// Differences from Kafka: patterns are matched in the request that brings them and whenever topics
// come or go, in the background only from a thousand topics on; the target is made at once, without an
// assignment interval.

import { type Random, randomUuid } from '@weir/core'
import type { ConsumerGroupHeartbeatRequest } from '@weir/protocol'
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
import { findMember, unknownInstance, unknownMember } from './member-lookup.ts'
import { MemberTimers } from './member-timers.ts'
import { allowsDowngrade, downgrade, hasOnlyClassicMembers } from './migration.ts'
import { NOTHING_OWNED, type OwnedPartitions, type PartitionSet } from './partitions.ts'
import { patternTopicsOf } from './pattern-topics.ts'
import { patternProblem } from './patterns.ts'
import { reconcile } from './reconcile.ts'
import { hashOfTopics, patternOf, refreshSubscriptions } from './subscribed-topics.ts'
import { updateTarget } from './target.ts'

/** Between two steps of matching patterns: requests come first. */
const MATCH_PAUSE_MS = 2

/** A heartbeat on its way. The draft may be of a group that is only made by it. */
export interface Beat {
  readonly requestId: number
  readonly request: ConsumerGroupHeartbeatRequest
  readonly context: RequestContext
  readonly draft: GroupDraft
}

export class ConsumerGroups {
  readonly #random: Random
  readonly #config: GroupsConfig
  readonly memberTimers: MemberTimers
  readonly #topics: TopicsView
  readonly #timers: Timers
  #isMatching = false
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
    this.memberTimers = new MemberTimers(parts.config.consumer, timers, (...args) =>
      this.#fence(...args),
    )
    this.#find = shard.find
    this.#onDowngraded = shard.onDowngraded
  }

  heartbeat(beat: Beat): GroupEffects {
    const { requestId, request } = beat
    const { memberEpoch } = request
    if (memberEpoch === LEAVE_EPOCH || memberEpoch === STATIC_LEAVE_EPOCH) return this.#leave(beat)
    const pattern = request.subscribedTopicRegex
    const reason = pattern === null || pattern === '' ? null : patternProblem(pattern)
    if (reason !== null) {
      const message = `SubscribedTopicRegex \`${pattern}\` is not a valid regular expression: ${reason}.`
      const problem: Problem = { error: 'INVALID_REGULAR_EXPRESSION', message }
      return replyOnly(requestId, heartbeatFailed(problem))
    }
    const memberId = request.memberId === '' ? randomUuid(this.#random) : request.memberId
    const { maxSize } = this.#config.consumer
    const found = findMember(beat.draft, request, memberId, maxSize)
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
    const isUpToDate = refreshSubscriptions(draft, this.#topics, { hasSubscriptionChanged, nowMs })
    if (!isUpToDate) this.#matchPatterns(nowMs)
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
      if (isUpToDate) group.seenTopicsChange = topicsChange
      this.memberTimers.scheduleSession(group, memberId, nowMs)
      if (next !== before.current) this.memberTimers.scheduleRebalance(group, memberId, nowMs)
    }
    return { next, afterReplay }
  }

  /** Patterns of a large cluster are matched step by step; heartbeats after that see the outcome. */
  #matchPatterns(nowMs: number): void {
    if (this.#isMatching) return
    this.#isMatching = true
    this.#timers.schedule(nowMs + MATCH_PAUSE_MS, expiredMs => {
      this.#isMatching = false
      if (patternTopicsOf(this.#topics).advance()) this.#matchPatterns(expiredMs)
    })
  }

  #leave(beat: Beat): GroupEffects {
    const { requestId, request, context, draft } = beat
    const { group } = draft
    const { memberId, memberEpoch, instanceId } = request
    const staticId = instanceId === null ? undefined : group.staticMembers.get(instanceId)
    const member = group.members.get(instanceId === null ? memberId : (staticId ?? ''))
    if (member === undefined) {
      const { problem } =
        instanceId === null ? unknownMember(memberId, group.groupId) : unknownInstance(instanceId)
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
      if (left !== null) this.memberTimers.cancelRebalance(left, memberId)
    }
    return { records: draft.records, replies: [{ requestId, response }], afterReplay }
  }

  /**
   * Takes members out: the others are assigned what they had with their next heartbeats, or the group
   * becomes a classic one.
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
    const downgraded = this.maybeDowngrade(draft, nowMs)
    if (downgraded !== null) return downgraded
    draft.setGroupEpoch(draft.groupEpoch + 1, hashOfTopics(draft, this.#topics))
    const isEmpty = draft.members().next().done === true
    // Nobody is left to be assigned anything: the target is complete as it is (KAFKA-20442).
    if (isEmpty) draft.setTargetEpoch(draft.groupEpoch, nowMs)
    return null
  }

  /**
   * When only classic members are left the group becomes one of theirs, in the same generation: they may
   * commit what they have until they join again, which `afterReplay` asks of them. Null: nothing to do.
   */
  maybeDowngrade(draft: GroupDraft, nowMs: number): (() => void) | null {
    const isDowngrade =
      allowsDowngrade(this.#config.consumer.migrationPolicy) &&
      hasOnlyClassicMembers(draft.members())
    if (!isDowngrade) return null
    downgrade(draft, this.#topics, nowMs)
    const { groupId } = draft.group
    return () => this.#onDowngraded(groupId, nowMs)
  }

  /** After the load: every member has one session to show itself. */
  start(group: ConsumerGroup, nowMs: number): void {
    for (const memberId of group.members.keys()) {
      this.memberTimers.scheduleSession(group, memberId, nowMs)
      this.memberTimers.scheduleRebalance(group, memberId, nowMs)
    }
  }

  #fence(group: ConsumerGroup, memberId: string, nowMs: number, effects: GroupEffects): void {
    if (!group.members.has(memberId) || this.#find(group.groupId) !== group) return
    const draft = new GroupDraft(group, effects.records)
    effects.afterReplay = this.remove(draft, [memberId], nowMs)
  }
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
