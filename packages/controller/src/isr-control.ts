// AlterPartition: a partition's leader reports another ISR. Compare-and-set on the partition epoch, and
// each member of the new ISR must be the very incarnation that the leader has seen (KIP-497, KIP-903).
//
// The checks and their order are Kafka's; NOT_CONTROLLER for the whole request is the shell's.

import type { ErrorName } from '@weir/protocol'
import { registrationProblem } from './broker-control.ts'
import type { EffectiveSettings } from './effective-settings.ts'
import {
  changedPartition,
  type MetadataImage,
  type PartitionImage,
  type TopicImage,
} from './image.ts'
import { type PartitionRules, partitionChange } from './partition-change.ts'
import { LEADER_RECOVERED, LEADER_RECOVERING, type MetadataRecord } from './records.ts'
import type { Decision } from './requests.ts'

export interface IsrMember {
  readonly brokerId: number
  /** -1 if the leader does not know it. */
  readonly brokerEpoch: number
}

export interface IsrUpdate {
  readonly partitionIndex: number
  readonly leaderEpoch: number
  /** What the leader believes to change. */
  readonly partitionEpoch: number
  readonly newIsr: readonly IsrMember[]
  readonly leaderRecoveryState: number
}

export interface AlterPartitionRequest {
  /** The leader that asks. */
  readonly brokerId: number
  readonly brokerEpoch: number
  readonly topics: readonly {
    readonly topicId: string
    readonly partitions: readonly IsrUpdate[]
  }[]
}

export interface AlteredPartition {
  readonly partitionIndex: number
  readonly error: ErrorName
  /** The partition as decided; null with most errors. */
  readonly partition: PartitionImage | null
}

export interface AlterPartitionResult {
  /** For the whole request; the topics are empty then. */
  readonly error: ErrorName
  readonly topics: readonly {
    readonly topicId: string
    readonly partitions: readonly AlteredPartition[]
  }[]
}

interface AskedTopic {
  readonly topic: TopicImage
  readonly rules: PartitionRules
  /** What is decided goes here. */
  readonly records: MetadataRecord[]
}

export class IsrControl {
  readonly #image: MetadataImage
  readonly #settings: EffectiveSettings

  constructor(image: MetadataImage, settings: EffectiveSettings) {
    this.#image = image
    this.#settings = settings
  }

  alterPartition(request: AlterPartitionRequest): Decision<AlterPartitionResult> {
    const { brokerId, brokerEpoch } = request
    const broker = this.#image.brokers.get(brokerId)
    if (registrationProblem(broker, brokerId, brokerEpoch) !== null) {
      return { records: [], response: { error: 'STALE_BROKER_EPOCH', topics: [] } }
    }
    const records: MetadataRecord[] = []
    // A partition that is named twice would be changed on top of what is not replayed yet.
    const seen = new Set<string>()
    const topics = request.topics.map(({ topicId, partitions }) => {
      const topic = this.#image.topicById(topicId)
      // Looked up once: a broker that is back may ask for thousands of partitions of a topic.
      const rules = topic === undefined ? null : this.#settings.rulesOf(topic.name)
      const altered = partitions.map(update => {
        const key = `${topicId} ${update.partitionIndex}`
        if (seen.has(key)) return failed(update, 'INVALID_REQUEST')
        seen.add(key)
        if (topic === undefined || rules === null) return failed(update, 'UNKNOWN_TOPIC_ID')
        return this.#alter(brokerId, update, { topic, rules, records })
      })
      return { topicId, partitions: altered }
    })
    return { records, response: { error: 'NONE', topics } }
  }

  #alter(brokerId: number, update: IsrUpdate, asked: AskedTopic): AlteredPartition {
    const { topic, rules, records } = asked
    const partition = topic.partitions[update.partitionIndex]
    if (partition === undefined) return failed(update, 'UNKNOWN_TOPIC_OR_PARTITION')
    const problem = this.#problem(brokerId, partition, update)
    if (problem !== null) return failed(update, problem)
    const record = partitionChange(
      partition,
      {
        isr: update.newIsr.map(member => member.brokerId),
        leaderRecoveryState: update.leaderRecoveryState,
      },
      rules,
    )
    const { partitionIndex } = update
    if (record === null) return { partitionIndex, error: 'NONE', partition }
    records.push(record)
    const changed = changedPartition(partition, record)
    // The change completed a reassignment that takes the lead away: done, but the asker has to wait
    // for the metadata.
    const error = changed.leader === partition.leader ? 'NONE' : 'NEW_LEADER_ELECTED'
    return { partitionIndex, error, partition: error === 'NONE' ? changed : null }
  }

  #problem(brokerId: number, partition: PartitionImage, update: IsrUpdate): ErrorName | null {
    const { leaderEpoch, partitionEpoch, newIsr, leaderRecoveryState } = update
    // The leader is ahead of this controller: another one must be active.
    if (leaderEpoch > partition.leaderEpoch || partitionEpoch > partition.partitionEpoch) {
      return 'NOT_CONTROLLER'
    }
    if (leaderEpoch < partition.leaderEpoch) return 'FENCED_LEADER_EPOCH'
    if (brokerId !== partition.leader) return 'INVALID_REQUEST'
    if (partitionEpoch < partition.partitionEpoch) return 'INVALID_UPDATE_VERSION'
    const ids = new Set(newIsr.map(member => member.brokerId))
    if (ids.size !== newIsr.length || !ids.has(partition.leader)) return 'INVALID_REQUEST'
    if (newIsr.some(member => !partition.replicas.includes(member.brokerId))) {
      return 'INVALID_REQUEST'
    }
    if (leaderRecoveryState !== LEADER_RECOVERED && leaderRecoveryState !== LEADER_RECOVERING) {
      return 'INVALID_REQUEST'
    }
    if (leaderRecoveryState === LEADER_RECOVERING) {
      if (newIsr.length > 1) return 'INVALID_REQUEST'
      if (partition.leaderRecoveryState === LEADER_RECOVERED) return 'INVALID_REQUEST'
    }
    return newIsr.every(member => this.#mayJoin(member)) ? null : 'INELIGIBLE_REPLICA'
  }

  #mayJoin({ brokerId, brokerEpoch }: IsrMember): boolean {
    const registered = this.#image.brokers.get(brokerId)
    if (registered === undefined || !this.#image.isActive(brokerId)) return false
    return brokerEpoch === -1 || brokerEpoch === registered.brokerEpoch
  }
}

function failed({ partitionIndex }: IsrUpdate, error: ErrorName): AlteredPartition {
  return { partitionIndex, error, partition: null }
}
