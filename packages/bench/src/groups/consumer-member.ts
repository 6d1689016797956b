// A member of a consumer group (KIP-848): heartbeats carry everything. A new assignment is taken over
// at once, and said back with the next heartbeat.

import { consumerGroupHeartbeatApi, errorName } from '@weir/protocol'
import type { Rpc } from '../rpc.ts'
import {
  COORDINATOR_ERRORS,
  type MemberProtocol,
  type MemberShape,
  type Step,
} from './member-protocol.ts'

const REBALANCE_TIMEOUT_MS = 60_000
const JOIN_EPOCH = 0
const LEAVE_EPOCH = -1

export class ConsumerMember implements MemberProtocol {
  readonly #shape: MemberShape
  readonly memberId: string
  epoch = JOIN_EPOCH
  owned: number[] = []
  #topicId: string | null = null
  /** The next heartbeat says everything: the last one may not have arrived. */
  #isFull = true

  constructor(shape: MemberShape, memberId: string) {
    this.#shape = shape
    this.memberId = memberId
  }

  async step(rpc: Rpc): Promise<Step> {
    const isFull = this.#isFull || this.epoch === JOIN_EPOCH
    // Until it is answered.
    this.#isFull = true
    const answer = await rpc.call(
      consumerGroupHeartbeatApi,
      { version: 1 },
      {
        groupId: this.#shape.groupId,
        memberId: this.memberId,
        memberEpoch: this.epoch,
        rebalanceTimeoutMs: isFull ? REBALANCE_TIMEOUT_MS : -1,
        subscribedTopicNames: isFull ? [this.#shape.topic] : null,
        topicPartitions: isFull ? this.#ownedTopics() : null,
      },
    )
    const error = errorName(answer.errorCode)
    if (COORDINATOR_ERRORS.has(error)) return { error, delayMs: 0 }
    if (error !== 'NONE') {
      this.epoch = JOIN_EPOCH
      this.owned = []
      return { error, delayMs: 0 }
    }
    this.epoch = answer.memberEpoch
    if (answer.assignment === null) {
      this.#isFull = false
      return { error, delayMs: answer.heartbeatIntervalMs }
    }
    const [topic] = answer.assignment.topicPartitions
    this.#topicId = topic?.topicId ?? this.#topicId
    const isNew = !samePartitions(this.owned, topic?.partitions ?? [])
    this.owned = [...(topic?.partitions ?? [])]
    this.#isFull = isNew
    return { error, delayMs: isNew ? 0 : answer.heartbeatIntervalMs }
  }

  #ownedTopics(): { topicId: string; partitions: readonly number[] }[] {
    if (this.epoch === JOIN_EPOCH || this.#topicId === null || this.owned.length === 0) return []
    return [{ topicId: this.#topicId, partitions: this.owned }]
  }

  async leave(rpc: Rpc): Promise<void> {
    const { groupId } = this.#shape
    const request = { groupId, memberId: this.memberId, memberEpoch: LEAVE_EPOCH }
    await rpc.call(consumerGroupHeartbeatApi, { version: 1 }, request)
  }
}

function samePartitions(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every(each => b.includes(each))
}
