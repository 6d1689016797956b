// A member of a classic group: JoinGroup, SyncGroup, Heartbeat. The leader deals the partitions out in
// turn.

import {
  consumerProtocolAssignment,
  consumerProtocolSubscription,
  decodeVersioned,
  encodeVersioned,
  errorName,
  heartbeatApi,
  type JoinGroupResponse,
  joinGroupApi,
  leaveGroupApi,
  syncGroupApi,
} from '@weir/protocol'
import type { Rpc } from '../rpc.ts'
import {
  COORDINATOR_ERRORS,
  type MemberProtocol,
  type MemberShape,
  type Step,
} from './member-protocol.ts'

const HEARTBEAT_INTERVAL_MS = 3_000
const REBALANCE_TIMEOUT_MS = 60_000
const NOT_JOINED = -1

export class ClassicMember implements MemberProtocol {
  readonly #shape: MemberShape
  readonly #subscription: Buffer
  memberId = ''
  epoch = NOT_JOINED
  owned: number[] = []

  constructor(shape: MemberShape) {
    this.#shape = shape
    this.#subscription = encodeVersioned(consumerProtocolSubscription, 0, { topics: [shape.topic] })
  }

  async step(rpc: Rpc): Promise<Step> {
    return this.epoch === NOT_JOINED ? await this.#join(rpc) : await this.#heartbeat(rpc)
  }

  async #heartbeat(rpc: Rpc): Promise<Step> {
    const { groupId } = this.#shape
    const { memberId, epoch: generationId } = this
    const answer = await rpc.call(heartbeatApi, { version: 4 }, { groupId, generationId, memberId })
    return this.#after(errorName(answer.errorCode), HEARTBEAT_INTERVAL_MS)
  }

  async #join(rpc: Rpc): Promise<Step> {
    const { groupId, sessionTimeoutMs } = this.#shape
    const timeoutMs = REBALANCE_TIMEOUT_MS + 10_000
    const joined = await rpc.call(
      joinGroupApi,
      { version: 7, timeoutMs },
      {
        groupId,
        sessionTimeoutMs,
        rebalanceTimeoutMs: REBALANCE_TIMEOUT_MS,
        memberId: this.memberId,
        protocolType: 'consumer',
        protocols: [{ name: 'round', metadata: this.#subscription }],
      },
    )
    const error = errorName(joined.errorCode)
    if (error === 'MEMBER_ID_REQUIRED') {
      this.memberId = joined.memberId
      return { error: 'NONE', delayMs: 0 }
    }
    if (error !== 'NONE') return this.#after(error, 0)
    this.memberId = joined.memberId
    const synced = await rpc.call(
      syncGroupApi,
      { version: 5, timeoutMs },
      {
        groupId,
        generationId: joined.generationId,
        memberId: joined.memberId,
        protocolType: 'consumer',
        protocolName: 'round',
        assignments: this.#assignments(joined),
      },
    )
    const syncError = errorName(synced.errorCode)
    if (syncError === 'NONE') {
      this.epoch = joined.generationId
      const { assignedPartitions } = decodeVersioned(consumerProtocolAssignment, synced.assignment)
      this.owned = assignedPartitions.flatMap(each => each.partitions)
    }
    return this.#after(syncError, HEARTBEAT_INTERVAL_MS)
  }

  /** Of the leader; the others send none. */
  #assignments({ members, leader, memberId }: JoinGroupResponse) {
    if (leader !== memberId) return []
    const { topic, partitionCount } = this.#shape
    return members.map((member, index) => {
      const partitions: number[] = []
      for (let at = index; at < partitionCount; at += members.length) partitions.push(at)
      const assignedPartitions = [{ topic, partitions }]
      const assignment = encodeVersioned(consumerProtocolAssignment, 0, { assignedPartitions })
      return { memberId: member.memberId, assignment }
    })
  }

  #after(error: string, delayMs: number): Step {
    if (error === 'NONE' || COORDINATOR_ERRORS.has(error)) return { error, delayMs }
    if (error === 'UNKNOWN_MEMBER_ID') this.memberId = ''
    this.epoch = NOT_JOINED
    this.owned = []
    return { error, delayMs: 0 }
  }

  async leave(rpc: Rpc): Promise<void> {
    const { groupId } = this.#shape
    const members = [{ memberId: this.memberId }]
    await rpc.call(leaveGroupApi, { version: 4 }, { groupId, members })
  }
}
