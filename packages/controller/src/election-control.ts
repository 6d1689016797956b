// Elections that somebody asks for, and the return of the lead to preferred leaders when too many
// partitions are led by others.

import type { EffectiveSettings } from './effective-settings.ts'
import type { MetadataImage, PartitionImage, TopicImage } from './image.ts'
import { partitionChange } from './partition-change.ts'
import { type MetadataRecord, NO_LEADER, type PartitionChangeRecord } from './records.ts'
import {
  type ApiError,
  type Decision,
  failure,
  NO_ERROR,
  type PartitionToElect,
} from './requests.ts'

export const ELECTION_PREFERRED = 0
export const ELECTION_UNCLEAN = 1

/** Elections of one round of the rebalance; the next one follows at once if more are due. */
const MAX_REBALANCED = 1_000

export interface ElectionResult extends ApiError, PartitionToElect {}

export interface LeaderRebalance {
  readonly enabled: boolean
  readonly intervalMs: number
  /** A broker is out of balance if more of its preferred partitions are led by others. */
  readonly imbalancePercent: number
}

export class ElectionControl {
  readonly #image: MetadataImage
  readonly #settings: EffectiveSettings

  constructor(image: MetadataImage, settings: EffectiveSettings) {
    this.#image = image
    this.#settings = settings
  }

  /** `partitions` null means all: then those that need no election are left out of the answer. */
  electLeaders(
    partitions: readonly PartitionToElect[] | null,
    electionType: number,
  ): Decision<ElectionResult[]> {
    const records: MetadataRecord[] = []
    const response: ElectionResult[] = []
    const seen = new Set<string>()
    for (const wanted of partitions ?? this.#candidates(electionType)) {
      const key = `${wanted.topic} ${wanted.partitionIndex}`
      if (seen.has(key)) continue
      seen.add(key)
      const { error, record } = this.#elect(wanted, electionType)
      if (record !== null) records.push(record)
      if (partitions === null && error.error === 'ELECTION_NOT_NEEDED') continue
      response.push({ ...error, ...wanted })
    }
    return { records, response }
  }

  /** Gives the lead back where a broker's share of foreign leaders is above the limit. */
  rebalance({ imbalancePercent }: LeaderRebalance): PartitionChangeRecord[] {
    const records: PartitionChangeRecord[] = []
    const isOut = this.#brokersOutOfBalance(imbalancePercent)
    if (isOut.size === 0) return records
    for (const { topicId, partitionIndex } of this.#image.index.notPreferred) {
      const topic = this.#image.topicById(topicId)
      const partition = topic?.partitions[partitionIndex]
      if (topic === undefined || partition === undefined) continue
      if (!isOut.has(partition.replicas[0] ?? NO_LEADER)) continue
      const record = this.#preferredElection(topic, partition)
      if (record === null) continue
      records.push(record)
      if (records.length === MAX_REBALANCED) break
    }
    return records
  }

  #brokersOutOfBalance(imbalancePercent: number): Set<number> {
    const foreign = new Map<number, number>()
    for (const { topicId, partitionIndex } of this.#image.index.notPreferred) {
      const preferred = this.#image.partitionById(topicId, partitionIndex)?.replicas[0] ?? NO_LEADER
      foreign.set(preferred, (foreign.get(preferred) ?? 0) + 1)
    }
    const out = new Set<number>()
    for (const [id, count] of foreign) {
      const limit = (this.#image.index.preferredCount(id) * imbalancePercent) / 100
      if (this.#image.isActive(id) && count > limit) out.add(id)
    }
    return out
  }

  *#candidates(electionType: number): Generator<PartitionToElect> {
    const { notPreferred, leaderless } = this.#image.index
    const keys = electionType === ELECTION_PREFERRED ? notPreferred : leaderless
    for (const { topicId, partitionIndex } of keys) {
      const topic = this.#image.topicById(topicId)
      if (topic !== undefined) yield { topic: topic.name, partitionIndex }
    }
  }

  #elect(
    { topic, partitionIndex }: PartitionToElect,
    electionType: number,
  ): { error: ApiError; record: MetadataRecord | null } {
    const none = (error: ApiError) => ({ error, record: null })
    const found = this.#image.topic(topic)
    if (found === undefined) {
      return none(failure('UNKNOWN_TOPIC_OR_PARTITION', `No such topic as ${topic}`))
    }
    const partition = found.partitions[partitionIndex]
    if (partition === undefined) {
      const message = `No such partition as ${topic}-${partitionIndex}`
      return none(failure('UNKNOWN_TOPIC_OR_PARTITION', message))
    }
    if (electionType === ELECTION_PREFERRED) {
      if (partition.leader === partition.replicas[0]) return none(failure('ELECTION_NOT_NEEDED'))
      const record = this.#preferredElection(found, partition)
      if (record === null) return none(failure('PREFERRED_LEADER_NOT_AVAILABLE'))
      return { error: NO_ERROR, record }
    }
    if (partition.leader !== NO_LEADER) return none(failure('ELECTION_NOT_NEEDED'))
    const rules = { ...this.#settings.rulesOf(topic), uncleanElection: true }
    const record = partitionChange(partition, {}, rules)
    if (record?.leader == null) return none(failure('ELIGIBLE_LEADERS_NOT_AVAILABLE'))
    return { error: NO_ERROR, record }
  }

  /** Null if the preferred replica may not lead and nobody else is to. */
  #preferredElection(topic: TopicImage, partition: PartitionImage): PartitionChangeRecord | null {
    const rules = this.#settings.rulesOf(topic.name)
    const record = partitionChange(partition, { preferred: true }, rules)
    return record?.leader == null || record.leader === NO_LEADER ? null : record
  }
}
