// One data directory: its lock, its logs, its checkpoint of offsets, its clean-shutdown marker.
//
// Invariants: the marker is deleted, durably, before anything is served (R13); offsets in the
// checkpoint are those of syncs that returned (D9); once offline it stays offline, and only its own
// logs with it (D6).

import { assert, type Disk, type DiskLock, type Env, errorMessage } from '@weir/core'
import { directoryOf, readCheckpoint, writeCheckpoint } from './checkpoint-file.ts'
import { CLEAN_SHUTDOWN } from './file-names.ts'
import type { Log } from './log.ts'
import type { ClosedLog } from './log-close.ts'
import type { DataDirectory, LogState } from './log-state.ts'
import {
  knownOffsets,
  type OffsetsRow,
  readOffsets,
  writeOffsetsText,
} from './offsets-checkpoint.ts'
import type { KnownOffsets } from './recovery.ts'

const CLEAN_KIND = 'clean-shutdown'

export interface OpenLog {
  readonly log: Log
  readonly state: LogState
}

export interface CleanShutdown {
  readonly brokerEpoch: number
  readonly logs: readonly ClosedLog[]
}

export class LogDirectory implements DataDirectory {
  readonly path: string
  readonly logs = new Map<string, OpenLog>()
  failure: Error | null = null
  cleanShutdownEpoch: number | null = null
  /** What it holds is not known in this life. */
  hasFailedToOpen = false
  readonly #env: Env
  readonly #onOffline: (directory: LogDirectory, cause: Error) => void
  #lock: DiskLock | null = null
  #writing: Promise<void> | null = null
  #mustWriteAgain = false
  #lastWritten = ''
  #lastSum = -1
  /** Of the last life, until its log is opened. */
  #known = new Map<string, OffsetsRow>()

  constructor(env: Env, path: string, onOffline: (directory: LogDirectory, cause: Error) => void) {
    this.#env = env
    this.path = path
    this.#onOffline = onOffline
  }

  get isOnline(): boolean {
    return this.failure === null
  }

  /** Creates and locks it; answers the clean-shutdown marker, which is gone then. Rejects: DiskError. */
  async open(): Promise<CleanShutdown | null> {
    const { disk, log } = this.#env
    await createDurably(disk, this.path)
    this.#lock = await disk.lock(this.path)
    const { rows, damage } = await readOffsets(disk, this.path)
    if (damage !== null) {
      log.warn('the offsets checkpoint is damaged and ignored', {
        directory: this.path,
        reason: damage,
      })
    }
    this.#known = rows
    const markerPath = `${this.path}/${CLEAN_SHUTDOWN}`
    const marker = await readCheckpoint(disk, markerPath, CLEAN_KIND)
    if (marker.kind !== 'missing') {
      await disk.unlink(markerPath)
      await disk.syncDir(this.path)
    }
    if (marker.kind === 'damaged') {
      log.warn('the clean-shutdown marker is damaged: recovering', { directory: this.path })
    }
    if (marker.kind !== 'valid') return null
    const clean = marker.value as CleanShutdown
    this.cleanShutdownEpoch = clean.brokerEpoch
    return clean
  }

  /** What the last life knew of a log; null if nothing, or of another topic of that name. */
  knownOffsets(name: string, topicId: string | null): KnownOffsets | null {
    return knownOffsets(this.#known.get(name), topicId)
  }

  knownTopicId(name: string): string | null {
    return this.#known.get(name)?.[0] ?? null
  }

  /** Its log is open now, or never will be. */
  forgetKnown(name: string): void {
    this.#known.delete(name)
  }

  goOffline(cause: Error): void {
    if (this.failure !== null) return
    this.failure = cause
    this.#env.log.error('a data directory goes offline', {
      directory: this.path,
      cause: errorMessage(cause),
    })
    for (const { state } of [...this.logs.values()]) {
      state.refusal = 'offline'
      state.syncTimer?.cancel()
      // What is under way keeps its memory until it ends.
      if (!state.isWriting) state.tail?.clear()
      state.listener?.onFailure({ kind: 'offline', fromOffset: state.writtenEndOffset, cause })
      state.wake()
    }
    this.#onOffline(this, cause)
  }

  /** At most one write is under way; who asks meanwhile waits for the one after it. */
  async writeOffsets(): Promise<void> {
    if (this.#writing !== null) {
      this.#mustWriteAgain = true
      while (this.#writing !== null) await this.#writing
      return
    }
    this.#writing = this.#writeUntilCurrent()
    try {
      await this.#writing
    } finally {
      this.#writing = null
    }
  }

  /** For the clock: does nothing, at little cost, while no offset moves. */
  async writeOffsetsIfMoved(): Promise<void> {
    let sum = this.logs.size
    for (const { state } of this.logs.values()) {
      sum += state.syncedEndOffset + state.startOffset * 3 + state.highWatermark * 7
    }
    if (sum === this.#lastSum) return
    this.#lastSum = sum
    await this.writeOffsets()
  }

  async #writeUntilCurrent(): Promise<void> {
    do {
      this.#mustWriteAgain = false
      await this.#writeOnce()
    } while (this.#mustWriteAgain)
  }

  async #writeOnce(): Promise<void> {
    if (this.failure !== null) return
    const rows: Record<string, OffsetsRow> = Object.fromEntries(this.#known)
    for (const [name, { state }] of this.logs) {
      if (!state.isCreated) continue
      assert(state.syncedEndOffset <= state.diskEndOffset, 'synced beyond what was written')
      const { topicId, syncedEndOffset, startOffset, highWatermark } = state
      rows[name] = [topicId, syncedEndOffset, startOffset, highWatermark]
    }
    const text = JSON.stringify(rows)
    if (text === this.#lastWritten) return
    await writeOffsetsText(this.#env.disk, this.path, text)
    this.#lastWritten = text
  }

  /** The last thing of a clean stop. */
  async close(closed: readonly ClosedLog[] | null, brokerEpoch: number): Promise<void> {
    if (this.failure === null && closed !== null) {
      await this.writeOffsets()
      const path = `${this.path}/${CLEAN_SHUTDOWN}`
      const marker: CleanShutdown = { brokerEpoch, logs: closed }
      await writeCheckpoint(this.#env.disk, path, CLEAN_KIND, marker)
    }
    await this.#lock?.release()
    this.#lock = null
  }

  /** After a start that failed: nothing is left behind. */
  async abandon(): Promise<void> {
    await this.#lock?.release()
    this.#lock = null
  }
}

/** A new directory is there after a crash only if its parent was synced, and so on upwards. */
async function createDurably(disk: Disk, path: string): Promise<void> {
  const missing: string[] = []
  for (let each = path; (await disk.stat(each)) === null; each = directoryOf(each)) {
    missing.push(each)
    if (directoryOf(each) === each) break
  }
  await disk.mkdir(path)
  for (const each of missing) await disk.syncDir(directoryOf(each))
}
