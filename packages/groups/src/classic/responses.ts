// The answers of the classic protocol. An answer carries every field of the newest version; the
// codec leaves out what the version of the request does not have.

import {
  type ErrorName,
  errorCode,
  type HeartbeatResponse,
  type JoinGroupResponse,
  type SyncGroupResponse,
} from '@weir/protocol'
import type { ClassicGroup } from './classic-group.ts'
import { EMPTY_BYTES } from './classic-member.ts'

/** JoinGroup has a nullable protocol name from this version on. */
const NULLABLE_PROTOCOL_NAME_VERSION = 7

export function joinFailed(
  memberId: string,
  error: ErrorName,
  apiVersion: number,
): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: errorCode(error),
    generationId: -1,
    protocolType: null,
    protocolName: apiVersion >= NULLABLE_PROTOCOL_NAME_VERSION ? null : '',
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  }
}

export interface Joined {
  readonly memberId: string
  readonly apiVersion: number
  readonly leader: string | null
  readonly withMembers: boolean
  readonly skipAssignment: boolean
}

/** The group's current generation, as the given member is told of it. */
export function joined(group: ClassicGroup, options: Joined): JoinGroupResponse {
  const { memberId, apiVersion, leader, withMembers, skipAssignment } = options
  const members = [...group.members.values()].map(each => ({
    memberId: each.memberId,
    groupInstanceId: each.groupInstanceId,
    metadata: each.metadata(group.protocolName),
  }))
  const absentName = apiVersion >= NULLABLE_PROTOCOL_NAME_VERSION ? null : ''
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    generationId: group.generationId,
    protocolType: group.protocolType,
    protocolName: group.protocolName ?? absentName,
    leader: leader ?? '',
    skipAssignment,
    memberId,
    members: withMembers ? members : [],
  }
}

export function syncFailed(error: ErrorName): SyncGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: errorCode(error),
    protocolType: null,
    protocolName: null,
    assignment: EMPTY_BYTES,
  }
}

export function synced(group: ClassicGroup, assignment: Buffer): SyncGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode: 0,
    protocolType: group.protocolType,
    protocolName: group.protocolName,
    assignment,
  }
}

export function heartbeatAnswer(error: ErrorName): HeartbeatResponse {
  return { throttleTimeMs: 0, errorCode: errorCode(error) }
}
