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

export function countPartitions(partitions: PartitionSet | OwnedPartitions): number {
  let count = 0
  for (const each of partitions.values()) count += each.size
  return count
}

/** A set of partitions that is being put together. */
export class PartitionSetBuilder {
  readonly #topics = new Map<string, Set<number>>()
  #count = 0

  get count(): number {
    return this.#count
  }

  add(topicId: string, partitionIndex: number): void {
    let partitions = this.#topics.get(topicId)
    if (partitions === undefined) {
      partitions = new Set()
      this.#topics.set(topicId, partitions)
    }
    if (partitions.has(partitionIndex)) return
    partitions.add(partitionIndex)
    this.#count++
  }

  remove(topicId: string, partitionIndex: number): void {
    const partitions = this.#topics.get(topicId)
    if (partitions?.delete(partitionIndex) !== true) return
    this.#count--
    if (partitions.size === 0) this.#topics.delete(topicId)
  }

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
