// What the metadata has decided and this broker has not done yet. Thousands of partitions that change
// at once would hold the event loop for longer than an election takes: they are done in slices, a few
// milliseconds of a turn each, what clients wait for first.
//
// What is done is always what the image says by then, so that nothing here is ever out of date. Who
// asks for a partition that is still to be made, or to be led, hears NOT_LEADER_OR_FOLLOWER, as from a
// broker that the news has not reached.

import type { Clock } from '@weir/core'
import type { Partition } from './partition.ts'

/** A slice ends when one of these is used up. */
const SLICE_MS = 5
const PARTITIONS_A_SLICE = 500

export interface BacklogWork {
  /** Brings the partition to what the image says. */
  apply(topicId: string, partitionIndex: number): void
  /** Of a topic that is gone. */
  remove(partition: Partition): void
}

/** In the order in which they are done. */
export type BacklogKind = 'leading' | 'others' | 'new'

export class MetadataBacklog {
  readonly #clock: Clock
  readonly #work: BacklogWork
  /** That this broker leads, or is to lead: somebody may be waiting for them. */
  readonly #leading = new PartitionQueue()
  readonly #others = new PartitionQueue()
  /** Before new ones: a topic may be made again under its name. */
  #removed: Partition[] = []
  readonly #new = new PartitionQueue()
  #waiters: (() => void)[] = []
  #isScheduled = false

  constructor(clock: Clock, work: BacklogWork) {
    this.#clock = clock
    this.#work = work
  }

  get size(): number {
    return this.#leading.size + this.#others.size + this.#removed.length + this.#new.size
  }

  add(kind: BacklogKind, topicId: string, partitionIndex: number): void {
    const queue = kind === 'leading' ? this.#leading : kind === 'others' ? this.#others : this.#new
    queue.add(topicId, partitionIndex)
  }

  addRemoved(partition: Partition): void {
    this.#removed.push(partition)
  }

  /** Does a slice now, and the rest in turns to come. */
  run(): void {
    const untilMs = this.#clock.monotonicMs() + SLICE_MS
    for (let count = 0; count < PARTITIONS_A_SLICE && this.#step(); count++) {
      if (this.#clock.monotonicMs() >= untilMs) break
    }
    if (this.size === 0) this.#wake()
    else this.#schedule()
  }

  /** Drops what is left but for what has to go: logs of topics that are gone. */
  close(): void {
    for (const queue of [this.#leading, this.#others, this.#new]) queue.clear()
    for (const partition of this.#removed.splice(0)) this.#work.remove(partition)
    this.#wake()
  }

  /** Resolves when nothing is left to be done. */
  whenEmpty(): Promise<void> {
    if (this.size === 0) return Promise.resolve()
    return new Promise(resolve => this.#waiters.push(resolve))
  }

  /** False: nothing was left. */
  #step(): boolean {
    const queue = this.#leading.size > 0 ? this.#leading : this.#others
    if (queue.size > 0) {
      queue.take(this.#work)
      return true
    }
    const removed = this.#removed.pop()
    if (removed !== undefined) {
      this.#work.remove(removed)
      return true
    }
    if (this.#new.size === 0) return false
    this.#new.take(this.#work)
    return true
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    this.#clock.soon(() => {
      this.#isScheduled = false
      if (this.size > 0) this.run()
    })
  }

  #wake(): void {
    for (const wake of this.#waiters.splice(0)) wake()
  }
}

interface Run {
  readonly topicId: string
  readonly indexes: number[]
}

/** First in, first out; what follows each other is mostly of one topic. */
class PartitionQueue {
  #runs: Run[] = []
  /** The first run, and the place in it, that was not taken yet. */
  #firstRun = 0
  #firstIndex = 0
  size = 0

  add(topicId: string, partitionIndex: number): void {
    const last = this.#runs[this.#runs.length - 1]
    if (last?.topicId === topicId) last.indexes.push(partitionIndex)
    else this.#runs.push({ topicId, indexes: [partitionIndex] })
    this.size++
  }

  take(work: BacklogWork): void {
    const run = this.#runs[this.#firstRun]
    const partitionIndex = run?.indexes[this.#firstIndex]
    if (run === undefined || partitionIndex === undefined) return
    this.size--
    if (++this.#firstIndex === run.indexes.length) {
      this.#firstIndex = 0
      this.#firstRun++
    }
    if (this.size === 0) this.clear()
    work.apply(run.topicId, partitionIndex)
  }

  clear(): void {
    this.#runs = []
    this.#firstRun = 0
    this.#firstIndex = 0
    this.size = 0
  }
}
