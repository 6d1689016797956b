// The metadata controller on the quorum: the active one decides on its own state, every node follows
// with an image of what is committed. What a node of a cluster needs of both, without its broker.

import {
  Controller,
  type ControllerOptions,
  type Decision,
  decodeMetadataBatch,
  decodeSnapshot,
  encodeMetadataBatch,
  encodeSnapshot,
  MetadataDelta,
  MetadataImage,
  type MetadataRecord,
} from '@weir/controller'
import { DecisionRuntime } from '@weir/quorum'

export interface QuorumControllerOptions {
  readonly controller: ControllerOptions
  /** Called with each change of the image, and with null when it was replaced by a snapshot. */
  readonly onChange: (delta: MetadataDelta | null) => void
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
      rebuild: () => this.#rebuild(),
      commit: (records, { index, term }) => this.#commit(records, index, term),
      published: () => this.#publish(),
      restore: (data, index, term) => this.#restore(data, index, term),
      snapshot: () => [encodeSnapshot(this.#image, this.#index + 1, this.#term)],
      leadershipChanged: () => {},
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

  #rebuild(): Controller {
    const controller = new Controller(this.#options.controller)
    for (const record of this.#image.records()) controller.replay(record)
    return controller
  }

  #commit(records: readonly MetadataRecord[], index: number, term: number): void {
    for (const record of records) this.#image.replay(record, this.#delta)
    this.#index = index
    this.#term = term
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
    const bytes = Buffer.concat(data)
    if (bytes.length === 0) return
    for (const record of decodeSnapshot(bytes).records) this.#image.replay(record)
  }
}
