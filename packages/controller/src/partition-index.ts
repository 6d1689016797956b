// What has to be found without looking at every partition: those with a replica on a
// broker, those without a leader, those away from their preferred leader, those being reassigned,
// those with an ELR; and how many each broker leads.
//
// Part of the image, which tells it of each partition before and after a record.

import { PartitionSet } from './partition-set.ts'
import { NO_LEADER, type PartitionRecord } from './records.ts'

type Partition = Omit<PartitionRecord, 'kind'>

const NONE = new PartitionSet()

export class PartitionIndex {
  leaderless = new PartitionSet()
  /** Led by another than the first of its replicas; leaderless ones are among them. */
  notPreferred = new PartitionSet()
  reassigning = new PartitionSet()
  withElr = new PartitionSet()
  readonly #byReplica = new Map<number, PartitionSet>()
  readonly #ledCounts = new Map<number, number>()

  /** Partitions with a replica on the broker. */
  ofBroker(brokerId: number): PartitionSet {
    return this.#byReplica.get(brokerId) ?? NONE
  }

  /** Brokers with replicas, registered or not. */
  get brokerIds(): Iterable<number> {
    return this.#byReplica.keys()
  }

  ledCount(brokerId: number): number {
    return this.#ledCounts.get(brokerId) ?? 0
  }

  copy(): PartitionIndex {
    const copy = new PartitionIndex()
    copy.leaderless = this.leaderless.copy()
    copy.notPreferred = this.notPreferred.copy()
    copy.reassigning = this.reassigning.copy()
    copy.withElr = this.withElr.copy()
    for (const [id, partitions] of this.#byReplica) copy.#byReplica.set(id, partitions.copy())
    for (const [id, total] of this.#ledCounts) copy.#ledCounts.set(id, total)
    return copy
  }

  /** All of it in one line, in a fixed order: for comparisons. */
  describe(): string {
    const sets = [this.leaderless, this.notPreferred, this.reassigning, this.withElr]
    const byBroker = (counts: ReadonlyMap<number, unknown>, text: (id: number) => unknown) =>
      [...counts.keys()].sort((a, b) => a - b).map(id => `${id}:${text(id)}`)
    return [
      ...sets.map(set => set.describe()),
      ...byBroker(this.#byReplica, id => this.ofBroker(id).describe()),
      ...byBroker(this.#ledCounts, id => this.ledCount(id)),
    ].join(' | ')
  }

  /** Undefined stands for a partition that is not there, before or after. */
  update(before: Partition | undefined, after: Partition | undefined): void {
    const partition = after ?? before
    if (partition === undefined) return
    if (before?.replicas !== after?.replicas) this.#updateReplicas(partition, before, after)
    if (before?.leader !== after?.leader) {
      count(this.#ledCounts, before?.leader, -1)
      count(this.#ledCounts, after?.leader, 1)
    }
    const { topicId, partitionIndex: index } = partition
    this.leaderless.set(topicId, index, after?.leader === NO_LEADER)
    this.notPreferred.set(topicId, index, after !== undefined && after.leader !== after.replicas[0])
    this.reassigning.set(topicId, index, after !== undefined && isReassigning(after))
    this.withElr.set(topicId, index, after !== undefined && hasElr(after))
  }

  #updateReplicas(
    { topicId, partitionIndex }: Partition,
    before: Partition | undefined,
    after: Partition | undefined,
  ): void {
    for (const id of before?.replicas ?? []) {
      if (after?.replicas.includes(id)) continue
      const partitions = this.#byReplica.get(id)
      partitions?.delete(topicId, partitionIndex)
      if (partitions?.size === 0) this.#byReplica.delete(id)
    }
    for (const id of after?.replicas ?? []) {
      let partitions = this.#byReplica.get(id)
      if (partitions === undefined) {
        partitions = new PartitionSet()
        this.#byReplica.set(id, partitions)
      }
      partitions.add(topicId, partitionIndex)
    }
  }
}

export function isReassigning(partition: Partition): boolean {
  return partition.addingReplicas.length > 0 || partition.removingReplicas.length > 0
}

function hasElr({ elr, lastKnownElr }: Partition): boolean {
  return elr.length > 0 || lastKnownElr.length > 0
}

function count(counts: Map<number, number>, brokerId: number | undefined, by: number): void {
  if (brokerId === undefined || brokerId === NO_LEADER) return
  const total = (counts.get(brokerId) ?? 0) + by
  if (total === 0) counts.delete(brokerId)
  else counts.set(brokerId, total)
}
