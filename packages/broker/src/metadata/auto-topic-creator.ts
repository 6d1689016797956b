// Topics that come into being because somebody names them: by clients (auto.create.topics.enable) and
// for the coordinators' own topics. One creation a topic at a time, whoever asks.

import { isInternalTopic, type MetadataImage } from '@weir/controller'
import {
  type CreateTopicsRequestInit,
  createTopicsApi,
  type ErrorName,
  errorName,
} from '@weir/protocol'
import type { NodeSettings } from './node-settings.ts'
import type { RequestForwarder } from './request-forwarder.ts'

/** Brings requests of this node to the active controller (request-forwarder.ts). */
export type ControllerCalls = Pick<RequestForwarder, 'call'>

/** Clients ask again. */
const TIMEOUT_MS = 5_000

type WantedTopic = CreateTopicsRequestInit['topics'][number]
type Errors = ReadonlyMap<string, ErrorName>

export class AutoTopicCreator {
  readonly #controller: ControllerCalls
  readonly #settings: NodeSettings
  readonly #image: MetadataImage
  readonly #running = new Map<string, Promise<Errors>>()

  constructor(controller: ControllerCalls, settings: NodeSettings, image: MetadataImage) {
    this.#controller = controller
    this.#image = image
    this.#settings = settings
  }

  /** Resolves once all of the topics are there or have failed; the map has the failures only. */
  async create(names: readonly string[]): Promise<Errors> {
    const fresh = names.filter(name => !this.#running.has(name))
    if (fresh.length > 0) {
      const creation = this.#create(fresh).finally(() => {
        for (const name of fresh) this.#running.delete(name)
      })
      for (const name of fresh) this.#running.set(name, creation)
    }
    const creations = new Set<Promise<Errors>>()
    for (const name of names) {
      const creation = this.#running.get(name)
      if (creation !== undefined) creations.add(creation)
    }
    const failed = new Map<string, ErrorName>()
    for (const errors of await Promise.all(creations)) {
      for (const [name, error] of errors) failed.set(name, error)
    }
    return failed
  }

  async #create(names: readonly string[]): Promise<Errors> {
    const { topics } = await this.#controller.call(
      createTopicsApi,
      { topics: names.map(name => this.#newTopic(name)) },
      TIMEOUT_MS,
    )
    const failed = new Map<string, ErrorName>()
    for (const { name, errorCode } of topics) {
      const error = errorName(errorCode)
      if (error !== 'NONE' && error !== 'TOPIC_ALREADY_EXISTS') failed.set(name, error)
    }
    return failed
  }

  #newTopic(name: string): WantedTopic {
    const topic = { name, numPartitions: -1, replicationFactor: -1, assignments: [] }
    if (!isInternalTopic(name)) return { ...topic, configs: [] }
    return { ...topic, ...this.#internalTopic(name) }
  }

  /** Kafka's settings of its own topics. */
  #internalTopic(name: string): Omit<WantedTopic, 'name' | 'assignments'> {
    const settings = this.#settings
    const compacted = { name: 'cleanup.policy', value: 'compact' }
    switch (name) {
      case '__consumer_offsets':
        return {
          numPartitions: settings.get('offsets.topic.num.partitions'),
          replicationFactor: this.#replicationFactor(
            settings.get('offsets.topic.replication.factor'),
          ),
          configs: [
            compacted,
            { name: 'compression.type', value: 'producer' },
            { name: 'segment.bytes', value: String(settings.get('offsets.topic.segment.bytes')) },
          ],
        }
      case '__transaction_state':
        return {
          numPartitions: settings.get('transaction.state.log.num.partitions'),
          replicationFactor: this.#replicationFactor(
            settings.get('transaction.state.log.replication.factor'),
          ),
          configs: [
            compacted,
            { name: 'compression.type', value: 'uncompressed' },
            {
              name: 'segment.bytes',
              value: String(settings.get('transaction.state.log.segment.bytes')),
            },
          ],
        }
      default:
        return {
          numPartitions: settings.get('share.coordinator.state.topic.num.partitions'),
          replicationFactor: this.#replicationFactor(
            settings.get('share.coordinator.state.topic.replication.factor'),
          ),
          configs: [{ name: 'cleanup.policy', value: 'delete' }],
        }
    }
  }

  /** A cluster smaller than the setting gets as many replicas as it has brokers. */
  #replicationFactor(wanted: number): number {
    return Math.max(1, Math.min(wanted, this.#image.brokers.size))
  }
}
