// Reads of many small files one after the other, at the start. A file in the page cache is read in some
// microseconds when that is done at once, and in ten times as many through the thread pool; but a disk
// that has to seek would be read by one instead of by many at a time. So: at once while that is quick.

import type { Env } from '@weir/core'
import { readIfThere, readSyncIfThere } from './disk-reads.ts'

/** Files up to this size are read at once. */
export const QUICK_BYTES = 64 * 1024
const SLOW_MS = 2
/** One slow read may be a busy processor, some in a row are a slow disk. */
const SLOW_IN_A_ROW = 3
const ASYNC_AFTER_SLOW_MS = 100

export class QuickReads {
  readonly #env: Env
  #slowCount = 0
  #asyncUntilMs = Number.NEGATIVE_INFINITY

  constructor(env: Env) {
    this.#env = env
  }

  /** Null if it is not there, or larger than QUICK_BYTES. */
  async readIfThere(path: string): Promise<Buffer | null> {
    const { clock, disk } = this.#env
    const startMs = clock.monotonicMs()
    if (startMs < this.#asyncUntilMs) return await readIfThere(disk, path, QUICK_BYTES)
    const bytes = readSyncIfThere(disk, path, QUICK_BYTES)
    const endMs = clock.monotonicMs()
    this.#slowCount = endMs - startMs > SLOW_MS ? this.#slowCount + 1 : 0
    if (this.#slowCount === SLOW_IN_A_ROW) {
      this.#slowCount = 0
      this.#asyncUntilMs = endMs + ASYNC_AFTER_SLOW_MS
    }
    return bytes
  }
}
