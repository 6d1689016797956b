// The follower's side of an incremental fetch session (KIP-227): builds requests that name only what
// changed since the last one, so that 20,000 idle partitions cost a fetch nothing.

import type { FetchRequestInit } from '@weir/protocol'
import type { FollowedPartition } from './followed-partition.ts'

const NO_SESSION_ID = 0
const INITIAL_EPOCH = 0
const MAX_EPOCH = 0x7fff_ffff

type Topics = NonNullable<FetchRequestInit['topics']>
type ForgottenTopics = NonNullable<FetchRequestInit['forgottenTopicsData']>

export interface SessionPart {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: Topics
  readonly forgottenTopicsData: ForgottenTopics
}

export class FollowerSession {
  #id = NO_SESSION_ID
  #epoch = INITIAL_EPOCH
  /** By topic id, then by index. */
  #forgotten = new Map<string, Set<number>>()

  /** True: the next request has to name everything. */
  get isNew(): boolean {
    return this.#id === NO_SESSION_ID
  }

  /** The leader knows nothing (any more): the next request makes a new session. */
  reset(): void {
    this.#id = NO_SESSION_ID
    this.#epoch = INITIAL_EPOCH
    this.#forgotten.clear()
  }

  /** The next request says that this one is not wanted. */
  forget(followed: FollowedPartition): void {
    if (!followed.isInSession) return
    followed.isInSession = false
    if (this.isNew) return
    const { topicId, partition } = followed
    let indexes = this.#forgotten.get(topicId)
    if (indexes === undefined) {
      indexes = new Set()
      this.#forgotten.set(topicId, indexes)
    }
    indexes.add(partition.partitionIndex)
  }

  /**
   * The part of a request that names these partitions and takes along what is to be forgotten. What is in
   * both is begun anew: the leader drops it first, and with it what it thinks is known here.
   */
  build(named: readonly FollowedPartition[], partitionMaxBytes: number): SessionPart {
    const topics = new Map<string, Topics[number]['partitions'][number][]>()
    for (const followed of named) {
      const { topicId, partition, leaderEpoch } = followed
      followed.isInSession = true
      let partitions = topics.get(topicId)
      if (partitions === undefined) {
        partitions = []
        topics.set(topicId, partitions)
      }
      partitions.push({
        partition: partition.partitionIndex,
        currentLeaderEpoch: leaderEpoch,
        fetchOffset: followed.fetchOffset,
        lastFetchedEpoch: followed.lastFetchedEpoch,
        logStartOffset: partition.log.logStartOffset,
        partitionMaxBytes,
      })
    }
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
      forgottenTopicsData: this.#takeForgotten(),
    }
  }

  /** The leader has answered without an error. */
  onAnswer(sessionId: number): void {
    if (sessionId === NO_SESSION_ID) {
      // There is no room for a session: every request is a full one.
      this.reset()
      return
    }
    this.#id = sessionId
    this.#epoch = this.#epoch === MAX_EPOCH ? 1 : this.#epoch + 1
  }

  #takeForgotten(): ForgottenTopics {
    if (this.#forgotten.size === 0) return []
    const forgotten: ForgottenTopics[number][] = []
    for (const [topicId, indexes] of this.#forgotten) {
      if (indexes.size > 0) forgotten.push({ topicId, partitions: [...indexes] })
    }
    this.#forgotten.clear()
    return forgotten
  }
}
