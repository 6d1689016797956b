// JoinGroup of the classic protocol, versions 0-9.
// v4 asks dynamic members to come back with the id they are given (KIP-394); v5 static members
// (KIP-345); v9 lets a static leader that comes back skip the assignment (KIP-814).

import type { Random } from '@weir/core'
import type { JoinGroupRequest } from '@weir/protocol'
import {
  type GroupEffects,
  type GroupsConfig,
  noEffects,
  type RequestContext,
  replyOnly,
} from '../types.ts'
import type { ClassicGroup } from './classic-group.ts'
import { ClassicMember, copyProtocols, EMPTY_BYTES } from './classic-member.ts'
import { memberIdFor } from './member-id.ts'
import type { Rebalance } from './rebalance.ts'
import { joined, joinFailed } from './responses.ts'

const MEMBER_ID_REQUIRED_VERSION = 4
const SKIP_ASSIGNMENT_VERSION = 9
/** Ids that are given out and not used yet, of one group: who asks for more has to wait. */
const MAX_PENDING_MEMBERS = 10_000

/** One JoinGroup on its way through the functions below. */
interface Join {
  readonly requestId: number
  readonly request: JoinGroupRequest
  readonly context: RequestContext
  readonly group: ClassicGroup
}

export class ClassicJoin {
  readonly #random: Random
  readonly #config: GroupsConfig
  readonly #rebalance: Rebalance

  constructor(random: Random, config: GroupsConfig, rebalance: Rebalance) {
    this.#random = random
    this.#config = config
    this.#rebalance = rebalance
  }

  /** The group exists: the caller made it if the request has no member id. */
  join(join: Join): GroupEffects {
    const { requestId, request, context, group } = join
    const { memberId } = request
    const { apiVersion } = context
    if (!this.#accepts(group, memberId)) {
      const effects = noEffects()
      this.#refuseBySize(join, effects)
      return effects
    }
    if (!group.supportsProtocols(request.protocolType, request.protocols)) {
      return replyOnly(requestId, joinFailed(memberId, 'INCONSISTENT_GROUP_PROTOCOL', apiVersion))
    }
    return memberId === '' ? this.#joinNew(join) : this.#joinKnown(join)
  }

  #joinNew(join: Join): GroupEffects {
    const { requestId, request, context, group } = join
    const effects = noEffects()
    const groupInstanceId = request.groupInstanceId
    const memberId = memberIdFor(this.#random, groupInstanceId ?? context.clientId)
    if (groupInstanceId !== null) {
      const current = group.staticMembers.get(groupInstanceId)
      if (current === undefined) this.#add(join, memberId, effects)
      else this.#replace(join, { oldMemberId: current, newMemberId: memberId }, effects)
      return effects
    }
    if (context.apiVersion < MEMBER_ID_REQUIRED_VERSION) {
      this.#add(join, memberId, effects)
      return effects
    }
    if (group.pendingJoin.size >= MAX_PENDING_MEMBERS) {
      return replyOnly(requestId, joinFailed('', 'GROUP_MAX_SIZE_REACHED', context.apiVersion))
    }
    const { sessionTimeoutMs } = request
    this.#rebalance.addPendingMember(group, memberId, sessionTimeoutMs, context.nowMs)
    const response = joinFailed(memberId, 'MEMBER_ID_REQUIRED', context.apiVersion)
    return replyOnly(requestId, response)
  }

  #joinKnown(join: Join): GroupEffects {
    const { requestId, request, context, group } = join
    const { memberId } = request
    const effects = noEffects()
    if (request.groupInstanceId === null && this.#rebalance.removePendingMember(group, memberId)) {
      this.#add(join, memberId, effects)
      return effects
    }
    const error = group.memberError(memberId, request.groupInstanceId)
    const member = group.members.get(memberId)
    if (error !== null || member === undefined) {
      const response = joinFailed(memberId, error ?? 'UNKNOWN_MEMBER_ID', context.apiVersion)
      return replyOnly(requestId, response)
    }
    if (this.#isUnchanged(join, member)) {
      const isLeader = group.leaderId === memberId
      const response = joined(group, {
        memberId,
        apiVersion: context.apiVersion,
        leader: group.leaderId,
        withMembers: isLeader,
        skipAssignment: false,
      })
      return replyOnly(requestId, response)
    }
    this.#update(join, member, effects)
    this.#rebalance.prepareOrComplete(group, context.nowMs, effects)
    return effects
  }

  /**
   * Whether a rejoin needs no rebalance: the member missed its answer, or it is a follower that
   * brings nothing new. A leader that rejoins a stable group wants to assign anew.
   */
  #isUnchanged(join: Join, member: ClassicMember): boolean {
    const { group, request } = join
    if (!member.matches(request.protocols)) return false
    if (group.state === 'CompletingRebalance') return true
    return group.state === 'Stable' && group.leaderId !== member.memberId
  }

  /** Kafka's rule: while members are collected those who wait count, otherwise all. */
  #accepts(group: ClassicGroup, memberId: string): boolean {
    const member = group.members.get(memberId)
    switch (group.state) {
      case 'Empty':
      case 'Dead':
        return true
      case 'PreparingRebalance':
        return member?.awaitingJoin != null || group.joinWaiters < this.#config.maxSize
      case 'CompletingRebalance':
      case 'Stable':
        return member !== undefined || group.members.size < this.#config.maxSize
    }
  }

  #refuseBySize(join: Join, effects: GroupEffects): void {
    const { requestId, request, context, group } = join
    const member = group.members.get(request.memberId)
    if (member !== undefined) this.#rebalance.forget(group, member, effects)
    this.#rebalance.removePendingMember(group, request.memberId)
    const response = joinFailed('', 'GROUP_MAX_SIZE_REACHED', context.apiVersion)
    effects.replies.push({ requestId, response })
    this.#rebalance.maybeComplete(group, context.nowMs, effects)
  }

  #add(join: Join, memberId: string, effects: GroupEffects): void {
    const { requestId, request, context, group } = join
    const member = new ClassicMember({
      memberId,
      groupInstanceId: request.groupInstanceId,
      clientId: context.clientId,
      clientHost: context.clientHost,
      rebalanceTimeoutMs: rebalanceTimeoutOf(request),
      sessionTimeoutMs: request.sessionTimeoutMs,
      protocols: copyProtocols(request.protocols),
      assignment: EMPTY_BYTES,
    })
    member.isNew = true
    member.awaitingJoin = { requestId, apiVersion: context.apiVersion }
    if (group.isInitialRebalance) group.hasNewMember = true
    if (group.members.size === 0) group.protocolType = request.protocolType
    group.addMember(member)
    this.#rebalance.startNewMemberSession(group, member, context.nowMs)
    this.#rebalance.prepareOrComplete(group, context.nowMs, effects)
  }

  #update(join: Join, member: ClassicMember, effects: GroupEffects): void {
    const { requestId, request, context, group } = join
    // The same member asks again while its first request waits: the newer one is answered.
    const former = member.awaitingJoin
    if (former !== null) {
      const response = joinFailed(member.memberId, 'REBALANCE_IN_PROGRESS', former.apiVersion)
      effects.replies.push({ requestId: former.requestId, response })
    }
    group.setProtocols(member, copyProtocols(request.protocols))
    member.rebalanceTimeoutMs = rebalanceTimeoutOf(request)
    member.sessionTimeoutMs = request.sessionTimeoutMs
    group.setAwaitingJoin(member, { requestId, apiVersion: context.apiVersion })
  }

  /** A static member came back without its id: a new id takes the place, the old one is fenced. */
  #replace(
    join: Join,
    ids: { readonly oldMemberId: string; readonly newMemberId: string },
    effects: GroupEffects,
  ): void {
    const { request, context, group } = join
    const old = group.members.get(ids.oldMemberId)
    if (old === undefined) return
    const member = new ClassicMember({
      memberId: ids.newMemberId,
      groupInstanceId: old.groupInstanceId,
      clientId: old.clientId,
      clientHost: old.clientHost,
      rebalanceTimeoutMs: rebalanceTimeoutOf(request),
      sessionTimeoutMs: request.sessionTimeoutMs,
      protocols: copyProtocols(request.protocols),
      assignment: old.assignment,
    })
    if (group.state === 'Stable') {
      const others = [...group.members.values()].filter(each => each !== old)
      if (group.selectProtocol([...others, member]) === group.protocolName) {
        this.#replaceInStableGroup(join, old, member, effects)
        return
      }
    }
    const fenced = { error: 'FENCED_INSTANCE_ID', memberId: ids.oldMemberId } as const
    this.#rebalance.failWaiting(group, old, fenced, effects)
    this.#rebalance.cancelSession(old)
    group.replaceMember(ids.oldMemberId, member)
    this.#rebalance.resetSession(group, member, context.nowMs)
    this.#update(join, member, effects)
    this.#rebalance.prepareOrComplete(group, context.nowMs, effects)
  }

  /** No rebalance: the assignment stays, and the new id is written down. */
  #replaceInStableGroup(
    join: Join,
    old: ClassicMember,
    member: ClassicMember,
    effects: GroupEffects,
  ): void {
    const { requestId, context, group } = join
    const { memberId } = member
    const wasLeader = group.leaderId === old.memberId
    const canSkip = context.apiVersion >= SKIP_ASSIGNMENT_VERSION
    const assignments = new Map<string, Buffer>()
    for (const each of group.members.values()) assignments.set(each.memberId, each.assignment)
    const current = group.toMetadata(assignments, group.stateChangedMs ?? context.nowMs)
    const entry = {
      memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      rebalanceTimeoutMs: member.rebalanceTimeoutMs,
      sessionTimeoutMs: member.sessionTimeoutMs,
      subscription: member.metadata(group.protocolName),
      assignment: member.assignment,
    }
    effects.records.push({
      kind: 'group-metadata',
      groupId: group.groupId,
      value: {
        ...current,
        leaderId: wasLeader ? memberId : current.leaderId,
        members: [...current.members.filter(each => each.memberId !== old.memberId), entry],
      },
    })
    const response = joined(group, {
      memberId,
      apiVersion: context.apiVersion,
      leader: wasLeader && canSkip ? memberId : group.leaderId,
      withMembers: wasLeader && canSkip,
      skipAssignment: wasLeader && canSkip,
    })
    const members = response.members.map(each =>
      each.memberId === old.memberId ? { ...each, memberId, metadata: entry.subscription } : each,
    )
    effects.replies.push({ requestId, response: { ...response, members } })
    effects.afterReplay = () => {
      const replayed = group.members.get(memberId)
      if (replayed === undefined) return
      group.setProtocols(replayed, member.protocols)
      this.#rebalance.resetSession(group, replayed, context.nowMs)
    }
  }
}

/** JoinGroup v0 has no rebalance timeout: the session's serves as both. */
function rebalanceTimeoutOf(request: JoinGroupRequest): number {
  return request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs
}
