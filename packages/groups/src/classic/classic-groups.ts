// The requests of the classic protocol on groups that exist: each looks at the state of its group
// and answers, or hands over to `Rebalance`.

import type { Random } from '@weir/core'
import {
  type ErrorName,
  errorCode,
  type HeartbeatRequest,
  type JoinGroupRequest,
  type LeaveGroupRequest,
  type LeaveGroupResponse,
  type SyncGroupRequest,
} from '@weir/protocol'
import { copyBytes } from '../copy-bytes.ts'
import type { GroupMetadata } from '../records.ts'
import type { Timers } from '../timers.ts'
import {
  type GroupEffects,
  type GroupsConfig,
  noEffects,
  type RequestContext,
  replyOnly,
} from '../types.ts'
import type { ClassicGroup } from './classic-group.ts'
import { type ClassicMember, EMPTY_BYTES } from './classic-member.ts'
import { ClassicJoin } from './join.ts'
import { Rebalance } from './rebalance.ts'
import { heartbeatAnswer, synced, syncFailed } from './responses.ts'

/** SyncGroup names its protocol from this version on. */
const SYNC_PROTOCOL_VERSION = 5

/** A group with the request on its way to it. */
export interface Routed<Request> {
  readonly requestId: number
  readonly request: Request
  readonly context: RequestContext
  readonly group: ClassicGroup
}

/** Who asks for its offsets to be committed. */
export interface Committer {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly generationId: number
  readonly isTransactional: boolean
}

type Leaver = LeaveGroupRequest['members'][number]

export class ClassicGroups {
  readonly #config: GroupsConfig
  readonly #rebalance: Rebalance
  readonly #join: ClassicJoin

  constructor(random: Random, config: GroupsConfig, timers: Timers) {
    this.#config = config
    this.#rebalance = new Rebalance(config, timers)
    this.#join = new ClassicJoin(random, config, this.#rebalance)
  }

  join(routed: Routed<JoinGroupRequest>): GroupEffects {
    return this.#join.join(routed)
  }

  sync(routed: Routed<SyncGroupRequest>): GroupEffects {
    const { requestId, request, context, group } = routed
    const { memberId } = request
    const error = syncError(group, request, context.apiVersion)
    const member = group.members.get(memberId)
    if (error !== null || member === undefined) {
      return replyOnly(requestId, syncFailed(error ?? 'UNKNOWN_MEMBER_ID'))
    }
    switch (group.state) {
      case 'Empty':
      case 'Dead':
        return replyOnly(requestId, syncFailed('UNKNOWN_MEMBER_ID'))
      case 'PreparingRebalance':
        return replyOnly(requestId, syncFailed('REBALANCE_IN_PROGRESS'))
      case 'Stable':
        this.#rebalance.removePendingSync(group, memberId)
        return replyOnly(requestId, synced(group, member.assignment))
      case 'CompletingRebalance': {
        const effects = noEffects()
        this.#awaitSync(routed, member, effects)
        if (group.leaderId === memberId) this.#assign(routed, effects)
        return effects
      }
    }
  }

  #awaitSync(routed: Routed<SyncGroupRequest>, member: ClassicMember, effects: GroupEffects): void {
    const { requestId, context, group } = routed
    if (member.awaitingSync !== null) {
      const response = syncFailed('REBALANCE_IN_PROGRESS')
      effects.replies.push({ requestId: member.awaitingSync.requestId, response })
    }
    member.awaitingSync = { requestId, apiVersion: context.apiVersion }
    this.#rebalance.removePendingSync(group, member.memberId)
  }

  /** The leader's assignments: written down, and given to all who wait; replay makes it Stable. */
  #assign(routed: Routed<SyncGroupRequest>, effects: GroupEffects): void {
    const { request, context, group } = routed
    const assignments = new Map<string, Buffer>()
    for (const each of request.assignments) {
      assignments.set(each.memberId, copyBytes(each.assignment))
    }
    effects.records.push({
      kind: 'group-metadata',
      groupId: group.groupId,
      value: group.toMetadata(assignments, context.nowMs),
    })
    for (const member of group.members.values()) {
      const waiting = member.awaitingSync
      if (waiting === null) continue
      const response = synced(group, assignments.get(member.memberId) ?? EMPTY_BYTES)
      effects.replies.push({ requestId: waiting.requestId, response })
      member.awaitingSync = null
      this.#rebalance.resetSession(group, member, context.nowMs)
    }
  }

  heartbeat(routed: Routed<HeartbeatRequest>): GroupEffects {
    const { requestId, request, context, group } = routed
    const { memberId } = request
    const error = group.memberError(memberId, request.groupInstanceId)
    const member = group.members.get(memberId)
    if (error !== null || member === undefined) {
      return replyOnly(requestId, heartbeatAnswer(error ?? 'UNKNOWN_MEMBER_ID'))
    }
    if (request.generationId !== group.generationId) {
      return replyOnly(requestId, heartbeatAnswer('ILLEGAL_GENERATION'))
    }
    this.#rebalance.resetSession(group, member, context.nowMs)
    const isPreparing = group.state === 'PreparingRebalance'
    return replyOnly(requestId, heartbeatAnswer(isPreparing ? 'REBALANCE_IN_PROGRESS' : 'NONE'))
  }

  leave(routed: Routed<LeaveGroupRequest>): GroupEffects {
    const { requestId, request, context, group } = routed
    const effects = noEffects()
    let hasLeft = false
    const members: LeaveGroupResponse['members'] = []
    for (const leaver of request.members) {
      const error = this.#leaveOne(group, leaver, effects)
      hasLeft = hasLeft || error === 'NONE'
      const { memberId, groupInstanceId } = leaver
      members.push({ memberId, groupInstanceId, errorCode: errorCode(error) })
    }
    effects.replies.push({ requestId, response: { throttleTimeMs: 0, errorCode: 0, members } })
    if (!hasLeft) return effects
    if (group.state === 'Stable' || group.state === 'CompletingRebalance') {
      this.#rebalance.prepareOrComplete(group, context.nowMs, effects)
    } else {
      this.#rebalance.maybeComplete(group, context.nowMs, effects)
    }
    return effects
  }

  /** An administrator may name a static member by its instance id alone. */
  #leaveOne(group: ClassicGroup, leaver: Leaver, effects: GroupEffects): ErrorName {
    const { memberId, groupInstanceId } = leaver
    if (memberId === '' && groupInstanceId !== null) {
      const current = group.members.get(group.staticMembers.get(groupInstanceId) ?? '')
      if (current === undefined) return 'UNKNOWN_MEMBER_ID'
      this.#rebalance.forget(group, current, effects)
      return 'NONE'
    }
    if (this.#rebalance.removePendingMember(group, memberId)) return 'NONE'
    const error = group.memberError(memberId, groupInstanceId)
    if (error !== null) return error
    const member = group.members.get(memberId)
    if (member !== undefined) this.#rebalance.forget(group, member, effects)
    return 'NONE'
  }

  /** Whether the committer may commit to the group now: 'NONE', or Kafka's error. */
  commitError(group: ClassicGroup, committer: Committer): ErrorName {
    const { memberId, groupInstanceId, generationId, isTransactional } = committer
    if (group.state === 'Dead') return 'COORDINATOR_NOT_AVAILABLE'
    // Nobody is in the group: a consumer that assigns itself, or an administrator.
    if (generationId < 0 && group.state === 'Empty') return 'NONE'
    if (generationId >= 0 || memberId !== '' || groupInstanceId !== null) {
      const error = group.memberError(memberId, groupInstanceId)
      if (error !== null) return error
      if (generationId !== group.generationId) return 'ILLEGAL_GENERATION'
    } else if (!isTransactional) {
      return 'UNKNOWN_MEMBER_ID'
    }
    if (!isTransactional && group.state === 'CompletingRebalance') return 'REBALANCE_IN_PROGRESS'
    return 'NONE'
  }

  /** A commit is a sign of life, too. */
  afterCommit(group: ClassicGroup, memberId: string, nowMs: number): void {
    const member = group.members.get(memberId)
    if (member === undefined) return
    if (group.state === 'Stable' || group.state === 'PreparingRebalance') {
      this.#rebalance.resetSession(group, member, nowMs)
    }
  }

  replay(group: ClassicGroup, metadata: GroupMetadata): void {
    for (const dropped of group.applyMetadata(metadata)) this.#rebalance.cancelSession(dropped)
  }

  remove(group: ClassicGroup, nowMs: number): void {
    this.#rebalance.cancelTimers(group)
    group.transitionTo('Dead', nowMs)
  }

  /** The group has become another kind: who waits has to ask again. */
  sendAway(group: ClassicGroup, effects: GroupEffects): void {
    for (const member of group.members.values()) {
      const { memberId } = member
      const failure = { error: 'REBALANCE_IN_PROGRESS', memberId } as const
      this.#rebalance.failWaiting(group, member, failure, effects)
    }
  }

  /** The group was a consumer group before: its members join again, with sessions of their own. */
  rebalance(group: ClassicGroup, nowMs: number): void {
    for (const member of group.members.values()) {
      this.#rebalance.resetSession(group, member, nowMs)
    }
    // Everybody has to join again: nobody waits, so nothing is decided here.
    this.#rebalance.prepare(group, nowMs, noEffects())
  }

  /** After a load: the members have one session to show themselves. */
  start(group: ClassicGroup, nowMs: number, effects: GroupEffects): void {
    for (const member of group.members.values()) {
      this.#rebalance.resetSession(group, member, nowMs)
    }
    if (group.members.size > this.#config.maxSize) this.#rebalance.prepare(group, nowMs, effects)
  }
}

function syncError(
  group: ClassicGroup,
  request: SyncGroupRequest,
  apiVersion: number,
): ErrorName | null {
  const { protocolType, protocolName } = request
  if (apiVersion >= SYNC_PROTOCOL_VERSION && (protocolType === null || protocolName === null)) {
    return 'INCONSISTENT_GROUP_PROTOCOL'
  }
  const error = group.memberError(request.memberId, request.groupInstanceId)
  if (error !== null) return error
  if (request.generationId !== group.generationId) return 'ILLEGAL_GENERATION'
  const isOther = (asked: string | null, own: string | null) =>
    asked !== null && own !== null && asked !== own
  if (isOther(protocolType, group.protocolType) || isOther(protocolName, group.protocolName)) {
    return 'INCONSISTENT_GROUP_PROTOCOL'
  }
  return null
}
