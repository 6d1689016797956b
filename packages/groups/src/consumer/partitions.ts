// Sets of partitions by topic id, as assignments are made of them.

/** Topic id -> partition indexes. */
export type PartitionSet = ReadonlyMap<string, ReadonlySet<number>>

/** Topic id -> partition index -> the member epoch in which the member got the partition. */
export type OwnedPartitions = ReadonlyMap<string, ReadonlyMap<number, number>>

export const NO_PARTITIONS: PartitionSet = new Map()
export const NOTHING_OWNED: OwnedPartitions = new Map()

export function samePartitions(a: PartitionSet, b: PartitionSet): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others?.size !== partitions.size) return false
    for (const index of partitions) if (!others.has(index)) return false
  }
  return true
}

export function sameOwned(a: OwnedPartitions, b: OwnedPartitions): boolean {
  if (a === b) return true
  if (a.size !== b.size) return false
  for (const [topicId, partitions] of a) {
    const others = b.get(topicId)
    if (others?.size !== partitions.size) return false
    for (const [index, epoch] of partitions) if (others.get(index) !== epoch) return false
  }
  return true
}

function countPartitions(partitions: PartitionSet | OwnedPartitions): number {
  let count = 0
  for (const each of partitions.values()) count += each.size
  return count
}

/** A set of partitions that is being put together, or changed: what it began with is left alone. */
export class PartitionSetBuilder {
  #topics: PartitionSet
  /** The same as `#topics` once it is this builder's own. */
  #own: Map<string, Set<number>> | null = null
  #count: number

  constructor(start: PartitionSet = NO_PARTITIONS) {
    this.#topics = start
    this.#count = countPartitions(start)
  }

  get count(): number {
    return this.#count
  }

  has(topicId: string, partitionIndex: number): boolean {
    return this.#topics.get(topicId)?.has(partitionIndex) === true
  }

  add(topicId: string, partitionIndex: number): void {
    if (this.has(topicId, partitionIndex)) return
    const topics = this.#owned()
    const partitions = topics.get(topicId)
    if (partitions === undefined) topics.set(topicId, new Set([partitionIndex]))
    else partitions.add(partitionIndex)
    this.#count++
  }

  remove(topicId: string, partitionIndex: number): void {
    if (!this.has(topicId, partitionIndex)) return
    const topics = this.#owned()
    const partitions = topics.get(topicId)
    partitions?.delete(partitionIndex)
    this.#count--
    if (partitions?.size === 0) topics.delete(topicId)
  }

  #owned(): Map<string, Set<number>> {
    if (this.#own === null) {
      const own = new Map<string, Set<number>>()
      for (const [topicId, partitions] of this.#topics) own.set(topicId, new Set(partitions))
      this.#own = own
      this.#topics = own
    }
    return this.#own
  }

  /** The set that it began with, the same object, if nothing was changed. */
  build(): PartitionSet {
    return this.#topics
  }
}

/** Owned partitions that are being put together. */
export class OwnedBuilder {
  readonly #topics = new Map<string, Map<number, number>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(topicId: string, partitionIndex: number, epoch: number): void {
    let partitions = this.#topics.get(topicId)
    if (partitions === undefined) {
      partitions = new Map()
      this.#topics.set(topicId, partitions)
    }
    partitions.set(partitionIndex, epoch)
    this.#count++
  }

  build(): OwnedPartitions {
    return this.#topics
  }
}
