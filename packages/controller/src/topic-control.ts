// Topics: creation, deletion, more partitions. Every rule and every message is Kafka's
// (ReplicationControlManager), so that tools print what their users know.
//
// Pure: decides on the image, answers records; nothing changes before they are replayed.

import { ZERO_UUID } from '@weir/core'
import { CONFIG_RESOURCE_TOPIC, type ConfigControl } from './config-control.ts'
import type { MetadataImage, TopicImage } from './image.ts'
import { placeReplicas } from './placement.ts'
import { LEADER_RECOVERED, type MetadataRecord, type PartitionRecord } from './records.ts'
import {
  type ApiError,
  type ConfigOperation,
  type CreatedTopic,
  type Decision,
  type DeletedTopic,
  failure,
  type NewPartitions,
  type NewTopic,
  NO_ERROR,
  type PartitionsResult,
  type ReplicaAssignment,
} from './requests.ts'
import { CLUSTER_METADATA_TOPIC, collisionKey, topicNameProblem } from './topic-names.ts'

/** More in one request is refused: one decision has to stay a reasonable batch. */
const MAX_PARTITIONS_PER_REQUEST = 10_000
const TOO_MANY_PARTITIONS = 'Excessively large number of partitions per request.'

export interface TopicDefaults {
  readonly partitionCount: number
  readonly replicationFactor: number
}

export interface TopicControlOptions {
  readonly configs: ConfigControl
  readonly defaults: () => TopicDefaults
  readonly newUuid: () => string
  /** An integer in [0, limit). */
  readonly randomBelow: (limit: number) => number
}

/** One for all: a partition has four of them. */
const NOBODY: readonly number[] = Object.freeze([])

type Replicas = readonly (readonly number[])[]
type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ApiError }

export class TopicControl {
  readonly #image: MetadataImage
  readonly #options: TopicControlOptions
  /** Names of topics by their collision key; only names that have '.' or '_'. */
  readonly #collisions = new Map<string, Set<string>>()

  constructor(image: MetadataImage, options: TopicControlOptions) {
    this.#image = image
    this.#options = options
  }

  /** Keeps the index of colliding names; called before the image replays the record. */
  replay(record: MetadataRecord): void {
    if (record.kind === 'topic') {
      if (hasCollisionChars(record.name)) addTo(this.#collisions, record.name)
    } else if (record.kind === 'removeTopic') {
      const name = this.#image.topicById(record.topicId)?.name
      if (name !== undefined && hasCollisionChars(name)) removeFrom(this.#collisions, name)
    }
  }

  /** Takes up the topics of an image that was not replayed here. */
  addAll(image: MetadataImage): void {
    for (const { name } of image.topics) if (hasCollisionChars(name)) addTo(this.#collisions, name)
  }

  createTopics(topics: readonly NewTopic[], validateOnly: boolean): Decision<CreatedTopic[]> {
    const counts = new Map<string, number>()
    for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1)
    const records: MetadataRecord[] = []
    // Names created by this very request: they collide, too.
    const created = new Map<string, string>()
    const response: CreatedTopic[] = []
    if (this.#partitionsOf(topics) > MAX_PARTITIONS_PER_REQUEST) {
      const error = failure('POLICY_VIOLATION', TOO_MANY_PARTITIONS)
      for (const name of counts.keys()) response.push(notCreated(name, error))
      return { records, response }
    }
    const answered = new Set<string>()
    for (const topic of topics) {
      if (answered.has(topic.name)) continue
      answered.add(topic.name)
      const error =
        counts.get(topic.name) === 1
          ? this.#checkName(topic.name, created)
          : failure('INVALID_REQUEST', 'Duplicate topic name.')
      const outcome = error === null ? this.#create(topic) : refused<CreationPlan>(error)
      if (!outcome.ok) {
        response.push(notCreated(topic.name, outcome.error))
        continue
      }
      const { replicas, configs } = outcome.value
      const topicId = this.#options.newUuid()
      if (hasCollisionChars(topic.name)) created.set(collisionKey(topic.name), topic.name)
      records.push({ kind: 'topic', name: topic.name, topicId })
      for (const record of configs) records.push(record)
      for (const [index, ids] of replicas.entries()) {
        records.push(this.#newPartition(topicId, index, ids))
      }
      response.push({
        ...NO_ERROR,
        name: topic.name,
        topicId,
        partitionCount: replicas.length,
        replicationFactor: replicas[0]?.length ?? 0,
      })
    }
    return { records: validateOnly ? [] : records, response }
  }

  /** Ids that are the zero uuid or unknown are answered with UNKNOWN_TOPIC_ID. */
  deleteTopics(topicIds: readonly string[]): Decision<DeletedTopic[]> {
    const records: MetadataRecord[] = []
    const response: DeletedTopic[] = []
    for (const topicId of new Set(topicIds)) {
      const topic = this.#image.topicById(topicId)
      if (topic === undefined) {
        response.push({ ...failure('UNKNOWN_TOPIC_ID'), name: null, topicId })
        continue
      }
      records.push({ kind: 'removeTopic', topicId })
      response.push({ ...NO_ERROR, name: topic.name, topicId })
    }
    return { records, response }
  }

  createPartitions(
    topics: readonly NewPartitions[],
    validateOnly: boolean,
  ): Decision<PartitionsResult[]> {
    const counts = new Map<string, number>()
    for (const { name } of topics) counts.set(name, (counts.get(name) ?? 0) + 1)
    const records: MetadataRecord[] = []
    const response: PartitionsResult[] = []
    let added = 0
    const answered = new Set<string>()
    for (const request of topics) {
      const { name } = request
      if (answered.has(name)) continue
      answered.add(name)
      const outcome =
        counts.get(name) === 1
          ? this.#grow(request, MAX_PARTITIONS_PER_REQUEST - added)
          : refused<PartitionRecord[]>(failure('INVALID_REQUEST', 'Duplicate topic name.'))
      if (outcome.ok) {
        added += outcome.value.length
        for (const record of outcome.value) records.push(record)
      }
      response.push({ ...(outcome.ok ? NO_ERROR : outcome.error), name })
    }
    return { records: validateOnly ? [] : records, response }
  }

  /** That a request wants, whether it may have them or not. */
  #partitionsOf(topics: readonly NewTopic[]): number {
    const { partitionCount: defaultCount } = this.#options.defaults()
    let total = 0
    for (const { partitionCount, assignments } of topics) {
      if (assignments.length > 0) total += assignments.length
      else total += partitionCount === -1 ? defaultCount : Math.max(0, partitionCount)
    }
    return total
  }

  #checkName(name: string, created: ReadonlyMap<string, string>): ApiError | null {
    if (name === CLUSTER_METADATA_TOPIC) {
      return failure('TOPIC_AUTHORIZATION_FAILED', 'Authorization failed.')
    }
    const problem = topicNameProblem(name)
    if (problem !== null) return failure('INVALID_TOPIC_EXCEPTION', problem)
    if (this.#image.topic(name) !== undefined) {
      return failure('TOPIC_ALREADY_EXISTS', `Topic '${name}' already exists.`)
    }
    if (!hasCollisionChars(name)) return null
    const key = collisionKey(name)
    const other = created.get(key) ?? first(this.#collisions.get(key))
    if (other === undefined) return null
    const message = `Topic '${name}' collides with existing topic: ${other}`
    return failure('INVALID_TOPIC_EXCEPTION', message)
  }

  #create(topic: NewTopic): Outcome<CreationPlan> {
    const operations: ConfigOperation[] = topic.configs.map(config => ({
      ...config,
      operation: 'set',
    }))
    const decided = this.#options.configs.decide(
      {
        resourceType: CONFIG_RESOURCE_TOPIC,
        resourceName: topic.name,
        replaceAll: false,
        operations,
      },
      { creating: true },
    )
    if (decided.error.error !== 'NONE') return refused(decided.error)
    const replicas = this.#replicasOf(topic)
    if (!replicas.ok) return replicas
    return { ok: true, value: { replicas: replicas.value, configs: decided.records } }
  }

  #replicasOf(topic: NewTopic): Outcome<Replicas> {
    const { partitionCount, replicationFactor, assignments } = topic
    if (assignments.length > 0) return this.#assignedReplicas(topic)
    if (replicationFactor < -1 || replicationFactor === 0) {
      const message = 'Replication factor must be larger than 0, or -1 to use the default value.'
      return refused(failure('INVALID_REPLICATION_FACTOR', message))
    }
    if (partitionCount < -1 || partitionCount === 0) {
      const message = 'Number of partitions was set to an invalid non-positive value.'
      return refused(failure('INVALID_PARTITIONS', message))
    }
    const defaults = this.#options.defaults()
    const count = partitionCount === -1 ? defaults.partitionCount : partitionCount
    const factor = replicationFactor === -1 ? defaults.replicationFactor : replicationFactor
    return this.#place(count, factor, this.#options.randomBelow(0x7fff_ffff))
  }

  #place(partitionCount: number, replicationFactor: number, startAt: number): Outcome<Replicas> {
    const request = { partitionCount, replicationFactor, startAt }
    const placement = placeReplicas(this.#image.brokers, request)
    if (placement.kind === 'placed') return { ok: true, value: placement.replicas }
    const message = `Unable to replicate the partition ${replicationFactor} time(s): ${placement.reason}`
    return refused(failure('INVALID_REPLICATION_FACTOR', message))
  }

  #assignedReplicas(topic: NewTopic): Outcome<Replicas> {
    const prefix = 'A manual partition assignment was specified, but '
    if (topic.replicationFactor !== -1) {
      const message = `${prefix}replication factor was not set to -1.`
      return refused(failure('INVALID_REQUEST', message))
    }
    if (topic.partitionCount !== -1) {
      return refused(failure('INVALID_REQUEST', `${prefix}numPartitions was not set to -1.`))
    }
    const byIndex = new Map<number, ReplicaAssignment>()
    let factor: number | null = null
    for (const assignment of topic.assignments) {
      const index = assignment.partitionIndex
      if (byIndex.has(index)) {
        const message = `Found multiple manual partition assignments for partition ${index}`
        return refused(failure('INVALID_REPLICA_ASSIGNMENT', message))
      }
      const problem = this.#assignmentProblem(assignment.brokerIds, factor, index)
      if (problem !== null) return refused(failure('INVALID_REPLICA_ASSIGNMENT', problem))
      factor = assignment.brokerIds.length
      byIndex.set(index, assignment)
    }
    const replicas: (readonly number[])[] = []
    for (let index = 0; index < byIndex.size; index++) {
      const assignment = byIndex.get(index)
      if (assignment === undefined) {
        const message = 'partitions should be a consecutive 0-based integer sequence'
        return refused(failure('INVALID_REPLICA_ASSIGNMENT', message))
      }
      replicas.push(assignment.brokerIds)
    }
    return { ok: true, value: replicas }
  }

  #assignmentProblem(ids: readonly number[], factor: number | null, index: number): string | null {
    const assignment = 'The manual partition assignment includes'
    if (ids.length === 0) return `${assignment} an empty replica list.`
    const sorted = ids.toSorted((a, b) => a - b)
    for (const [position, id] of sorted.entries()) {
      if (!this.#image.brokers.has(id)) {
        return `${assignment} broker ${id}, but no such broker is registered.`
      }
      if (sorted[position - 1] === id) return `${assignment} the broker ${id} more than once.`
    }
    if (factor !== null && ids.length !== factor) {
      return (
        `${assignment} a partition with ${ids.length} replica(s), but this is not consistent with ` +
        `previous partitions, which have ${factor} replica(s).`
      )
    }
    if (ids.some(id => this.#isActive(id))) return null
    return (
      `All brokers specified in the manual partition assignment for partition ${index} are fenced ` +
      'or in controlled shutdown.'
    )
  }

  #grow(request: NewPartitions, limit: number): Outcome<PartitionRecord[]> {
    const topic = this.#image.topic(request.name)
    if (topic === undefined) return refused(failure('UNKNOWN_TOPIC_OR_PARTITION'))
    const problem = growProblem(topic, request)
    if (problem !== null) return refused(problem)
    const present = topic.partitions.length
    const added = request.count - present
    if (added > limit) return refused(failure('POLICY_VIOLATION', TOO_MANY_PARTITIONS))
    const factor = topic.partitions[0]?.replicas.length ?? 1
    let replicas: Replicas
    if (request.assignments === null) {
      const placed = this.#place(added, factor, present)
      if (!placed.ok) return placed
      replicas = placed.value
    } else {
      for (const [position, ids] of request.assignments.entries()) {
        const wrong = this.#assignmentProblem(ids, factor, present + position)
        if (wrong !== null) return refused(failure('INVALID_REPLICA_ASSIGNMENT', wrong))
      }
      replicas = request.assignments
    }
    const value = replicas.map((ids, position) =>
      this.#newPartition(topic.topicId, present + position, ids),
    )
    return { ok: true, value }
  }

  #isActive(brokerId: number): boolean {
    return this.#image.isActive(brokerId)
  }

  #newPartition(topicId: string, index: number, replicas: readonly number[]): PartitionRecord {
    // All active, as nearly always: one list for both, there may be a million of them.
    const isAllActive = replicas.every(id => this.#isActive(id))
    const isr = isAllActive ? replicas : replicas.filter(id => this.#isActive(id))
    return {
      kind: 'partition',
      topicId,
      partitionIndex: index,
      replicas,
      isr,
      addingReplicas: NOBODY,
      removingReplicas: NOBODY,
      elr: NOBODY,
      lastKnownElr: NOBODY,
      leader: isr[0] ?? -1,
      leaderRecoveryState: LEADER_RECOVERED,
      leaderEpoch: 0,
      partitionEpoch: 0,
    }
  }
}

interface CreationPlan {
  readonly replicas: Replicas
  readonly configs: readonly MetadataRecord[]
}

function growProblem(topic: TopicImage, request: NewPartitions): ApiError | null {
  const { count, assignments } = request
  const present = topic.partitions.length
  if (count === present) {
    return failure('INVALID_PARTITIONS', `Topic already has ${present} partition(s).`)
  }
  if (count < present) {
    const message =
      `The topic ${topic.name} currently has ${present} partition(s); ${count} would not be an ` +
      'increase.'
    return failure('INVALID_PARTITIONS', message)
  }
  if (assignments === null || assignments.length === count - present) return null
  const message =
    `Attempted to add ${count - present} additional partition(s), but only ${assignments.length} ` +
    'assignment(s) were specified.'
  return failure('INVALID_REPLICA_ASSIGNMENT', message)
}

function refused<T>(error: ApiError): Outcome<T> {
  return { ok: false, error }
}

function notCreated(name: string, error: ApiError): CreatedTopic {
  return { ...error, name, topicId: ZERO_UUID, partitionCount: -1, replicationFactor: -1 }
}

function hasCollisionChars(name: string): boolean {
  return name.includes('.') || name.includes('_')
}

function addTo(index: Map<string, Set<string>>, name: string): void {
  const key = collisionKey(name)
  const names = index.get(key)
  if (names === undefined) index.set(key, new Set([name]))
  else names.add(name)
}

function removeFrom(index: Map<string, Set<string>>, name: string): void {
  const key = collisionKey(name)
  const names = index.get(key)
  names?.delete(name)
  if (names?.size === 0) index.delete(key)
}

function first(names: ReadonlySet<string> | undefined): string | undefined {
  return names?.values().next().value
}
