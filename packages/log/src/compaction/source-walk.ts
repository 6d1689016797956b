// Reading the segments of a cleaning: batch by batch, verified, at a rate.
//
// Invariants: every batch is verified, and the first that does not hold ends the job: nothing is
// cleaned then, and the log has to be examined; reads and writes of a job keep to a rate.

import type { Clock, DiskFile, WorkerContext } from '@weir/core'
import { SegmentWindow } from '../segment-window.ts'

export interface SourceSegment {
  readonly path: string
  readonly baseOffset: number
  readonly bytes: number
}

/** A batch that does not hold. */
export interface CleaningRefused {
  readonly kind: 'damaged'
  readonly baseOffset: number
  readonly position: number
}

/** The batches of a segment file one by one, each a copy, verified. */
export class SourceWalk {
  readonly #file: DiskFile
  readonly #window: SegmentWindow
  readonly #source: SourceSegment
  #position = 0

  constructor(context: WorkerContext, source: SourceSegment) {
    this.#source = source
    this.#file = context.disk.openSync(source.path, 'read')
    this.#window = new SegmentWindow(this.#file, Math.min(this.#file.sizeSync(), source.bytes))
  }

  get isAtEnd(): boolean {
    return this.#position >= this.#source.bytes
  }

  next(): Buffer | null | 'damaged' {
    if (this.isAtEnd) return null
    const size = this.#window.batchSize(this.#position)
    if (size === 0 || !this.#window.fitsCrc(this.#position, size)) return 'damaged'
    const batch = this.#window.copy(this.#position, size)
    this.#position += size
    return batch
  }

  refusal(): CleaningRefused {
    return { kind: 'damaged', baseOffset: this.#source.baseOffset, position: this.#position }
  }

  close(): void {
    this.#file.closeSync()
  }
}

const MIN_SLEEP_MS = 20

/** Keeps reads and writes to a rate, by sleeping now and then. */
export class Throttle {
  readonly #clock: Clock
  readonly #bytesPerSecond: number
  readonly #startMs: number
  #bytes = 0

  constructor(clock: Clock, bytesPerSecond: number) {
    this.#clock = clock
    this.#bytesPerSecond = bytesPerSecond
    this.#startMs = clock.monotonicMs()
  }

  async used(bytes: number): Promise<void> {
    this.#bytes += bytes
    const dueMs = (this.#bytes / this.#bytesPerSecond) * 1000
    const aheadMs = dueMs - (this.#clock.monotonicMs() - this.#startMs)
    if (aheadMs > MIN_SLEEP_MS) await this.#clock.sleep(aheadMs)
  }
}
