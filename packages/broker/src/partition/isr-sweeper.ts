// Goes through all partitions to look at their ISRs, some of them a turn: there may be thousands.

import type { Clock } from '@weir/core'
import type { Partition } from './partition.ts'

/** A slice ends when one of these is used up. */
const SLICE_MS = 5
const PARTITIONS_A_SLICE = 2_000

export class IsrSweeper {
  readonly #clock: Clock
  readonly #partitions: () => Iterator<Partition>
  readonly #look: (partition: Partition) => void
  /** Null: no sweep is under way. */
  #rest: Iterator<Partition> | null = null
  /** What has changed during a sweep concerns those that were looked at, too. */
  #mustRepeat = false
  #isClosed = false

  constructor(
    clock: Clock,
    partitions: () => Iterator<Partition>,
    look: (partition: Partition) => void,
  ) {
    this.#clock = clock
    this.#partitions = partitions
    this.#look = look
  }

  /** Looks at all: at some of them now. */
  start(): void {
    if (this.#rest !== null) {
      this.#mustRepeat = true
      return
    }
    this.#rest = this.#partitions()
    this.#slice()
  }

  close(): void {
    this.#isClosed = true
    this.#rest = null
  }

  #slice(): void {
    const untilMs = this.#clock.monotonicMs() + SLICE_MS
    for (let count = 0; count < PARTITIONS_A_SLICE; count++) {
      const next = this.#rest?.next()
      if (next === undefined || next.done === true) {
        this.#end()
        return
      }
      this.#look(next.value)
      if (this.#clock.monotonicMs() >= untilMs) break
    }
    this.#clock.soon(() => this.#slice())
  }

  #end(): void {
    this.#rest = null
    if (!this.#mustRepeat || this.#isClosed) return
    this.#mustRepeat = false
    this.start()
  }
}
