// One member of a consumer group (KIP-848): what it told, and what it has been given. Values are
// replaced, never edited: replay sets them.

import type { MemberProtocol } from '../classic/classic-member.ts'
import { NOTHING_OWNED, type OwnedPartitions } from './partitions.ts'

/** Of a member that speaks the classic protocol to a consumer group (online migration). */
export interface ClassicSide {
  readonly sessionTimeoutMs: number
  readonly protocols: readonly MemberProtocol[]
}

export interface ConsumerMemberMetadata {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** Sorted, without duplicates. */
  readonly subscribedTopicNames: readonly string[]
  /** Null or empty: none. */
  readonly subscribedTopicRegex: string | null
  readonly rebalanceTimeoutMs: number
  readonly serverAssignor: string | null
  readonly classic: ClassicSide | null
}

/**
 * stable: it has all that it should have in its epoch; unrevoked: it has to give up partitions
 * first; unreleased: it waits for partitions that others have not given up yet.
 */
export type MemberState = 'stable' | 'unrevoked' | 'unreleased'

export interface CurrentAssignment {
  readonly memberEpoch: number
  readonly previousMemberEpoch: number
  readonly state: MemberState
  readonly assigned: OwnedPartitions
  /** To be given up by the member; nobody else gets them before it has said so. */
  readonly revoking: OwnedPartitions
}

export interface ConsumerMember {
  readonly metadata: ConsumerMemberMetadata
  readonly current: CurrentAssignment
}

/** Member epochs with a meaning of their own. */
export const JOIN_EPOCH = 0
export const LEAVE_EPOCH = -1
export const STATIC_LEAVE_EPOCH = -2

export const INITIAL_ASSIGNMENT: CurrentAssignment = Object.freeze({
  memberEpoch: 0,
  previousMemberEpoch: -1,
  state: 'stable',
  assigned: NOTHING_OWNED,
  revoking: NOTHING_OWNED,
})

/** A member that has told nothing yet. */
export function newMember(memberId: string): ConsumerMember {
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
  return { metadata, current: INITIAL_ASSIGNMENT }
}

export function sameMetadata(a: ConsumerMemberMetadata, b: ConsumerMemberMetadata): boolean {
  return (
    a.instanceId === b.instanceId &&
    a.rackId === b.rackId &&
    a.clientId === b.clientId &&
    a.clientHost === b.clientHost &&
    a.subscribedTopicRegex === b.subscribedTopicRegex &&
    a.rebalanceTimeoutMs === b.rebalanceTimeoutMs &&
    a.serverAssignor === b.serverAssignor &&
    sameNames(a.subscribedTopicNames, b.subscribedTopicNames) &&
    sameClassicSide(a.classic, b.classic)
  )
}

export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each, index) => each === b[index])
}

function sameClassicSide(a: ClassicSide | null, b: ClassicSide | null): boolean {
  if (a === null || b === null) return a === b
  return (
    a.sessionTimeoutMs === b.sessionTimeoutMs &&
    a.protocols.length === b.protocols.length &&
    a.protocols.every((each, index) => {
      const other = b.protocols[index]
      return other !== undefined && each.name === other.name && each.metadata.equals(other.metadata)
    })
  )
}
