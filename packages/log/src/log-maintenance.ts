// What runs in the background for all logs: retention, cleaning, checkpoints of offsets, giving back the
// memory of idle logs.
//
// Invariants: one cleaning at a time; a full disk stops none of it; any other disk error takes its
// directory offline, and only that one.

import type { Env } from '@weir/core'
import { type CleaningStats, cleanableOf, cleanLog } from './compaction/cleaner.ts'
import { trimIdle } from './log-close.ts'
import type { LogDirectory } from './log-directory.ts'
import type { LogState } from './log-state.ts'
import { applyRetention } from './retention.ts'

/** A full disk stays full for a while, and is tried every few seconds. */
const FULL_DISK_WARNING_MS = 60_000
const DEFAULT_MAP_BYTES = 64 * 1024 * 1024

export interface MaintenanceOptions {
  readonly cleanerMapBytes?: number
  readonly cleanerBytesPerSecond?: number
}

export class LogMaintenance {
  readonly #env: Env
  readonly #directories: readonly LogDirectory[]
  readonly #options: MaintenanceOptions
  readonly #lastWarnedMs = new Map<LogDirectory, number>()
  #isStopped = false

  constructor(env: Env, directories: readonly LogDirectory[], options: MaintenanceOptions) {
    this.#env = env
    this.#directories = directories
    this.#options = options
  }

  /** No further log is cleaned. */
  stop(): void {
    this.#isStopped = true
  }

  /** Cleans logs, the dirtiest first, until none is due. Answers how many were cleaned. */
  async runCleaner(): Promise<number> {
    let count = 0
    const tried = new Set<LogState>()
    for (;;) {
      const next = this.#dirtiest(tried)
      if (next === null || this.#isStopped) return count
      tried.add(next.state)
      const stats = await this.#clean(next.directory, next.state)
      if (stats !== null) count++
    }
  }

  async #clean(directory: LogDirectory, state: LogState): Promise<CleaningStats | null> {
    let stats: CleaningStats | null = null
    await this.guard(directory, async () => {
      stats = await cleanLog(state, {
        mapBytes: this.#options.cleanerMapBytes ?? DEFAULT_MAP_BYTES,
        bytesPerSecond: this.#options.cleanerBytesPerSecond ?? Number.POSITIVE_INFINITY,
      })
    })
    if (stats !== null) {
      this.#env.log.info('cleaned a log', { log: state.directoryName, ...(stats as object) })
    }
    return stats
  }

  #dirtiest(tried: ReadonlySet<LogState>): { directory: LogDirectory; state: LogState } | null {
    const nowMs = this.#env.clock.nowMs()
    let best: { directory: LogDirectory; state: LogState } | null = null
    let bestRatio = -1
    for (const directory of this.#directories) {
      if (!directory.isOnline) continue
      for (const { state } of directory.logs.values()) {
        if (!state.config.cleanupCompact || tried.has(state)) continue
        const cleanable = cleanableOf(state, nowMs)
        if (cleanable === null || !cleanable.isDue || cleanable.dirtyRatio <= bestRatio) continue
        best = { directory, state }
        bestRatio = cleanable.dirtyRatio
      }
    }
    return best
  }

  /** Answers the segments deleted. */
  async applyRetention(): Promise<number> {
    let count = 0
    for (const directory of this.#directories) {
      for (const { state } of [...directory.logs.values()]) {
        if (state.isGone || !directory.isOnline) continue
        state.producers?.expire(this.#env.clock.nowMs(), state.config.producerIdExpirationMs)
        await this.guard(directory, async () => {
          count += await applyRetention(state, this.#env.clock.nowMs())
        })
      }
    }
    return count
  }

  async writeCheckpoints(): Promise<void> {
    for (const directory of this.#directories) {
      if (!directory.isOnline) continue
      await this.guard(directory, () => directory.writeOffsetsIfMoved())
      for (const { state } of [...directory.logs.values()]) {
        if (state.tail === null && state.activeSegment.offsetIndex === null) continue
        await this.guard(directory, () => trimIdle(state))
      }
    }
  }

  /** A full disk passes; anything else takes the directory offline. */
  async guard(directory: LogDirectory, task: () => Promise<unknown>): Promise<void> {
    try {
      await task()
    } catch (error) {
      if (!isDiskError(error)) throw error
      if (error.code === 'ENOSPC') this.#warnOfFullDisk(directory, error.message)
      else directory.goOffline(error)
    }
  }

  #warnOfFullDisk(directory: LogDirectory, cause: string): void {
    const nowMs = this.#env.clock.nowMs()
    const lastMs = this.#lastWarnedMs.get(directory)
    if (lastMs !== undefined && nowMs - lastMs < FULL_DISK_WARNING_MS) return
    this.#lastWarnedMs.set(directory, nowMs)
    this.#env.log.warn('the disk is full: checkpoints wait, the next start may take longer', {
      directory: directory.path,
      cause,
    })
  }
}

export function isDiskError(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && error.name === 'DiskError'
}
