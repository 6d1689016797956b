// Leaders and replicas of existing partitions: elections asked for by operators, reassignments.
// Changes of the ISR by partition leaders come with the cluster.

import type { MetadataImage, PartitionImage } from './image.ts'
import type { MetadataRecord } from './records.ts'
import {
  type ApiError,
  type Decision,
  failure,
  NO_ERROR,
  type PartitionToElect,
  type Reassignment,
} from './requests.ts'

export const ELECTION_PREFERRED = 0
export const ELECTION_UNCLEAN = 1

export interface ElectionResult extends ApiError, PartitionToElect {}
export interface ReassignmentResult extends ApiError, PartitionToElect {}

export class PartitionControl {
  readonly #image: MetadataImage

  constructor(image: MetadataImage) {
    this.#image = image
  }

  /** `partitions` null means all: then those that need no election are left out of the answer. */
  electLeaders(
    partitions: readonly PartitionToElect[] | null,
    electionType: number,
  ): Decision<ElectionResult[]> {
    const records: MetadataRecord[] = []
    const response: ElectionResult[] = []
    for (const wanted of partitions ?? this.#all()) {
      const { error, record } = this.#elect(wanted, electionType)
      if (record !== null) records.push(record)
      if (partitions === null && error.error === 'ELECTION_NOT_NEEDED') continue
      response.push({ ...error, ...wanted })
    }
    return { records, response }
  }

  /**
   * Moves replicas. With the replicas that a partition has, nothing happens; other brokers need
   * replication, which catches up before the old replicas leave.
   */
  alterReassignments(wanted: readonly Reassignment[]): Decision<ReassignmentResult[]> {
    const records: MetadataRecord[] = []
    const response: ReassignmentResult[] = []
    for (const { topic, partitionIndex, replicas } of wanted) {
      const { error, record } = this.#reassign(topic, partitionIndex, replicas)
      if (record !== null) records.push(record)
      response.push({ ...error, topic, partitionIndex })
    }
    return { records, response }
  }

  *#all(): Generator<PartitionToElect> {
    for (const topic of this.#image.topics) {
      for (const { partitionIndex } of topic.partitions) yield { topic: topic.name, partitionIndex }
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
    const preferred = partition.replicas[0] ?? -1
    const isDone =
      electionType === ELECTION_PREFERRED ? partition.leader === preferred : partition.leader !== -1
    if (isDone) return none(failure('ELECTION_NOT_NEEDED'))
    const leader = this.#candidate(partition, electionType)
    if (leader === null) {
      const unclean = electionType === ELECTION_UNCLEAN
      const error = unclean ? 'ELIGIBLE_LEADERS_NOT_AVAILABLE' : 'PREFERRED_LEADER_NOT_AVAILABLE'
      return none(failure(error))
    }
    const isr = partition.isr.includes(leader) ? partition.isr : [leader]
    const record: MetadataRecord = {
      kind: 'partition',
      ...partition,
      isr,
      leader,
      leaderEpoch: partition.leaderEpoch + 1,
      partitionEpoch: partition.partitionEpoch + 1,
    }
    return { error: NO_ERROR, record }
  }

  #candidate(partition: PartitionImage, electionType: number): number | null {
    const isAlive = (id: number) => this.#image.brokers.get(id)?.fenced === false
    const inIsr = (id: number) => partition.isr.includes(id)
    if (electionType === ELECTION_PREFERRED) {
      const preferred = partition.replicas[0]
      if (preferred === undefined) return null
      return isAlive(preferred) && inIsr(preferred) ? preferred : null
    }
    const alive = partition.replicas.filter(isAlive)
    return alive.find(inIsr) ?? alive[0] ?? null
  }

  #reassign(
    topic: string,
    partitionIndex: number,
    replicas: readonly number[] | null,
  ): { error: ApiError; record: MetadataRecord | null } {
    const none = (error: ApiError) => ({ error, record: null })
    const partition = this.#image.partition(topic, partitionIndex)
    if (partition === undefined) {
      return none(
        failure('UNKNOWN_TOPIC_OR_PARTITION', 'This server does not host this topic-partition.'),
      )
    }
    if (replicas === null) return none(failure('NO_REASSIGNMENT_IN_PROGRESS'))
    const problem = this.#replicasProblem(replicas)
    if (problem !== null) return none(failure('INVALID_REPLICA_ASSIGNMENT', problem))
    const present = new Set(partition.replicas)
    const isSame = replicas.length === present.size && replicas.every(id => present.has(id))
    if (!isSame) {
      const message = 'Moving replicas between brokers needs replication, which this node has not.'
      return none(failure('INVALID_REPLICA_ASSIGNMENT', message))
    }
    const record: MetadataRecord = {
      kind: 'partition',
      ...partition,
      replicas,
      partitionEpoch: partition.partitionEpoch + 1,
    }
    return { error: NO_ERROR, record }
  }

  #replicasProblem(replicas: readonly number[]): string | null {
    const assignment = 'The manual partition assignment includes'
    if (replicas.length === 0) return `${assignment} an empty replica list.`
    const seen = new Set<number>()
    for (const id of replicas) {
      if (!this.#image.brokers.has(id)) {
        return `${assignment} broker ${id}, but no such broker is registered.`
      }
      if (seen.has(id)) return `${assignment} the broker ${id} more than once.`
      seen.add(id)
    }
    return null
  }
}
