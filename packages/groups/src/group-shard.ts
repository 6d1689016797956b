// One partition of __consumer_offsets: its groups and their offsets. Requests are routed to the
// kind of their group; records change the durable state by `replay`, after the log accepted them
// and when the shard is loaded, by the same code.
//
// The shell gives a request an id and gets replies by it, at once or with a later decision. It
// calls `start` after the load, `expire` when `nextDeadlineMs` has passed, as often as it takes.

import type { Random } from '@weir/core'
import {
  type ConsumerGroupHeartbeatRequest,
  type DeleteGroupsResponse,
  type ErrorName,
  errorCode,
  type HeartbeatRequest,
  type JoinGroupRequest,
  type LeaveGroupRequest,
  type ListGroupsRequest,
  type OffsetCommitRequest,
  type OffsetDeleteRequest,
  type SyncGroupRequest,
} from '@weir/protocol'
import { ClassicGroup } from './classic/classic-group.ts'
import { ClassicGroups } from './classic/classic-groups.ts'
import { heartbeatAnswer, joinFailed, syncFailed } from './classic/responses.ts'
import { ConsumerGroup } from './consumer/consumer-group.ts'
import { ConsumerGroups } from './consumer/consumer-groups.ts'
import { JOIN_EPOCH } from './consumer/consumer-member.ts'
import { describeConsumerGroup, describeNoConsumerGroup } from './consumer/describe-consumer.ts'
import { GroupDraft } from './consumer/group-draft.ts'
import { heartbeatFailed, requestProblem } from './consumer/heartbeat-answer.ts'
import { type CommitCheck, checkCommit, fetchError } from './consumer/member-check.ts'
import { MigratingMembers } from './consumer/migrating-members.ts'
import { allowsUpgrade, upgradeDraft } from './consumer/migration.ts'
import { knownAssignors } from './consumer/target.ts'
import { describeClassicGroup, listGroups, ownerOf } from './describe.ts'
import { type FetchedGroup, GroupOffsets, type OffsetFetch } from './group-offsets.ts'
import type { Group } from './group-types.ts'
import { NO_PRODUCER_ID, Offsets } from './offsets.ts'
import type { GroupRecord } from './records.ts'
import { ReplayTarget } from './replay.ts'
import { Timers } from './timers.ts'
import {
  type GroupEffects,
  type GroupsConfig,
  noEffects,
  type RequestContext,
  replyOnly,
  type TopicsView,
} from './types.ts'
import { type DeletedTopic, removeGroup, Upkeep } from './upkeep.ts'

/** OffsetCommit has an error for a group that does not exist from this version on. */
const COMMIT_GROUP_NOT_FOUND_VERSION = 9
export class GroupShard {
  readonly #config: GroupsConfig
  readonly #topics: TopicsView
  readonly #timers = new Timers()
  readonly #groups = new Map<string, Group>()
  readonly #offsets = new Offsets()
  readonly #groupOffsets: GroupOffsets
  readonly #classic: ClassicGroups
  readonly #consumer: ConsumerGroups
  /** Of consumer groups: their members of the classic protocol. */
  readonly #migrating: MigratingMembers
  readonly #upkeep: Upkeep
  readonly #replayTarget: ReplayTarget

  constructor(random: Random, config: GroupsConfig, topics: TopicsView) {
    this.#config = config
    this.#topics = topics
    this.#groupOffsets = new GroupOffsets(config, topics, this.#offsets)
    this.#classic = new ClassicGroups(random, config, this.#timers)
    const parts = { random, config, topics }
    this.#consumer = new ConsumerGroups(parts, this.#timers, {
      find: groupId => {
        const group = this.#groups.get(groupId)
        return group?.kind === 'consumer' ? group : null
      },
      onDowngraded: (groupId, nowMs) => {
        const group = this.#groups.get(groupId)
        if (group?.kind === 'classic') this.#classic.rebalance(group, nowMs)
      },
    })
    this.#migrating = new MigratingMembers(parts, this.#consumer)
    this.#upkeep = new Upkeep(config, this.#timers, {
      groups: this.#groups,
      offsets: this.#offsets,
      groupOffsets: this.#groupOffsets,
    })
    this.#replayTarget = new ReplayTarget(this.#groups, this.#offsets, {
      classic: this.#classic,
      consumer: this.#consumer,
    })
  }

  joinGroup(requestId: number, request: JoinGroupRequest, context: RequestContext): GroupEffects {
    const { groupId, memberId, sessionTimeoutMs } = request
    const fail = (error: ErrorName) =>
      replyOnly(requestId, joinFailed(memberId, error, context.apiVersion))
    if (groupId === '') return fail('INVALID_GROUP_ID')
    const { minSessionTimeoutMs, maxSessionTimeoutMs } = this.#config
    if (sessionTimeoutMs < minSessionTimeoutMs || sessionTimeoutMs > maxSessionTimeoutMs) {
      return fail('INVALID_SESSION_TIMEOUT')
    }
    const known = this.#groups.get(groupId)
    if (known?.kind === 'classic') {
      return this.#classic.join({ requestId, request, context, group: known })
    }
    if (known !== undefined && !known.isEmpty) {
      return this.#migrating.join({ requestId, request, context, group: known })
    }
    if (memberId !== '') return fail('UNKNOWN_MEMBER_ID')
    const group = new ClassicGroup(groupId)
    this.#groups.set(groupId, group)
    const effects = this.#classic.join({ requestId, request, context, group })
    if (known === undefined) return effects
    // The group of the other protocol is empty: a classic one takes its place.
    this.#consumer.memberTimers.cancelAll(known)
    const draft = new GroupDraft(known, [])
    draft.removeGroup()
    return { ...effects, records: [...draft.records, ...effects.records] }
  }

  syncGroup(requestId: number, request: SyncGroupRequest, context: RequestContext): GroupEffects {
    if (request.groupId === '') return replyOnly(requestId, syncFailed('INVALID_GROUP_ID'))
    const group = this.#groups.get(request.groupId)
    if (group === undefined) return replyOnly(requestId, syncFailed('UNKNOWN_MEMBER_ID'))
    if (group.kind === 'consumer') {
      return this.#migrating.sync({ requestId, request, context, group })
    }
    return this.#classic.sync({ requestId, request, context, group })
  }

  heartbeat(requestId: number, request: HeartbeatRequest, context: RequestContext): GroupEffects {
    if (request.groupId === '') return replyOnly(requestId, heartbeatAnswer('INVALID_GROUP_ID'))
    const group = this.#groups.get(request.groupId)
    if (group === undefined) return replyOnly(requestId, heartbeatAnswer('UNKNOWN_MEMBER_ID'))
    if (group.kind === 'consumer') {
      return this.#migrating.heartbeat({ requestId, request, context, group })
    }
    return this.#classic.heartbeat({ requestId, request, context, group })
  }

  /** The member of versions 0-2 comes as the only one of `members`. */
  leaveGroup(requestId: number, request: LeaveGroupRequest, context: RequestContext): GroupEffects {
    if (request.groupId === '') {
      const code = errorCode('INVALID_GROUP_ID')
      return replyOnly(requestId, { throttleTimeMs: 0, errorCode: code, members: [] })
    }
    const group = this.#groups.get(request.groupId)
    if (group?.kind === 'classic') {
      return this.#classic.leave({ requestId, request, context, group })
    }
    if (group !== undefined) {
      return this.#migrating.leave({ requestId, request, context, group })
    }
    const code = errorCode('UNKNOWN_MEMBER_ID')
    const members = request.members.map(({ memberId, groupInstanceId }) => ({
      memberId,
      groupInstanceId,
      errorCode: code,
    }))
    return replyOnly(requestId, { throttleTimeMs: 0, errorCode: 0, members })
  }

  consumerGroupHeartbeat(
    requestId: number,
    request: ConsumerGroupHeartbeatRequest,
    context: RequestContext,
  ): GroupEffects {
    const { groupId, memberEpoch } = request
    const fail = (error: ErrorName, message: string) =>
      replyOnly(requestId, heartbeatFailed({ error, message }))
    const { isEnabled, assignors } = this.#config.consumer
    if (!isEnabled) return fail('UNSUPPORTED_VERSION', 'The consumer protocol is not enabled.')
    const problem = requestProblem(request, context.apiVersion, knownAssignors(assignors))
    if (problem !== null) return replyOnly(requestId, heartbeatFailed(problem))
    const known = this.#groups.get(groupId)
    if (known?.kind === 'consumer') {
      const draft = new GroupDraft(known, [])
      return this.#consumer.heartbeat({ requestId, request, context, draft })
    }
    if (known === undefined && memberEpoch !== 0) {
      // The two kinds of requests are worded differently in Kafka.
      const what = memberEpoch < 0 ? 'Group' : 'Consumer group'
      return fail('GROUP_ID_NOT_FOUND', `${what} ${groupId} not found.`)
    }
    if (known !== undefined && (memberEpoch !== 0 || known.state !== 'Empty')) {
      return this.#upgrade(requestId, request, context, known)
    }
    const before: GroupRecord[] =
      known === undefined ? [] : [{ kind: 'group-metadata', groupId, value: null }]
    const draft = new GroupDraft(new ConsumerGroup(groupId), before)
    return this.#consumer.heartbeat({ requestId, request, context, draft })
  }

  /** A member of the new protocol joins a classic group that has members. */
  #upgrade(
    requestId: number,
    request: ConsumerGroupHeartbeatRequest,
    context: RequestContext,
    group: ClassicGroup,
  ): GroupEffects {
    const { maxSize, migrationPolicy } = this.#config.consumer
    const isAllowed =
      request.memberEpoch === JOIN_EPOCH &&
      allowsUpgrade(migrationPolicy) &&
      group.members.size < maxSize
    const draft = isAllowed ? upgradeDraft(group, this.#topics) : null
    if (draft === null) {
      const message = `Group ${request.groupId} is not a consumer group.`
      return replyOnly(requestId, heartbeatFailed({ error: 'GROUP_ID_NOT_FOUND', message }))
    }
    const memberIds = [...group.members.keys()]
    const effects = this.#consumer.heartbeat({ requestId, request, context, draft })
    const isRefused = effects.records.length === 0
    if (isRefused) return effects
    this.#classic.sendAway(group, effects)
    const { afterReplay } = effects
    effects.afterReplay = () => {
      afterReplay?.()
      const upgraded = this.#groups.get(request.groupId)
      if (upgraded?.kind !== 'consumer') return
      for (const memberId of memberIds) {
        this.#consumer.memberTimers.scheduleSession(upgraded, memberId, context.nowMs)
      }
    }
    return effects
  }

  /** Topics come by name, with their id if it is known; unknown ones were answered before. */
  offsetCommit(
    requestId: number,
    request: OffsetCommitRequest,
    context: RequestContext,
  ): GroupEffects {
    const allowed = this.#checkCommit(request, context.apiVersion)
    if (allowed.kind === 'refused') {
      const code = errorCode(allowed.error)
      const topics = request.topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
      }))
      return replyOnly(requestId, { throttleTimeMs: 0, topics })
    }
    const effects = noEffects()
    const { check } = allowed
    const response = this.#groupOffsets.commit(request, context.nowMs, effects.records, check)
    effects.replies.push({ requestId, response })
    const group = this.#groups.get(request.groupId)
    if (group?.kind === 'classic') {
      this.#classic.afterCommit(group, request.memberId, context.nowMs)
    }
    return effects
  }

  #checkCommit(request: OffsetCommitRequest, apiVersion: number): CommitCheck {
    const group = this.#groups.get(request.groupId)
    const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
    if (group?.kind === 'consumer') {
      return checkCommit(group, { memberId, memberEpoch: generationId }, apiVersion)
    }
    let error: ErrorName
    if (group === undefined) {
      const hasError = apiVersion >= COMMIT_GROUP_NOT_FOUND_VERSION
      const missing = hasError ? 'GROUP_ID_NOT_FOUND' : 'ILLEGAL_GENERATION'
      // A consumer that assigns itself, or an administrator: the commit makes a group for it.
      error = generationId < 0 ? 'NONE' : missing
    } else {
      const committer = { memberId, groupInstanceId, generationId, isTransactional: false }
      error = this.#classic.commitError(group, committer)
    }
    return error === 'NONE' ? { kind: 'allowed', check: () => null } : { kind: 'refused', error }
  }

  /** Of one group; a group that does not exist has no offsets. */
  offsetFetch(requestId: number, fetch: OffsetFetch): GroupEffects {
    const group = this.#groups.get(fetch.groupId)
    const error = group?.kind === 'consumer' ? fetchError(group, fetch) : 'NONE'
    const isAllowed = error === 'NONE'
    const reply: FetchedGroup = {
      errorCode: errorCode(error),
      topics: isAllowed ? this.#groupOffsets.fetch(fetch) : [],
    }
    return replyOnly(requestId, reply)
  }

  offsetDelete(requestId: number, request: OffsetDeleteRequest): GroupEffects {
    const group = this.#groups.get(request.groupId)
    const fail = (error: ErrorName) =>
      replyOnly(requestId, { errorCode: errorCode(error), throttleTimeMs: 0, topics: [] })
    if (group === undefined) return fail('GROUP_ID_NOT_FOUND')
    if (group.kind === 'classic' && group.state !== 'Empty' && !group.usesConsumerProtocol) {
      return fail('NON_EMPTY_GROUP')
    }
    const effects = noEffects()
    const response = this.#groupOffsets.delete(request, ownerOf(group), effects.records)
    effects.replies.push({ requestId, response })
    return effects
  }

  /** The groups of this shard only. */
  listGroups(requestId: number, request: ListGroupsRequest): GroupEffects {
    return replyOnly(requestId, listGroups(this.#groups.values(), request))
  }

  /** The reply is one entry for each id, in their order. */
  describeGroups(
    requestId: number,
    groupIds: readonly string[],
    context: RequestContext,
  ): GroupEffects {
    const { apiVersion } = context
    const described = groupIds.map(groupId =>
      describeClassicGroup(groupId, this.#groups.get(groupId), apiVersion),
    )
    return replyOnly(requestId, described)
  }

  /** The reply is one entry for each id, in their order. */
  describeConsumerGroups(requestId: number, groupIds: readonly string[]): GroupEffects {
    const { assignors } = this.#config.consumer
    const described = groupIds.map(groupId => {
      const group = this.#groups.get(groupId)
      if (group?.kind === 'consumer') return describeConsumerGroup(group, this.#topics, assignors)
      const reason = group === undefined ? 'not found' : 'is not a consumer group'
      return describeNoConsumerGroup(groupId, reason)
    })
    return replyOnly(requestId, described)
  }

  /** The reply is one result for each id, in their order. */
  deleteGroups(requestId: number, groupIds: readonly string[]): GroupEffects {
    const effects = noEffects()
    const deleted = new Set<string>()
    const results: DeleteGroupsResponse['results'] = groupIds.map(groupId => {
      const group = deleted.has(groupId) ? undefined : this.#groups.get(groupId)
      if (group === undefined) return { groupId, errorCode: errorCode('GROUP_ID_NOT_FOUND') }
      if (group.state !== 'Empty') return { groupId, errorCode: errorCode('NON_EMPTY_GROUP') }
      deleted.add(groupId)
      this.#groupOffsets.deleteAll(groupId, effects.records)
      removeGroup(group, effects.records)
      return { groupId, errorCode: 0 }
    })
    effects.replies.push({ requestId, response: results })
    return effects
  }

  /** Topics were deleted from the cluster: their offsets go with them, many groups at a time. */
  topicsDeleted(topics: readonly DeletedTopic[], nowMs: number): GroupEffects {
    const effects = noEffects()
    this.#upkeep.topicsDeleted(topics, nowMs, effects)
    return effects
  }

  /**
   * `producerId` is that of the batch if the batch is transactional, -1 otherwise: such an offset
   * counts only after `replayTransactionEnd`.
   */
  replay(record: GroupRecord, nowMs: number, producerId: number = NO_PRODUCER_ID): void {
    this.#replayTarget.replay(record, nowMs, producerId)
  }

  replayTransactionEnd(producerId: number, isCommit: boolean): void {
    this.#offsets.endTransaction(producerId, isCommit)
  }

  /** After the load: members get their sessions, the checks for expired offsets begin. */
  start(nowMs: number): GroupEffects {
    const effects = noEffects()
    for (const group of this.#groups.values()) {
      if (group.kind === 'classic') this.#classic.start(group, nowMs, effects)
      else this.#consumer.start(group, nowMs)
    }
    this.#upkeep.start(nowMs)
    return effects
  }

  /** Infinity when nothing is waiting. */
  nextDeadlineMs(): number {
    return this.#timers.nextDeadlineMs()
  }

  /** Does what the earliest deadline asks for, if it has passed; one at a time. */
  expire(nowMs: number): GroupEffects {
    const effects = noEffects()
    this.#timers.runOne(nowMs, effects)
    return effects
  }
}
