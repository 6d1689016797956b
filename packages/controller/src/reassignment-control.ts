// Moving replicas: grow, catch up, shrink (docs/traps.md R19). The new replicas are added to the old
// ones; when all of them are in sync (IsrControl finds that, in partitionChange) the old ones leave.
// The controller never adds to an ISR itself, and no move takes an ISR below min.insync.replicas.

import type { EffectiveSettings } from './effective-settings.ts'
import type { MetadataImage, PartitionImage, TopicImage } from './image.ts'
import { countsOn, partitionChange } from './partition-change.ts'
import { isReassigning } from './partition-index.ts'
import type { MetadataRecord, PartitionChangeRecord } from './records.ts'
import {
  type ApiError,
  type Decision,
  failure,
  NO_ERROR,
  type PartitionToElect,
  type Reassignment,
} from './requests.ts'

export interface ReassignmentResult extends ApiError, PartitionToElect {}

/** A move under way. */
export interface OngoingReassignment extends PartitionToElect {
  readonly replicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly removingReplicas: readonly number[]
}

type Outcome =
  | { readonly ok: true; readonly record: PartitionChangeRecord | null }
  | { readonly ok: false; readonly error: ApiError }

export class ReassignmentControl {
  readonly #image: MetadataImage
  readonly #settings: EffectiveSettings

  constructor(image: MetadataImage, settings: EffectiveSettings) {
    this.#image = image
    this.#settings = settings
  }

  /** Replicas null cancels. `allowFactorChange` false refuses another number of replicas. */
  alterReassignments(
    wanted: readonly Reassignment[],
    allowFactorChange = true,
  ): Decision<ReassignmentResult[]> {
    const records: MetadataRecord[] = []
    const response: ReassignmentResult[] = []
    const seen = new Set<string>()
    for (const each of wanted) {
      const { topic, partitionIndex } = each
      const key = `${topic} ${partitionIndex}`
      const outcome = seen.has(key)
        ? refused('INVALID_REQUEST', `${topic}-${partitionIndex} is named twice.`)
        : this.#alter(each, allowFactorChange)
      seen.add(key)
      if (outcome.ok && outcome.record !== null) records.push(outcome.record)
      response.push({ ...(outcome.ok ? NO_ERROR : outcome.error), topic, partitionIndex })
    }
    return { records, response }
  }

  /** Null lists all; partitions that are not moving, or not there, are left out. */
  listReassignments(partitions: readonly PartitionToElect[] | null): OngoingReassignment[] {
    const found: OngoingReassignment[] = []
    const add = (topic: TopicImage | undefined, partitionIndex: number) => {
      const partition = topic?.partitions[partitionIndex]
      if (topic === undefined || partition === undefined || !isReassigning(partition)) return
      const { replicas, addingReplicas, removingReplicas } = partition
      found.push({ topic: topic.name, partitionIndex, replicas, addingReplicas, removingReplicas })
    }
    if (partitions === null) {
      for (const { topicId, partitionIndex } of this.#image.index.reassigning) {
        add(this.#image.topicById(topicId), partitionIndex)
      }
    } else {
      for (const { topic, partitionIndex } of partitions) {
        add(this.#image.topic(topic), partitionIndex)
      }
    }
    return found
  }

  #alter({ topic, partitionIndex, replicas }: Reassignment, allowFactorChange: boolean): Outcome {
    const found = this.#image.topic(topic)
    if (found === undefined) {
      return refused('UNKNOWN_TOPIC_OR_PARTITION', `Unable to find a topic named ${topic}.`)
    }
    const partition = found.partitions[partitionIndex]
    if (partition === undefined) {
      const message = `Unable to find partition ${topic}:${partitionIndex}.`
      return refused('UNKNOWN_TOPIC_OR_PARTITION', message)
    }
    const original = originalReplicas(partition)
    if (replicas === null) {
      if (isReassigning(partition)) return this.#moveTo(found, partition, original)
      return refused('NO_REASSIGNMENT_IN_PROGRESS', 'No partition reassignment is in progress.')
    }
    const problem = this.#replicasProblem(replicas)
    if (problem !== null) return refused('INVALID_REPLICA_ASSIGNMENT', problem)
    if (!allowFactorChange && replicas.length !== original.length) {
      const message = `The replication factor is changed from ${original.length} to ${replicas.length}`
      return refused('INVALID_REPLICATION_FACTOR', message)
    }
    return this.#moveTo(found, partition, replicas)
  }

  /** `target` may be what the partition had before the present move: then that is taken back. */
  #moveTo(topic: TopicImage, partition: PartitionImage, target: readonly number[]): Outcome {
    const original = originalReplicas(partition)
    const rules = this.#settings.rulesOf(topic.name)
    const addingReplicas = target.filter(id => !original.includes(id))
    const leaving = partition.replicas.filter(id => !target.includes(id))
    // Half-built replicas of a move that is given up go at once, unless somebody counts on them.
    const given = leaving.filter(id => !original.includes(id))
    const remaining = partition.isr.filter(id => !given.includes(id))
    const enough = Math.max(1, Math.min(rules.minInsyncReplicas, target.length))
    const mayGo = remaining.length >= enough || !countsOn(partition, given)
    const removingReplicas = mayGo ? leaving.filter(id => original.includes(id)) : leaving
    const record = partitionChange(
      partition,
      {
        replicas: [...target, ...removingReplicas],
        isr: mayGo ? remaining : partition.isr,
        addingReplicas,
        removingReplicas,
      },
      rules,
    )
    return { ok: true, record }
  }

  #replicasProblem(replicas: readonly number[]): string | null {
    const assignment = 'The manual partition assignment includes'
    if (replicas.length === 0) return `${assignment} an empty replica list.`
    const seen = new Set<number>()
    for (const id of replicas.toSorted((a, b) => a - b)) {
      if (!this.#image.brokers.has(id)) {
        return `${assignment} broker ${id}, but no such broker is registered.`
      }
      if (seen.has(id)) return `${assignment} the broker ${id} more than once.`
      seen.add(id)
    }
    return null
  }
}

/** The replicas without those that a move under way adds. */
function originalReplicas({ replicas, addingReplicas }: PartitionImage): readonly number[] {
  return replicas.filter(id => !addingReplicas.includes(id))
}

function refused(error: ApiError['error'], message: string): Outcome {
  return { ok: false, error: failure(error, message) }
}
