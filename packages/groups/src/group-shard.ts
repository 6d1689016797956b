// One partition of __consumer_offsets: its groups and their offsets. Requests are routed to the
// kind of their group; records change the durable state by `replay`, after the log accepted them
// and when the shard is loaded, by the same code.
//
// The shell gives a request an id and gets replies by it, at once or with a later decision. It
// calls `start` after the load, `expire` when `nextDeadlineMs` has passed, as often as it takes.

import type { Random } from '@weir/core'
import {
  type DeleteGroupsResponse,
  type DescribeGroupsResponse,
  type ErrorName,
  errorCode,
  type HeartbeatRequest,
  type JoinGroupRequest,
  type LeaveGroupRequest,
  type ListGroupsRequest,
  type ListGroupsResponse,
  type OffsetCommitRequest,
  type OffsetDeleteRequest,
  type SyncGroupRequest,
} from '@weir/protocol'
import { ClassicGroup } from './classic/classic-group.ts'
import { ClassicGroups } from './classic/classic-groups.ts'
import { heartbeatAnswer, joinFailed, syncFailed } from './classic/responses.ts'
import { describeGroup, describeMissingGroup, expiryOf, listedGroup } from './describe.ts'
import {
  type FetchedGroup,
  GroupOffsets,
  type OffsetFetch,
  type OffsetOwner,
} from './group-offsets.ts'
import { NO_PRODUCER_ID, Offsets } from './offsets.ts'
import type { GroupMetadataRecord, GroupRecord, OffsetRecord } from './records.ts'
import { Timers } from './timers.ts'
import {
  type GroupEffects,
  type GroupsConfig,
  noEffects,
  type RequestContext,
  replyOnly,
  type TopicsView,
} from './types.ts'

/** OffsetCommit has an error for a group that does not exist from this version on. */
const COMMIT_GROUP_NOT_FOUND_VERSION = 9

export type Group = ClassicGroup

export class GroupShard {
  readonly #config: GroupsConfig
  readonly #timers = new Timers()
  readonly #groups = new Map<string, Group>()
  readonly #offsets = new Offsets()
  readonly #groupOffsets: GroupOffsets
  readonly #classic: ClassicGroups

  constructor(random: Random, config: GroupsConfig, topics: TopicsView) {
    this.#config = config
    this.#groupOffsets = new GroupOffsets(config, topics, this.#offsets)
    this.#classic = new ClassicGroups(random, config, this.#timers)
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
    let group = this.#groups.get(groupId)
    if (group === undefined) {
      if (memberId !== '') return fail('UNKNOWN_MEMBER_ID')
      group = this.#addGroup(groupId)
    }
    return this.#classic.join({ requestId, request, context, group })
  }

  syncGroup(requestId: number, request: SyncGroupRequest, context: RequestContext): GroupEffects {
    if (request.groupId === '') return replyOnly(requestId, syncFailed('INVALID_GROUP_ID'))
    const group = this.#groups.get(request.groupId)
    if (group === undefined) return replyOnly(requestId, syncFailed('UNKNOWN_MEMBER_ID'))
    return this.#classic.sync({ requestId, request, context, group })
  }

  heartbeat(requestId: number, request: HeartbeatRequest, context: RequestContext): GroupEffects {
    if (request.groupId === '') return replyOnly(requestId, heartbeatAnswer('INVALID_GROUP_ID'))
    const group = this.#groups.get(request.groupId)
    if (group === undefined) return replyOnly(requestId, heartbeatAnswer('UNKNOWN_MEMBER_ID'))
    return this.#classic.heartbeat({ requestId, request, context, group })
  }

  /** The member of versions 0-2 comes as the only one of `members`. */
  leaveGroup(requestId: number, request: LeaveGroupRequest, context: RequestContext): GroupEffects {
    if (request.groupId === '') {
      const code = errorCode('INVALID_GROUP_ID')
      return replyOnly(requestId, { throttleTimeMs: 0, errorCode: code, members: [] })
    }
    const group = this.#groups.get(request.groupId)
    if (group === undefined) {
      const code = errorCode('UNKNOWN_MEMBER_ID')
      const members = request.members.map(({ memberId, groupInstanceId }) => ({
        memberId,
        groupInstanceId,
        errorCode: code,
      }))
      return replyOnly(requestId, { throttleTimeMs: 0, errorCode: 0, members })
    }
    return this.#classic.leave({ requestId, request, context, group })
  }

  /** Topics come by name, with their id if it is known; unknown ones were answered before. */
  offsetCommit(
    requestId: number,
    request: OffsetCommitRequest,
    context: RequestContext,
  ): GroupEffects {
    const error = this.#commitError(request, context.apiVersion)
    if (error !== 'NONE') {
      const code = errorCode(error)
      const topics = request.topics.map(({ name, topicId, partitions }) => ({
        name,
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
      }))
      return replyOnly(requestId, { throttleTimeMs: 0, topics })
    }
    const effects = noEffects()
    const response = this.#groupOffsets.commit(request, context.nowMs, effects.records)
    effects.replies.push({ requestId, response })
    const group = this.#groups.get(request.groupId)
    if (group !== undefined) this.#classic.afterCommit(group, request.memberId, context.nowMs)
    return effects
  }

  #commitError(request: OffsetCommitRequest, apiVersion: number): ErrorName {
    const group = this.#groups.get(request.groupId)
    const generationId = request.generationIdOrMemberEpoch
    if (group === undefined) {
      // A consumer that assigns itself, or an administrator: the commit makes a group for it.
      if (generationId < 0) return 'NONE'
      return apiVersion >= COMMIT_GROUP_NOT_FOUND_VERSION
        ? 'GROUP_ID_NOT_FOUND'
        : 'ILLEGAL_GENERATION'
    }
    const { memberId, groupInstanceId } = request
    return this.#classic.commitError(group, {
      memberId,
      groupInstanceId,
      generationId,
      isTransactional: false,
    })
  }

  /** Of one group; a group that does not exist has no offsets. */
  offsetFetch(requestId: number, fetch: OffsetFetch): GroupEffects {
    const reply: FetchedGroup = { errorCode: 0, topics: this.#groupOffsets.fetch(fetch) }
    return replyOnly(requestId, reply)
  }

  offsetDelete(requestId: number, request: OffsetDeleteRequest): GroupEffects {
    const group = this.#groups.get(request.groupId)
    const fail = (error: ErrorName) =>
      replyOnly(requestId, { errorCode: errorCode(error), throttleTimeMs: 0, topics: [] })
    if (group === undefined) return fail('GROUP_ID_NOT_FOUND')
    if (group.state !== 'Empty' && !group.usesConsumerProtocol) return fail('NON_EMPTY_GROUP')
    const effects = noEffects()
    const response = this.#groupOffsets.delete(request, ownerOf(group), effects.records)
    effects.replies.push({ requestId, response })
    return effects
  }

  /** The groups of this shard only. */
  listGroups(requestId: number, request: ListGroupsRequest): GroupEffects {
    const states = new Set(request.statesFilter.map(each => each.toLowerCase()))
    const types = new Set(request.typesFilter.map(each => each.toLowerCase()))
    const groups: ListGroupsResponse['groups'][number][] = []
    for (const group of this.#groups.values()) {
      const listed = listedGroup(group)
      if (states.size > 0 && !states.has(listed.groupState.toLowerCase())) continue
      if (types.size > 0 && !types.has(listed.groupType.toLowerCase())) continue
      groups.push(listed)
    }
    return replyOnly(requestId, { throttleTimeMs: 0, errorCode: 0, groups })
  }

  /** The reply is one entry for each id, in their order. */
  describeGroups(
    requestId: number,
    groupIds: readonly string[],
    context: RequestContext,
  ): GroupEffects {
    const groups: DescribeGroupsResponse['groups'][number][] = groupIds.map(groupId => {
      const group = this.#groups.get(groupId)
      if (group === undefined) return describeMissingGroup(groupId, context.apiVersion)
      return describeGroup(group)
    })
    return replyOnly(requestId, groups)
  }

  /** The reply is one result for each id, in their order. */
  deleteGroups(requestId: number, groupIds: readonly string[]): GroupEffects {
    const effects = noEffects()
    const deleted = new Set<string>()
    const results: DeleteGroupsResponse['results'][number][] = groupIds.map(groupId => {
      const group = deleted.has(groupId) ? undefined : this.#groups.get(groupId)
      if (group === undefined) return { groupId, errorCode: errorCode('GROUP_ID_NOT_FOUND') }
      if (group.state !== 'Empty') return { groupId, errorCode: errorCode('NON_EMPTY_GROUP') }
      deleted.add(groupId)
      this.#groupOffsets.deleteAll(groupId, effects.records)
      effects.records.push({ kind: 'group-metadata', groupId, value: null })
      return { groupId, errorCode: 0 }
    })
    effects.replies.push({ requestId, response: results })
    return effects
  }

  /** Topics were deleted from the cluster: their offsets go with them. */
  topicsDeleted(
    topics: readonly { readonly name: string; readonly topicId: string }[],
  ): GroupEffects {
    const effects = noEffects()
    for (const groupId of this.#offsets.groupIds()) {
      for (const topic of topics) this.#groupOffsets.deleteOfTopic(groupId, topic, effects.records)
    }
    return effects
  }

  /**
   * `producerId` is that of the batch if the batch is transactional, -1 otherwise: such an offset
   * counts only after `replayTransactionEnd`.
   */
  replay(record: GroupRecord, nowMs: number, producerId: number = NO_PRODUCER_ID): void {
    switch (record.kind) {
      case 'offset-commit':
        this.#replayOffset(record, producerId)
        return
      case 'group-metadata':
        this.#replayGroup(record, nowMs)
        return
    }
  }

  replayTransactionEnd(producerId: number, isCommit: boolean): void {
    this.#offsets.endTransaction(producerId, isCommit)
  }

  #replayOffset(record: OffsetRecord, producerId: number): void {
    const { groupId, topic, partitionIndex, value } = record
    if (value === null) {
      this.#offsets.remove(groupId, topic, partitionIndex)
      return
    }
    // Whoever commits without joining has a group that only stores offsets.
    if (!this.#groups.has(groupId)) this.#addGroup(groupId)
    this.#offsets.put({ groupId, topic, partitionIndex, value }, producerId)
  }

  #replayGroup(record: GroupMetadataRecord, nowMs: number): void {
    const { groupId, value } = record
    const group = this.#groups.get(groupId)
    if (value !== null) {
      this.#classic.replay(group ?? this.#addGroup(groupId), value)
    } else if (group !== undefined) {
      this.#classic.remove(group, nowMs)
      this.#groups.delete(groupId)
    }
  }

  /** After the load: members get their sessions, the checks for expired offsets begin. */
  start(nowMs: number): GroupEffects {
    const effects = noEffects()
    for (const group of this.#groups.values()) this.#classic.start(group, nowMs, effects)
    this.#scheduleCleanUp(nowMs)
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

  #scheduleCleanUp(nowMs: number): void {
    this.#timers.schedule(
      nowMs + this.#config.offsetsRetentionCheckIntervalMs,
      (expiredMs, effects) => {
        this.#cleanUp(expiredMs, effects.records)
        this.#scheduleCleanUp(expiredMs)
      },
    )
  }

  /** Expired offsets go, and with its last offset a group that nobody is in. */
  #cleanUp(nowMs: number, records: GroupRecord[]): void {
    for (const group of this.#groups.values()) {
      const isNothingLeft = this.#groupOffsets.expire(ownerOf(group), nowMs, records)
      if (isNothingLeft && group.state === 'Empty') {
        records.push({ kind: 'group-metadata', groupId: group.groupId, value: null })
      }
    }
  }

  #addGroup(groupId: string): ClassicGroup {
    const group = new ClassicGroup(groupId)
    this.#groups.set(groupId, group)
    return group
  }
}

function ownerOf(group: Group): OffsetOwner {
  return {
    groupId: group.groupId,
    expiry: expiryOf(group),
    isSubscribedToTopic: topic => group.isSubscribedToTopic(topic),
  }
}
