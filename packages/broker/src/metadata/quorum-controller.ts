// The metadata of the cluster on this node: the image of what is committed, and while this node leads
// the quorum the controller that decides.
//
// Every node replays committed decisions into its image and publishes what changed, in the turn in
// which it changed. The active controller decides on a state of its own, ahead of the image by what is
// not committed yet; it goes with the leadership and begins again as a copy of the image.

import {
  Controller,
  type ControllerOptions,
  type Decision,
  decodeMetadataBatch,
  deltaBetween,
  encodeMetadataBatch,
  MetadataDelta,
  MetadataImage,
  type MetadataRecord,
  readSnapshot,
  snapshotChunks,
} from '@weir/controller'
import type { Env } from '@weir/core'
import { KafkaError } from '@weir/protocol'
import {
  type CommittedEntry,
  DecisionRuntime,
  type Leadership,
  NotLeaderError,
  type Proposer,
  QuorumBusyError,
  type StateMachine,
} from '@weir/quorum'

export interface QuorumControllerOptions {
  readonly controller: ControllerOptions
  /** The image has changed; called before those who asked are answered. */
  readonly onChange: (delta: MetadataDelta) => void
  /** Leader, term or activity of this node have changed. */
  readonly onLeadership: (leadership: Leadership) => void
}

interface Waiting {
  readonly index: number
  readonly done: () => void
}

export class QuorumController implements StateMachine {
  /** Always the same object, replayed in place. */
  readonly image = new MetadataImage()
  readonly #env: Env
  readonly #options: QuorumControllerOptions
  readonly #runtime: DecisionRuntime<Controller, MetadataRecord>
  #delta = new MetadataDelta()
  #term = 0
  #waiting: Waiting[] = []

  constructor(env: Env, options: QuorumControllerOptions) {
    this.#env = env
    this.#options = options
    this.#runtime = new DecisionRuntime<Controller, MetadataRecord>({
      encode: encodeMetadataBatch,
      decode: decodeMetadataBatch,
      rebuild: () => new Controller(options.controller, this.image.copy()),
      commit: (records, { term }) => {
        for (const record of records) this.image.replay(record, this.#delta)
        this.#term = term
      },
      published: () => this.#publish(),
      restore: (data, _index, term) => this.#replaceImage(data, term),
      // Of a copy: the pieces are taken one by one, while the image goes on.
      snapshot: () => snapshotChunks(this.image.copy(), this.#runtime.appliedIndex + 1, this.#term),
      leadershipChanged: leadership => options.onLeadership(leadership),
    })
  }

  attach(proposer: Proposer): void {
    this.#runtime.attach(proposer)
  }

  get leadership(): Leadership {
    return this.#runtime.leadership
  }

  /** This node decides. */
  get isActive(): boolean {
    return this.#runtime.machine !== null
  }

  /** The deciding state; null on a node that is not active. */
  get active(): Controller | null {
    return this.#runtime.machine
  }

  /** The last entry of the log that the image has, inclusive. */
  get appliedIndex(): number {
    return this.#runtime.appliedIndex
  }

  // --- Decisions ---

  /**
   * Decides; resolves with the answer once the decision is committed and in this node's image. Rejects
   * with KafkaError: NOT_CONTROLLER if this node does not lead or lost its office meanwhile.
   */
  submit<R>(decide: (controller: Controller, nextIndex: number) => Decision<R>): Promise<R> {
    return this.#runtime.submit(decide).catch(translated)
  }

  /** As `submit`; an answer that changes nothing does not wait for the decisions before it. */
  submitSoft<R>(decide: (controller: Controller, nextIndex: number) => Decision<R>): Promise<R> {
    return this.#runtime.submitSoft(decide).catch(translated)
  }

  /** True once the image has the entry `index`; false after `timeoutMs`. */
  whenApplied(index: number, timeoutMs: number): Promise<boolean> {
    if (this.appliedIndex >= index) return Promise.resolve(true)
    return new Promise(resolve => {
      const done = () => {
        timer.cancel()
        resolve(true)
      }
      const waiting = { index, done }
      const timer = this.#env.clock.after(timeoutMs, () => {
        this.#waiting = this.#waiting.filter(each => each !== waiting)
        resolve(false)
      })
      this.#waiting.push(waiting)
    })
  }

  // --- StateMachine ---

  apply(entries: readonly CommittedEntry[]): void {
    this.#runtime.apply(entries)
    this.#settle()
  }

  restore(data: readonly Buffer[], index: number, term: number): void {
    this.#runtime.restore(data, index, term)
    this.#settle()
  }

  snapshot(): Iterable<Buffer> {
    return this.#runtime.snapshot()
  }

  leadershipChanged(leadership: Leadership): void {
    this.#runtime.leadershipChanged(leadership)
  }

  #publish(): void {
    const delta = this.#delta
    this.#delta = new MetadataDelta()
    this.#options.onChange(delta)
  }

  /** No data: the state before the first decision. */
  #replaceImage(data: readonly Buffer[], term: number): void {
    const restored = new MetadataImage()
    if (data.some(chunk => chunk.length > 0)) {
      for (const record of readSnapshot(data).records) restored.replay(record)
    }
    this.#delta = deltaBetween(this.image, restored)
    this.image.become(restored)
    this.#term = term
  }

  #settle(): void {
    if (this.#waiting.length === 0) return
    const ready = this.#waiting.filter(each => each.index <= this.appliedIndex)
    if (ready.length === 0) return
    this.#waiting = this.#waiting.filter(each => each.index > this.appliedIndex)
    for (const { done } of ready) done()
  }
}

function translated(error: unknown): never {
  if (error instanceof NotLeaderError) throw new KafkaError('NOT_CONTROLLER', error.message)
  // The log takes no more just now: every client tries again after this one.
  if (error instanceof QuorumBusyError) throw new KafkaError('REQUEST_TIMED_OUT', error.message)
  throw error
}
