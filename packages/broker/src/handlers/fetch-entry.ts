// One partition of a fetch: what the client asks of it, what it was told, and who hears of changes.

import type { FetchRequest } from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { PartitionSubscriber } from '../partition/partition-types.ts'

type FetchTopic = FetchRequest['topics'][number]
type FetchTopicPartition = FetchTopic['partitions'][number]

/** Told when one of its partitions may have news. */
export interface EntryOwner {
  onEntryChange(entry: FetchEntry): void
}

/** Of one request, or for the life of a session. */
export class FetchEntry implements PartitionSubscriber {
  /** Empty in versions that use ids. */
  readonly topic: string
  readonly topicId: string
  readonly partitionIndex: number
  fetchOffset = 0
  maxBytes = 0
  currentLeaderEpoch = -1
  lastFetchedEpoch = -1
  logStartOffset = -1
  /** Null until found; again when it is gone. */
  partition: Partition | null = null
  /** In the owner's list of entries to be looked at. */
  isReady = true
  /** Of the partition, when it was last read. */
  seenChangeCount = -1
  /** Bytes that the last read found. */
  foundBytes = 0
  /** What the client was told last. */
  sentHighWatermark = -1
  sentLogStartOffset = -1
  readonly #isReplica: boolean
  #owner: EntryOwner | null
  #isDropped = false

  constructor(
    topic: FetchTopic,
    partitionIndex: number,
    reader: { readonly owner: EntryOwner | null; readonly isReplica: boolean },
  ) {
    this.topic = topic.topic
    this.topicId = topic.topicId
    this.partitionIndex = partitionIndex
    this.#owner = reader.owner
    this.#isReplica = reader.isReplica
  }

  update(asked: FetchTopicPartition): void {
    this.fetchOffset = asked.fetchOffset
    this.maxBytes = asked.partitionMaxBytes
    this.currentLeaderEpoch = asked.currentLeaderEpoch
    this.lastFetchedEpoch = asked.lastFetchedEpoch
    this.logStartOffset = asked.logStartOffset
  }

  /** Nobody asks for it any more; a read of it may still be under way. */
  get isDropped(): boolean {
    return this.#isDropped
  }

  /** From now on `owner` is told of changes. */
  subscribe(owner: EntryOwner): void {
    // Its partition would keep it for ever: nobody is left who would unsubscribe it.
    if (this.#isDropped) return
    this.#owner = owner
    this.partition?.watchers.subscribe(this, this.#isReplica)
  }

  unsubscribe(): void {
    this.partition?.watchers.unsubscribe(this)
    this.#owner = null
  }

  /** Its session has forgotten it, or is closed. */
  drop(): void {
    this.#isDropped = true
    this.unsubscribe()
  }

  /** True if the client has not been told of something that is not records. */
  get hasUnsentState(): boolean {
    const { partition } = this
    if (partition === null) return true
    return (
      partition.highWatermark !== this.sentHighWatermark ||
      partition.log.logStartOffset !== this.sentLogStartOffset
    )
  }

  onPartitionChange(partition: Partition): void {
    if (partition.isClosed) this.partition = null
    this.#owner?.onEntryChange(this)
  }
}
