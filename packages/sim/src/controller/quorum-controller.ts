// The metadata controller on the quorum: the active one decides on its own state, every node follows
// with an image of what is committed. What a node of a cluster needs of both, without its broker.

import {
  Controller,
  type ControllerOptions,
  type Decision,
  decodeMetadataBatch,
  encodeMetadataBatch,
  MetadataDelta,
  MetadataImage,
  type MetadataRecord,
  type PartitionImage,
  readSnapshot,
  snapshotChunks,
} from '@weir/controller'
import { DecisionRuntime } from '@weir/quorum'

export interface QuorumControllerOptions {
  readonly controller: ControllerOptions
  /** Called with each change of the image, and with null when it was replaced by a snapshot. */
  readonly onChange: (delta: MetadataDelta | null) => void
  /** This node is the active controller now. */
  readonly onActive?: () => void
  /** Each new state of a partition, and what it was before. */
  readonly onPartition?: (
    topic: string,
    before: PartitionImage | undefined,
    after: PartitionImage,
  ) => void
}

export class QuorumController {
  readonly runtime: DecisionRuntime<Controller, MetadataRecord>
  readonly #options: QuorumControllerOptions
  #image = new MetadataImage()
  #delta = new MetadataDelta()
  #isReplaced = false
  #index = 0
  #term = 0

  constructor(options: QuorumControllerOptions) {
    this.#options = options
    this.runtime = new DecisionRuntime<Controller, MetadataRecord>({
      encode: encodeMetadataBatch,
      decode: decodeMetadataBatch,
      rebuild: () => new Controller(this.#options.controller, this.#image.copy()),
      commit: (records, { index, term }) => this.#commit(records, index, term),
      published: () => this.#publish(),
      restore: (data, index, term) => this.#restore(data, index, term),
      snapshot: () => [...snapshotChunks(this.#image, this.#index + 1, this.#term)],
      leadershipChanged: ({ isActive }) => {
        if (isActive) options.onActive?.()
      },
    })
  }

  /** What is committed, as of `index`. */
  get image(): MetadataImage {
    return this.#image
  }

  /** The last decision that the image has. */
  get index(): number {
    return this.#index
  }

  /** Resolves with the answer once the decision is committed and in the image of this node. */
  submit<R>(decide: (controller: Controller, nextOffset: number) => Decision<R>): Promise<R> {
    return this.runtime.submit(decide)
  }

  #commit(records: readonly MetadataRecord[], index: number, term: number): void {
    for (const record of records) this.#replay(record)
    this.#index = index
    this.#term = term
  }

  #replay(record: MetadataRecord): void {
    const isPartition = record.kind === 'partition' || record.kind === 'partitionChange'
    const find = () =>
      isPartition ? this.#image.partitionById(record.topicId, record.partitionIndex) : undefined
    const before = find()
    this.#image.replay(record, this.#delta)
    const after = find()
    if (after === undefined) return
    const topic = this.#image.topicById(after.topicId)?.name ?? ''
    this.#options.onPartition?.(topic, before, after)
  }

  #publish(): void {
    const delta = this.#isReplaced ? null : this.#delta
    this.#delta = new MetadataDelta()
    this.#isReplaced = false
    this.#options.onChange(delta)
  }

  /** No data: the state before the first decision. */
  #restore(data: readonly Buffer[], index: number, term: number): void {
    this.#image = new MetadataImage()
    this.#isReplaced = true
    this.#index = index
    this.#term = term
    if (data.every(chunk => chunk.length === 0)) return
    for (const record of readSnapshot(data).records) this.#image.replay(record)
  }
}
