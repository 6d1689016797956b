// Moves a log to another data directory of the node while it is written to and read (AlterReplicaLogDirs).
// What is there is copied beside it; when little is left, writes are held in memory for a moment, the rest
// is copied, synced and given its name, and the log goes on in the new place.
//
// Invariants: the copy gets the log's name only when all of it is durable, and the old directory loses it
// only after that; a crash leaves one of them, or two that are the same; a log that was cut or cleaned
// meanwhile is copied again from the start.

import { DiskError } from '@weir/core'
import { LOG_SUFFIX, offsetOfFile, partitionDirectoryName, segmentPath } from './file-names.ts'
import { removeDirectory } from './log-opening.ts'
import type { LogContext, LogState } from './log-state.ts'
import { startAsync } from './log-write.ts'
import type { Segment } from './segment.ts'

const COPY_BYTES = 1024 * 1024
/** The rest of a copy: writes wait for so much at most. */
const REST_BYTES = 4 * 1024 * 1024
/** A log that grows as fast as it is copied, or is cut again and again. */
const MAX_PASSES = 20

export interface MoveOptions {
  /** Bytes a second of the copy; Infinity is no limit. */
  readonly bytesPerSecond: () => number
  readonly onProgress: (copiedBytes: number, copiedEndOffset: number) => void
  /** Called when the copy has its name, in the turn in which the log goes on there. */
  readonly onMoved: () => void
}

/** False: it was given up, as the log is gone. Rejects with a DiskError; the log is where it was then. */
export async function moveLog(
  state: LogState,
  target: LogContext,
  options: MoveOptions,
): Promise<boolean> {
  const { env } = target
  const name = partitionDirectoryName(state.topic, state.partitionIndex)
  for (let attempt = 0; attempt < MAX_PASSES; attempt++) {
    const future = `${target.directory.path}/${name}.${env.random.uuid()}-future`
    const copy = new LogCopy(state, target, future, options)
    const end = await copy.run().catch(async (error: unknown) => {
      // What failed may be this very directory: then the next start deletes it.
      await removeDirectory(env, future).catch(() => undefined)
      throw error
    })
    if (end === 'moved') return true
    await removeDirectory(env, future)
    if (end === 'gone') return false
  }
  throw new DiskError('EBUSY', state.directory, 'the log changes too fast to be moved')
}

type CopyEnd = 'moved' | 'changed' | 'gone'

class LogCopy {
  readonly #state: LogState
  readonly #target: LogContext
  readonly #future: string
  readonly #options: MoveOptions
  readonly #structureEpoch: number
  /** Bytes copied, by base offset. */
  readonly #copied = new Map<number, number>()
  #copiedBytes = 0

  constructor(state: LogState, target: LogContext, future: string, options: MoveOptions) {
    this.#state = state
    this.#target = target
    this.#future = future
    this.#options = options
    this.#structureEpoch = state.structureEpoch
  }

  async run(): Promise<CopyEnd> {
    const { disk } = this.#target.env
    await disk.mkdir(this.#future)
    for (let pass = 0; pass < MAX_PASSES && this.#restBytes > REST_BYTES; pass++) {
      await this.#copySegments(this.#options.bytesPerSecond()).catch(error =>
        this.#onMissing(error),
      )
      if (this.#hasChanged) return this.#state.isGone ? 'gone' : 'changed'
    }
    return await this.#state.runExclusive(() => this.#finish())
  }

  /** Files have other names before the list of segments says so. Throws what is no such change. */
  async #onMissing(error: unknown): Promise<void> {
    const isMissing = error instanceof DiskError && error.code === 'ENOENT'
    if (isMissing) await this.#state.exclusive
    if (!isMissing || !this.#hasChanged) throw error
  }

  get #hasChanged(): boolean {
    return this.#state.isGone || this.#state.structureEpoch !== this.#structureEpoch
  }

  get #restBytes(): number {
    let bytes = 0
    for (const segment of this.#state.segments) {
      bytes += segment.writtenBytes - (this.#copied.get(segment.baseOffset) ?? 0)
    }
    return bytes
  }

  /** With no write, sync or structural change beside it. */
  async #finish(): Promise<CopyEnd> {
    const state = this.#state
    while (state.isWriting || state.isSyncing) await state.nextChange()
    if (this.#hasChanged) return state.isGone ? 'gone' : 'changed'
    state.isCutting = true
    let failure: unknown = null
    const held = this.#copyRest().catch((error: unknown) => {
      failure = error
    })
    startAsync(state, held)
    await held
    state.isCutting = false
    if (failure !== null) throw failure
    return 'moved'
  }

  async #copyRest(): Promise<void> {
    const state = this.#state
    const { disk } = this.#target.env
    if (state.isCreated) {
      await this.#copySegments(Number.POSITIVE_INFINITY)
      await this.#copySmallFiles()
      await disk.syncDir(this.#future)
      const path = `${this.#target.directory.path}/${state.directoryName}`
      await disk.rename(this.#future, path)
      await disk.syncDir(this.#target.directory.path)
    } else {
      await disk.rmdir(this.#future)
    }
    for (const segment of state.segments) {
      if (segment.reference !== null) void state.context.files.retire(segment.reference)
      segment.reference = null
      segment.syncedBytes = segment.writtenBytes
      segment.isEntrySynced = segment.writtenBytes > 0
    }
    state.syncedEndOffset = state.diskEndOffset
    state.context = this.#target
    // Who has begun with files in the old place finds them there no more.
    state.structureEpoch++
    this.#options.onMoved()
  }

  async #copySegments(bytesPerSecond: number): Promise<void> {
    for (const segment of [...this.#state.segments]) {
      if (this.#hasChanged) return
      await this.#copySegment(segment, bytesPerSecond)
    }
  }

  /** Appends to the copy what the segment has grown by, and syncs it. */
  async #copySegment(segment: Segment, bytesPerSecond: number): Promise<void> {
    const { disk, clock } = this.#target.env
    const from = this.#copied.get(segment.baseOffset) ?? 0
    const to = segment.writtenBytes
    if (to === from) return
    const path = segmentPath(this.#state.directory, segment.baseOffset) + LOG_SUFFIX
    const source = await disk.open(path, 'read')
    const copy = await disk.open(
      segmentPath(this.#future, segment.baseOffset) + LOG_SUFFIX,
      'write',
    )
    try {
      const buffer = Buffer.allocUnsafeSlow(Math.min(COPY_BYTES, to - from))
      let at = from
      while (at < to && !this.#hasChanged) {
        const length = await source.read(buffer, 0, Math.min(buffer.length, to - at), at)
        if (length === 0) throw new DiskError('EIO', path, 'the file is shorter than its segment')
        for (let done = 0; done < length; ) {
          done += await copy.write([buffer.subarray(done, length)], at + done)
        }
        at += length
        this.#copied.set(segment.baseOffset, at)
        this.#copiedBytes += length
        this.#options.onProgress(this.#copiedBytes, segment.endOffset)
        const pauseMs = (length / bytesPerSecond) * 1000
        if (pauseMs > 0) await clock.sleep(pauseMs)
      }
      await copy.sync()
    } finally {
      await source.close()
      await copy.close()
    }
  }

  /** Indexes, snapshots, checkpoint, metadata: all but the segments themselves. */
  async #copySmallFiles(): Promise<void> {
    const { disk } = this.#target.env
    const { directory } = this.#state
    for (const { name, isDirectory } of await disk.readdir(directory)) {
      if (isDirectory || offsetOfFile(name, LOG_SUFFIX) !== null) continue
      const bytes = await disk.readFile(`${directory}/${name}`, MAX_SMALL_FILE_BYTES)
      const copy = await disk.open(`${this.#future}/${name}`, 'write')
      try {
        for (let done = 0; done < bytes.length; ) {
          done += await copy.write([bytes.subarray(done)], done)
        }
        await copy.sync()
      } finally {
        await copy.close()
      }
    }
  }
}

/** An index is bounded by segment.index.bytes, and what else is there is smaller. */
const MAX_SMALL_FILE_BYTES = 256 * 1024 * 1024
