// The offsets that groups have committed, of one shard. Set by replay only.
//
// Offsets committed inside a transaction are pending until its marker comes: `endTransaction`
// moves them to the committed ones or drops them. A pending offset is not seen by fetches, makes a
// fetch of stable offsets fail, and does not expire.
//
// Of a pending offset and one that was committed directly, the later record of the log wins.
//
// Invariant: `#pendingCount` of a partition is the number of producers with a pending offset of it.

import type { CommittedOffset } from './records.ts'

interface Stored {
  readonly value: CommittedOffset
  /** Grows with each record of an offset. */
  readonly order: number
}

type Partitions = Map<number, Stored>
type Topics = Map<string, Partitions>

interface PendingOffset {
  readonly groupId: string
  readonly topic: string
  readonly partitionIndex: number
  readonly value: CommittedOffset
}

interface Pending extends PendingOffset {
  readonly stored: Stored
}

/** A partition whose offset is committed. */
export interface OffsetEntry {
  readonly topic: string
  readonly partitionIndex: number
  readonly value: CommittedOffset
}

export const NO_PRODUCER_ID = -1

export class Offsets {
  readonly #groups = new Map<string, Topics>()
  readonly #pending = new Map<number, Map<string, Pending>>()
  /** Group id -> key of the partition -> producers. */
  readonly #pendingCount = new Map<string, Map<string, number>>()
  #nextOrder = 0
  /** Where the last offset went: most often the next one goes there, too. */
  #last: { groupId: string; topic: string; partitions: Partitions } | null = null

  get(groupId: string, topic: string, partitionIndex: number): CommittedOffset | undefined {
    return this.#groups.get(groupId)?.get(topic)?.get(partitionIndex)?.value
  }

  /** By topic, in the order of the first commits. */
  *entries(groupId: string): Generator<OffsetEntry> {
    for (const [topic, partitions] of this.#groups.get(groupId) ?? []) {
      for (const [partitionIndex, { value }] of partitions) yield { topic, partitionIndex, value }
    }
  }

  *entriesOfTopic(groupId: string, topic: string): Generator<OffsetEntry> {
    for (const [partitionIndex, { value }] of this.#groups.get(groupId)?.get(topic) ?? []) {
      yield { topic, partitionIndex, value }
    }
  }

  groupIds(): IterableIterator<string> {
    return this.#groups.keys()
  }

  has(groupId: string): boolean {
    return this.#groups.has(groupId) || this.#pendingCount.has(groupId)
  }

  hasPending(groupId: string, topic: string, partitionIndex: number): boolean {
    return this.#pendingCount.get(groupId)?.has(partitionKey(topic, partitionIndex)) === true
  }

  hasPendingInGroup(groupId: string): boolean {
    return this.#pendingCount.has(groupId)
  }

  /** `producerId` is that of the record's batch if it is transactional, otherwise -1. */
  put(entry: PendingOffset, producerId: number): void {
    const stored: Stored = { value: entry.value, order: this.#nextOrder++ }
    if (producerId === NO_PRODUCER_ID) this.#commit(entry, stored)
    else this.#addPending({ ...entry, stored }, producerId)
  }

  /** A tombstone drops pending offsets of the partition as well. */
  remove(groupId: string, topic: string, partitionIndex: number): void {
    if (this.hasPending(groupId, topic, partitionIndex)) {
      const key = entryKey(groupId, topic, partitionIndex)
      for (const entries of this.#pending.values()) {
        const entry = entries.get(key)
        if (entry === undefined) continue
        entries.delete(key)
        this.#countPending(entry, -1)
      }
    }
    const topics = this.#groups.get(groupId)
    const partitions = topics?.get(topic)
    if (topics === undefined || partitions === undefined) return
    partitions.delete(partitionIndex)
    if (partitions.size === 0) this.#last = null
    if (partitions.size === 0) topics.delete(topic)
    if (topics.size === 0) this.#groups.delete(groupId)
  }

  /** The producer's transaction ended with a marker. */
  endTransaction(producerId: number, isCommit: boolean): void {
    const entries = this.#pending.get(producerId)
    if (entries === undefined) return
    this.#pending.delete(producerId)
    for (const entry of entries.values()) {
      this.#countPending(entry, -1)
      if (isCommit) this.#commit(entry, entry.stored)
    }
  }

  #commit({ groupId, topic, partitionIndex }: PendingOffset, stored: Stored): void {
    const partitions = this.#partitionsOf(groupId, topic)
    const known = partitions.get(partitionIndex)
    if (known === undefined || known.order < stored.order) partitions.set(partitionIndex, stored)
  }

  #partitionsOf(groupId: string, topic: string): Partitions {
    const last = this.#last
    if (last?.groupId === groupId && last.topic === topic) return last.partitions
    let topics = this.#groups.get(groupId)
    if (topics === undefined) {
      topics = new Map()
      this.#groups.set(groupId, topics)
    }
    let partitions = topics.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      topics.set(topic, partitions)
    }
    this.#last = { groupId, topic, partitions }
    return partitions
  }

  #addPending(entry: Pending, producerId: number): void {
    let entries = this.#pending.get(producerId)
    if (entries === undefined) {
      entries = new Map()
      this.#pending.set(producerId, entries)
    }
    const key = entryKey(entry.groupId, entry.topic, entry.partitionIndex)
    if (!entries.has(key)) this.#countPending(entry, 1)
    entries.set(key, entry)
  }

  #countPending(entry: PendingOffset, change: 1 | -1): void {
    let counts = this.#pendingCount.get(entry.groupId)
    if (counts === undefined) {
      counts = new Map()
      this.#pendingCount.set(entry.groupId, counts)
    }
    const key = partitionKey(entry.topic, entry.partitionIndex)
    const count = (counts.get(key) ?? 0) + change
    if (count > 0) counts.set(key, count)
    else counts.delete(key)
    if (counts.size === 0) this.#pendingCount.delete(entry.groupId)
  }
}

/** Topic names have no slash. */
function partitionKey(topic: string, partitionIndex: number): string {
  return `/${topic}/${partitionIndex}`
}

function entryKey(groupId: string, topic: string, partitionIndex: number): string {
  return `${groupId}${partitionKey(topic, partitionIndex)}`
}
