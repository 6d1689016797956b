// The controller of a node that is alone: decide, append, replay into the controller's own state,
// and once the log is durable replay into the image that the broker reads, publish, answer.
//
// Decisions run one at a time and to their end; several may wait for the same sync. Answers without
// records wait for what was decided before, so that nobody hears of a decision that could be lost.
// If the log refuses or loses a decision the controller is rebuilt from the committed image.

import {
  Controller,
  type ControllerOptions,
  type Decision,
  MetadataDelta,
  type MetadataImage,
  type MetadataRecord,
} from '@weir/controller'
import { assert, type Env } from '@weir/core'
import { KafkaError } from '@weir/protocol'
import type { ControllerClient, QuorumState } from './controller-client.ts'
import { METADATA_EPOCH, type MetadataLog } from './metadata-log.ts'

export interface LocalControllerOptions {
  readonly nodeId: number
  readonly directoryId: string
  readonly log: MetadataLog
  /** The committed metadata, as replayed at the start. */
  readonly image: MetadataImage
  readonly controller: ControllerOptions
  /** Called in the turn in which the image has changed, before those who asked are answered. */
  readonly onChange: (delta: MetadataDelta) => void
  /** The metadata log is gone for good: the node has to stop. */
  readonly onFatal: (error: Error) => void
}

interface Waiting {
  /** Answered once the log is durable up to here, exclusive. */
  readonly endOffset: number
  readonly records: readonly MetadataRecord[]
  readonly done: (error: Error | null) => void
}

export class LocalController implements ControllerClient {
  readonly activeControllerId: number
  readonly #env: Env
  readonly #options: LocalControllerOptions
  #controller: Controller
  /** In order of their offsets. */
  readonly #waiting: Waiting[] = []
  #committedEndOffset: number

  constructor(env: Env, options: LocalControllerOptions) {
    this.#env = env
    this.#options = options
    this.activeControllerId = options.nodeId
    this.#committedEndOffset = options.log.endOffset
    this.#controller = this.#rebuilt()
    options.log.setListener({
      onCommitted: endOffset => this.#onCommitted(endOffset),
      onFailed: (fromOffset, cause, isFinal) => this.#onFailed(fromOffset, cause, isFinal),
    })
  }

  /** Offset of the next committed decision. */
  get committedEndOffset(): number {
    return this.#committedEndOffset
  }

  createTopics: ControllerClient['createTopics'] = (topics, validateOnly) =>
    this.submit(controller => controller.topics.createTopics(topics, validateOnly))

  deleteTopics: ControllerClient['deleteTopics'] = topicIds =>
    this.submit(controller => controller.topics.deleteTopics(topicIds))

  createPartitions: ControllerClient['createPartitions'] = (topics, validateOnly) =>
    this.submit(controller => controller.topics.createPartitions(topics, validateOnly))

  alterConfigs: ControllerClient['alterConfigs'] = (changes, validateOnly) =>
    this.submit(controller => controller.configs.alterConfigs(changes, validateOnly))

  updateFeatures: ControllerClient['updateFeatures'] = (updates, validateOnly) =>
    this.submit(controller => controller.features.updateFeatures(updates, validateOnly))

  electLeaders: ControllerClient['electLeaders'] = (partitions, electionType) =>
    this.submit(controller => controller.partitions.electLeaders(partitions, electionType))

  alterReassignments: ControllerClient['alterReassignments'] = wanted =>
    this.submit(controller => controller.partitions.alterReassignments(wanted))

  allocateProducerIds: ControllerClient['allocateProducerIds'] = () =>
    this.submit(controller => controller.producerIds.allocate())

  describeQuorum(): QuorumState {
    const { nodeId, directoryId, log } = this.#options
    return {
      leaderId: nodeId,
      leaderEpoch: METADATA_EPOCH,
      highWatermark: this.#committedEndOffset,
      voters: [{ nodeId, directoryId, logEndOffset: log.endOffset }],
    }
  }

  /** Decides, and resolves with the answer once the decision is durable and in the image. */
  submit<R>(decide: (controller: Controller, nextOffset: number) => Decision<R>): Promise<R> {
    const { log } = this.#options
    const { records, response } = decide(this.#controller, log.endOffset)
    if (records.length > 0) {
      const appended = log.append(records)
      if ('refused' in appended) {
        return Promise.reject(new KafkaError('KAFKA_STORAGE_ERROR', appended.refused))
      }
      for (const record of records) this.#controller.replay(record)
    }
    const endOffset = log.endOffset
    if (endOffset <= this.#committedEndOffset) return Promise.resolve(response)
    return new Promise((resolve, reject) => {
      const done = (error: Error | null) => (error === null ? resolve(response) : reject(error))
      this.#waiting.push({ endOffset, records, done })
    })
  }

  #onCommitted(endOffset: number): void {
    const { image, log, onChange } = this.#options
    this.#committedEndOffset = Math.max(this.#committedEndOffset, endOffset)
    const ready: Waiting[] = []
    while ((this.#waiting[0]?.endOffset ?? Number.POSITIVE_INFINITY) <= endOffset) {
      const waiting = this.#waiting.shift()
      if (waiting !== undefined) ready.push(waiting)
    }
    if (ready.length === 0) return
    const delta = new MetadataDelta()
    for (const { records } of ready) for (const record of records) image.replay(record, delta)
    onChange(delta)
    for (const { done } of ready) done(null)
    if (this.#waiting.length === 0) log.maybeSnapshot(image, this.#committedEndOffset)
  }

  #onFailed(fromOffset: number, cause: Error, isFinal: boolean): void {
    assert(fromOffset >= this.#committedEndOffset, 'metadata log lost what was committed', {
      fromOffset,
      committedEndOffset: this.#committedEndOffset,
    })
    const lost = this.#waiting.splice(0)
    this.#controller = this.#rebuilt()
    const error = new KafkaError(
      'KAFKA_STORAGE_ERROR',
      `the metadata log cannot be written: ${cause.message}`,
    )
    for (const { done } of lost) done(error)
    if (isFinal) this.#options.onFatal(cause)
    else this.#env.log.error('decisions of the controller were lost', { cause })
  }

  #rebuilt(): Controller {
    const controller = new Controller(this.#options.controller)
    for (const record of this.#options.image.records()) controller.replay(record)
    return controller
  }
}
