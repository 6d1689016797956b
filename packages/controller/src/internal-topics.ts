// Internal topics are made when there may be one broker only. As brokers join, their partitions get
// more replicas, up to what offsets.topic.replication.factor says: the controller starts these moves
// by itself, as an operator would with a reassignment.

import type { EffectiveSettings } from './effective-settings.ts'
import type { MetadataImage } from './image.ts'
import { partitionChange } from './partition-change.ts'
import { isReassigning } from './partition-index.ts'
import { addReplicas } from './placement.ts'
import { type MetadataRecord, NO_LEADER, type PartitionChangeRecord } from './records.ts'
import { INTERNAL_TOPICS } from './topic-names.ts'

/** Moves begun in one decision. */
const MAX_MOVES = 500

export class InternalTopics {
  readonly #image: MetadataImage
  readonly #settings: EffectiveSettings
  /** Something has changed that may allow more replicas. */
  #isDue = true

  constructor(image: MetadataImage, settings: EffectiveSettings) {
    this.#image = image
    this.#settings = settings
  }

  get isDue(): boolean {
    return this.#isDue
  }

  replay(record: MetadataRecord): void {
    if (record.kind === 'brokerChange') this.#isDue ||= record.fenced === false
    else if (record.kind === 'partitionChange') this.#isDue ||= record.addingReplicas !== null
  }

  /** The moves to begin now; none once all have enough replicas. */
  next(): PartitionChangeRecord[] {
    const records: PartitionChangeRecord[] = []
    const replicationFactor = this.#replicationFactor()
    for (const name of INTERNAL_TOPICS) {
      const topic = this.#image.topic(name)
      if (topic === undefined) continue
      const rules = this.#settings.rulesOf(topic.name)
      for (const partition of topic.partitions) {
        const { replicas, partitionIndex: index, leader } = partition
        if (replicas.length >= replicationFactor || leader === NO_LEADER) continue
        if (isReassigning(partition)) continue
        const wanted = addReplicas(this.#image.brokers, replicas, { replicationFactor, index })
        const addingReplicas = wanted.filter(id => !replicas.includes(id))
        const record = partitionChange(partition, { replicas: wanted, addingReplicas }, rules)
        if (record !== null) records.push(record)
        if (records.length === MAX_MOVES) return records
      }
    }
    this.#isDue = records.length > 0
    return records
  }

  #replicationFactor(): number {
    let active = 0
    for (const id of this.#image.brokers.keys()) if (this.#image.isActive(id)) active++
    return Math.min(this.#settings.internalReplicationFactor(), active)
  }
}
