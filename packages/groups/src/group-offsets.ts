// OffsetCommit, OffsetFetch, OffsetDelete and the expiry of offsets, for groups of any kind.
// The group itself says who may commit and which topics it still consumes.

import { ZERO_UUID } from '@weir/core'
import {
  errorCode,
  type OffsetCommitRequest,
  type OffsetCommitResponse,
  type OffsetDeleteRequest,
  type OffsetDeleteResponse,
} from '@weir/protocol'
import type { PartitionCheck } from './consumer/member-check.ts'
import type { Offsets } from './offsets.ts'
import type { CommittedOffset, GroupRecord } from './records.ts'
import type { GroupsConfig, TopicsView } from './types.ts'

/** Which offsets of a group may expire, and from when the retention counts. */
export type ExpiryRule =
  | { readonly kind: 'none' }
  | { readonly kind: 'since-commit' }
  | { readonly kind: 'since'; readonly sinceMs: number }

/** What the offsets need to know of their group. */
export interface OffsetOwner {
  readonly groupId: string
  readonly expiry: ExpiryRule
  isSubscribedToTopic(topic: string): boolean
}

/** The part of an OffsetFetch that is about one group. Null topics are all of them. */
export interface OffsetFetch {
  readonly groupId: string
  readonly topics: readonly OffsetFetchTopic[] | null
  readonly requireStable: boolean
  /** The member that asks, if it says so (consumer groups only). */
  readonly memberId: string | null
  readonly memberEpoch: number
}

/** The reply: an error of the whole group, or its topics. */
export interface FetchedGroup {
  readonly errorCode: number
  readonly topics: FetchedTopic[]
}

export interface OffsetFetchTopic {
  readonly name: string
  /** The zero uuid if it is not known: then only the name has to fit. */
  readonly topicId: string
  readonly partitionIndexes: readonly number[]
}

export interface FetchedPartition {
  readonly partitionIndex: number
  /** -1 if there is none. */
  readonly committedOffset: number
  readonly committedLeaderEpoch: number
  readonly metadata: string
  readonly errorCode: number
}

export interface FetchedTopic {
  readonly name: string
  readonly topicId: string
  readonly partitions: FetchedPartition[]
}

export class GroupOffsets {
  readonly #config: GroupsConfig
  readonly #topics: TopicsView
  readonly #offsets: Offsets

  constructor(config: GroupsConfig, topics: TopicsView, offsets: Offsets) {
    this.#config = config
    this.#topics = topics
    this.#offsets = offsets
  }

  /** The committer was checked before: its partitions fail one by one, if at all. */
  commit(
    request: OffsetCommitRequest,
    nowMs: number,
    records: GroupRecord[],
    check: PartitionCheck = () => null,
  ): OffsetCommitResponse {
    const { groupId, retentionTimeMs } = request
    const commitTimestampMs = nowMs + this.#config.wallAheadMs
    const expireTimestampMs = retentionTimeMs < 0 ? null : commitTimestampMs + retentionTimeMs
    const topics = request.topics.map(topic => {
      const topicId =
        topic.topicId === ZERO_UUID
          ? (this.#topics.topicId(topic.name) ?? ZERO_UUID)
          : topic.topicId
      const partitions = topic.partitions.map(partition => {
        const metadata = partition.committedMetadata ?? ''
        const { partitionIndex } = partition
        const error = check(topicId, partitionIndex)
        if (error !== null) return { partitionIndex, errorCode: errorCode(error) }
        if (metadata.length > this.#config.offsetMetadataMaxBytes) {
          return { partitionIndex, errorCode: errorCode('OFFSET_METADATA_TOO_LARGE') }
        }
        const value = {
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata,
          commitTimestampMs,
          expireTimestampMs,
          topicId,
        }
        const { name } = topic
        records.push({ kind: 'offset-commit', groupId, topic: name, partitionIndex, value })
        return { partitionIndex, errorCode: 0 }
      })
      return { name: topic.name, topicId: topic.topicId, partitions }
    })
    return { throttleTimeMs: 0, topics }
  }

  fetch(fetch: OffsetFetch): FetchedTopic[] {
    const { groupId, topics, requireStable } = fetch
    const asked = topics ?? this.#allTopics(groupId)
    return asked.map(topic => ({
      name: topic.name,
      topicId: topic.topicId,
      partitions: topic.partitionIndexes.map(partitionIndex => {
        if (requireStable && this.#offsets.hasPending(groupId, topic.name, partitionIndex)) {
          return absent(partitionIndex, errorCode('UNSTABLE_OFFSET_COMMIT'))
        }
        const value = this.#offsets.get(groupId, topic.name, partitionIndex)
        if (value === undefined || isOfOtherTopic(value, topic.topicId)) {
          return absent(partitionIndex, 0)
        }
        return {
          partitionIndex,
          committedOffset: value.offset,
          committedLeaderEpoch: value.leaderEpoch,
          metadata: value.metadata,
          errorCode: 0,
        }
      }),
    }))
  }

  /** Without the offsets of topics that were deleted and made anew under their name. */
  #allTopics(groupId: string): OffsetFetchTopic[] {
    const topics = new Map<string, { topicId: string; partitionIndexes: number[] }>()
    for (const { topic, partitionIndex, value } of this.#offsets.entries(groupId)) {
      const topicId = this.#topics.topicId(topic) ?? ZERO_UUID
      if (isOfOtherTopic(value, topicId)) continue
      const known = topics.get(topic)
      if (known === undefined) topics.set(topic, { topicId, partitionIndexes: [partitionIndex] })
      else known.partitionIndexes.push(partitionIndex)
    }
    return [...topics].map(([name, rest]) => ({ name, ...rest }))
  }

  delete(
    request: OffsetDeleteRequest,
    owner: OffsetOwner,
    records: GroupRecord[],
  ): OffsetDeleteResponse {
    const { groupId } = request
    const topics = request.topics.map(({ name, partitions }) => {
      const isSubscribed = owner.isSubscribedToTopic(name)
      const deleted = partitions.map(({ partitionIndex }) => {
        if (isSubscribed) {
          return { partitionIndex, errorCode: errorCode('GROUP_SUBSCRIBED_TO_TOPIC') }
        }
        if (this.#offsets.get(groupId, name, partitionIndex) !== undefined) {
          records.push(tombstone(groupId, name, partitionIndex))
        }
        return { partitionIndex, errorCode: 0 }
      })
      return { name, partitions: deleted }
    })
    return { errorCode: 0, throttleTimeMs: 0, topics }
  }

  deleteAll(groupId: string, records: GroupRecord[]): void {
    for (const { topic, partitionIndex } of this.#offsets.entries(groupId)) {
      records.push(tombstone(groupId, topic, partitionIndex))
    }
  }

  /** Drops the offsets of a topic that is gone; one made anew under the name keeps its own. */
  deleteOfTopic(
    groupId: string,
    deleted: { readonly name: string; readonly topicId: string },
    records: GroupRecord[],
  ): void {
    for (const entry of this.#offsets.entriesOfTopic(groupId, deleted.name)) {
      const { topic, partitionIndex, value } = entry
      if (isOfOtherTopic(value, deleted.topicId)) continue
      records.push(tombstone(groupId, topic, partitionIndex))
    }
  }

  /**
   * Whoever committed knew the topic, from an image of the cluster that is older than the election
   * of this coordinator, or from its own: an id that is not known now is that of a deleted topic.
   */
  deleteOfGoneTopics(groupId: string, records: GroupRecord[]): void {
    for (const { topic, partitionIndex, value } of this.#offsets.entries(groupId)) {
      const isGone = value.topicId !== ZERO_UUID && this.#topics.topicName(value.topicId) === null
      if (isGone) records.push(tombstone(groupId, topic, partitionIndex))
    }
  }

  /** Adds tombstones for what has expired. True if no offset is left then. */
  expire(owner: OffsetOwner, nowMs: number, records: GroupRecord[]): boolean {
    const { groupId, expiry } = owner
    // By whichever clock is behind: one that is wrong for a while must not take offsets away.
    const dueMs = nowMs + Math.min(0, this.#config.wallAheadMs)
    let isNothingLeft = !this.#offsets.hasPendingInGroup(groupId)
    // Asked once a topic, whose offsets follow each other: it is looked up with every member.
    let lastTopic: string | null = null
    let isSubscribed = false
    for (const { topic, partitionIndex, value } of this.#offsets.entries(groupId)) {
      if (topic !== lastTopic) isSubscribed = owner.isSubscribedToTopic(topic)
      lastTopic = topic
      const isKept =
        isSubscribed ||
        this.#offsets.hasPending(groupId, topic, partitionIndex) ||
        !this.#hasExpired(value, expiry, dueMs)
      if (isKept) isNothingLeft = false
      else records.push(tombstone(groupId, topic, partitionIndex))
    }
    return isNothingLeft
  }

  #hasExpired(value: CommittedOffset, expiry: ExpiryRule, nowMs: number): boolean {
    if (expiry.kind === 'none') return false
    if (value.expireTimestampMs !== null) return nowMs >= value.expireTimestampMs
    const sinceMs = expiry.kind === 'since' ? expiry.sinceMs : value.commitTimestampMs
    return nowMs - sinceMs >= this.#config.offsetsRetentionMs
  }
}

function absent(partitionIndex: number, code: number): FetchedPartition {
  return {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode: code,
  }
}

function isOfOtherTopic(value: CommittedOffset, topicId: string): boolean {
  return topicId !== ZERO_UUID && value.topicId !== ZERO_UUID && value.topicId !== topicId
}

function tombstone(groupId: string, topic: string, partitionIndex: number): GroupRecord {
  return { kind: 'offset-commit', groupId, topic, partitionIndex, value: null }
}
