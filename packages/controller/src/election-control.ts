// Elections that an operator asks for.

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

export interface ElectionResult extends ApiError, PartitionToElect {}

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
