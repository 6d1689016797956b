// An incremental fetch session (KIP-227): the broker remembers a client's partitions, a request names only
// changes, an answer holds only news.
//
// It keeps its subscriptions at the partitions and a list of those that may have news: a request, or a
// wake-up, costs the partitions that changed, not all of the session.

import type { FetchRequest } from '@weir/protocol'
import { type EntryOwner, FetchEntry } from './fetch-entry.ts'

export class FetchSession implements EntryOwner {
  readonly id: number
  readonly usesTopicIds: boolean
  /** Of a follower: such a session may take the slot of a consumer's. */
  readonly isPrivileged: boolean
  readonly #entries = new Map<string, FetchEntry>()
  /** Entries whose `isReady` is true, in the order in which they are served. */
  #ready: FetchEntry[] = []
  /** The request that waits for news; told of each. */
  waiting: EntryOwner | null = null
  /** That the next request has to carry. */
  nextEpoch = 1
  lastUsedMs = 0

  constructor(id: number, usesTopicIds: boolean, isPrivileged: boolean) {
    this.id = id
    this.usesTopicIds = usesTopicIds
    this.isPrivileged = isPrivileged
  }

  get size(): number {
    return this.#entries.size
  }

  /** All entries, in the order in which the client named them. */
  get entries(): Iterable<FetchEntry> {
    return this.#entries.values()
  }

  onEntryChange(entry: FetchEntry): void {
    this.#markReady(entry)
    this.waiting?.onEntryChange(entry)
  }

  /** Takes over what a request names. */
  apply(request: FetchRequest): void {
    for (const topic of request.forgottenTopicsData) {
      for (const index of topic.partitions) this.#forget(entryKey(topic, index))
    }
    for (const topic of request.topics) {
      for (const asked of topic.partitions) {
        const key = entryKey(topic, asked.partition)
        let entry = this.#entries.get(key)
        if (entry === undefined) {
          const reader = { owner: this, isReplica: this.isPrivileged }
          entry = new FetchEntry(topic, asked.partition, reader)
          this.#entries.set(key, entry)
          this.#ready.push(entry)
        } else {
          this.#markReady(entry)
        }
        entry.update(asked)
      }
    }
  }

  /** Takes the entries that may have news; put those back that still have some with `keepReady`. */
  takeReady(): FetchEntry[] {
    const taken = this.#ready
    this.#ready = []
    const live: FetchEntry[] = []
    for (const entry of taken) {
      // A forgotten entry has left the map and lost its flag.
      if (!entry.isReady) continue
      entry.isReady = false
      live.push(entry)
    }
    return live
  }

  /** The entry has to be looked at again by the next request. */
  keepReady(entry: FetchEntry): void {
    this.#markReady(entry)
  }

  close(): void {
    for (const entry of this.#entries.values()) entry.drop()
    this.#entries.clear()
    this.#ready = []
  }

  #markReady(entry: FetchEntry): void {
    if (entry.isReady || entry.isDropped) return
    entry.isReady = true
    this.#ready.push(entry)
  }

  #forget(key: string): void {
    const entry = this.#entries.get(key)
    if (entry === undefined) return
    this.#entries.delete(key)
    entry.isReady = false
    entry.drop()
  }
}

function entryKey(
  topic: { readonly topic: string; readonly topicId: string },
  partitionIndex: number,
): string {
  return `${topic.topic === '' ? topic.topicId : topic.topic}/${partitionIndex}`
}
