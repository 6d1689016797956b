// The state of one open log, shared by the modules that work on it (append, write, read, truncate,
// retention). Nobody outside the package sees it; `Log` is its face.
//
// Invariants: startOffset <= endOffset; syncedEndOffset <= diskEndOffset <= endOffset;
// highWatermark <= endOffset; segments are in order, never empty as a list, and end where the next one
// begins, or before it where data is missing (damage); `structureEpoch` grows whenever bytes that were
// readable are replaced, removed or moved: who awaited something compares it.

import { DiskError, type Env } from '@weir/core'
import type { BufferPool } from './buffer-pool.ts'
import type { FileCache } from './file-cache.ts'
import { partitionDirectoryName } from './file-names.ts'
import type { IndexCache } from './index-cache.ts'
import type { LeaderEpochCache } from './leader-epoch-cache.ts'
import type { LogConfig, LogListener } from './log-types.ts'
import type { EncodedProducers } from './producer-files.ts'
import type { ProducerState } from './producer-state.ts'
import type { Segment } from './segment.ts'
import type { TailBudget, TailMemory } from './tail-memory.ts'
import type { WriteScheduler } from './write-scheduler.ts'

/** What all logs of a data directory share. */
export interface LogContext {
  readonly env: Env
  readonly files: FileCache
  readonly readBuffers: BufferPool
  readonly tailBudget: TailBudget
  readonly indexes: IndexCache
  readonly writes: WriteScheduler<LogState>
  readonly directory: DataDirectory
  /** Runs a deletion after a delay, or when the manager is closed. */
  readonly later: (delayMs: number, task: () => Promise<unknown>, what: string) => void
}

export interface DataDirectory {
  readonly path: string
  readonly failure: Error | null
  /** Never comes back in this process. Every log of it is told. */
  goOffline(cause: Error): void
  /** Makes the synced ends and starts of its logs, as they are now, durable. */
  writeOffsets(): Promise<void>
}

/** Why a log takes no appends for now, or any more. */
export type Refusal = 'offline' | 'closed' | 'disk full' | 'being truncated' | 'being recovered'

export interface SealJob {
  readonly segment: Segment
  /** The producers' state at the end of the segment, as the files have it. */
  readonly producers: EncodedProducers
  readonly cutEpoch: number
}

export interface LogIdentity {
  readonly topic: string
  readonly topicId: string
  readonly partitionIndex: number
}

export class LogState {
  /** Another one when the log moves to another data directory. */
  context: LogContext
  readonly topic: string
  readonly topicId: string
  readonly partitionIndex: number
  config: LogConfig
  listener: LogListener | null = null
  refusal: Refusal | null = null
  isGone = false

  segments: Segment[]
  startOffset: number
  endOffset: number
  highWatermark: number
  /** End of what was given to the disk. */
  diskEndOffset: number
  syncedEndOffset: number
  /** See `Log.writtenEndOffset`. */
  writtenEndOffset: number
  structureEpoch = 0
  /** Grows whenever the end is cut: closing work that began before is void. */
  cutEpoch = 0

  readonly epochs: LeaderEpochCache
  /** Null: not loaded; then `hasNoProducers` says whether there is a snapshot to load. */
  producers: ProducerState | null = null
  hasNoProducers = true
  /** Of the snapshot while the producers are not loaded. */
  unloadedFirstUnstable = Number.POSITIVE_INFINITY
  tail: TailMemory | null = null

  /** The directory and `partition.metadata` are there, durably. */
  isCreated: boolean
  /** Renames of a former directory of this name are under way. */
  waitsFor: Promise<unknown> | null = null
  /** The checkpoint on the disk has all epochs. No batch of an epoch is written before. */
  isCheckpointDurable: boolean
  checkpointWrite: Promise<void> | null = null
  /** Below it the cleaner has been. */
  firstDirtyOffset: number
  /** Offsets may be missing between batches: the log was cleaned, or follows one that was. */
  mayHaveGaps: boolean

  isWriteScheduled = false
  isWriting = false
  isSyncing = false
  needsSync = false
  /** The end is being cut: no sync may start, since it could not tell which bytes it covers. */
  isCutting = false
  syncTimer: { cancel(): void } | null = null
  /** Resolved whenever a write or sync ends: for the rare ones who wait. */
  waiters: (() => void)[] | null = null
  seals: SealJob[] | null = null
  /** The last structural change; the next one waits for it. */
  exclusive: Promise<unknown> | null = null
  lastAppendMs = 0
  /** Something changed since it was opened, so that closing has something to do. */
  isDirty = false
  /** Written a checkpoint tick ago or more, and nothing since: its caches may go. */
  wasIdle = false

  constructor(context: LogContext, identity: LogIdentity, config: LogConfig, start: LogStart) {
    this.context = context
    this.topic = identity.topic
    this.topicId = identity.topicId
    this.partitionIndex = identity.partitionIndex
    this.config = config
    this.segments = start.segments
    this.startOffset = start.startOffset
    this.endOffset = start.endOffset
    this.highWatermark = start.highWatermark
    this.diskEndOffset = start.endOffset
    this.syncedEndOffset = start.endOffset
    this.writtenEndOffset = start.endOffset
    this.epochs = start.epochs
    this.isCreated = start.isCreated
    this.isCheckpointDurable = start.isCreated
    this.firstDirtyOffset = start.firstDirtyOffset
    this.mayHaveGaps = start.mayHaveGaps
  }

  get directory(): string {
    return `${this.context.directory.path}/${this.directoryName}`
  }

  get directoryName(): string {
    return partitionDirectoryName(this.topic, this.partitionIndex)
  }

  get activeSegment(): Segment {
    return this.segments[this.segments.length - 1] as Segment
  }

  /** Index of the segment that would hold the offset: the last with base <= offset; -1 below all. */
  floorSegment(offset: number): number {
    let low = 0
    let high = this.segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.segments[middle]?.baseOffset ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  get firstUnstableOffset(): number {
    return this.producers === null ? this.unloadedFirstUnstable : this.producers.firstUnstableOffset
  }

  get lastStableOffset(): number {
    return Math.min(this.firstUnstableOffset, this.highWatermark)
  }

  /** Resolves after the next write, sync or failure. */
  nextChange(): Promise<void> {
    return new Promise<void>(resolve => {
      this.waiters ??= []
      this.waiters.push(resolve)
    })
  }

  wake(): void {
    const { waiters } = this
    if (waiters === null) return
    this.waiters = null
    for (const waiter of waiters) waiter()
  }

  /** Runs structural changes (truncation, retention, swap, close) one after the other. */
  runExclusive<T>(task: () => Promise<T>): Promise<T> {
    const run = this.exclusive === null ? task() : this.exclusive.then(task, task)
    const settled = run.then(
      () => {},
      () => {},
    )
    this.exclusive = settled
    void settled.then(() => {
      if (this.exclusive === settled) this.exclusive = null
    })
    return run
  }
}

export interface LogStart {
  readonly segments: Segment[]
  readonly startOffset: number
  readonly endOffset: number
  readonly highWatermark: number
  readonly epochs: LeaderEpochCache
  readonly isCreated: boolean
  readonly firstDirtyOffset: number
  readonly mayHaveGaps: boolean
}

const MAX_RETRIES = 20

/**
 * Runs a task that opens files of the log by name, once more when one was not there because segments
 * were removed or replaced meanwhile.
 */
export async function retryIfChanged<T>(state: LogState, task: () => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    const { structureEpoch } = state
    try {
      return await task()
    } catch (error) {
      const isMissing = error instanceof DiskError && error.code === 'ENOENT'
      const hasChanged = structureEpoch !== state.structureEpoch || state.isGone
      const isChanging = state.exclusive !== null
      if (!isMissing || attempt === MAX_RETRIES || !(hasChanged || isChanging)) throw error
      // Files may have their new names before the list of segments says so.
      await state.exclusive
    }
  }
}
