// All logs of a node, in one or more data directories: opening, creation, deletion, and what runs in the
// background (retention, checkpoints, cleaning).
//
// Invariants: a name is open in at most one directory; one directory that fails leaves the others as
// they are; nothing of a new log touches the disk before its first append.

import { type Env, errorMessage, OperatorError } from '@weir/core'
import { BackgroundTasks } from './background-tasks.ts'
import { BufferPool } from './buffer-pool.ts'
import { FileCache } from './file-cache.ts'
import { partitionDirectoryName } from './file-names.ts'
import { IndexCache } from './index-cache.ts'
import { LeaderEpochCache } from './leader-epoch-cache.ts'
import { Log } from './log.ts'
import { type ClosedLog, closeLog } from './log-close.ts'
import { LogDirectory } from './log-directory.ts'
import { isDiskError, LogMaintenance } from './log-maintenance.ts'
import { type LogMove, LogMoves, type MoveRefusal } from './log-moves.ts'
import { inParallel, openLogs, removeDirectory } from './log-opening.ts'
import { type FoundLog, LogRemovals } from './log-removals.ts'
import { type LogContext, LogState } from './log-state.ts'
import type { LogConfig } from './log-types.ts'
import { writePending } from './log-write.ts'
import { Segment } from './segment.ts'
import { TailBudget } from './tail-memory.ts'
import { WriteScheduler } from './write-scheduler.ts'

/** Those of the cleaner are read each time: they may be getters of what can change. */
export interface LogManagerOptions {
  /** The data directories (log.dirs). Created if missing, locked until `close`. */
  readonly directories: readonly string[]
  /** Settings of logs that are found on the disk before anybody says otherwise. */
  readonly defaultConfig: LogConfig
  /** Settings by topic of logs found at the start. */
  readonly configOf?: (topic: string) => LogConfig
  /** Memory for the tails of all logs together. Default 64 MiB. */
  readonly tailBudgetBytes?: number
  /** Open files at most. Default 4096. */
  readonly openFileLimit?: number
  /** Memory for the indexes of closed segments. Default 32 MiB. */
  readonly indexCacheBytes?: number
  /** Read buffers kept for reuse. Default 16 MiB. */
  readonly readPoolBytes?: number
  readonly retentionCheckMs?: number
  readonly checkpointMs?: number
  /** How long the cleaner rests when nothing is due (log.cleaner.backoff.ms). Default 15 s. */
  readonly cleanerBackoffMs?: number
  /** Memory for the keys of one cleaning. Default 64 MiB. */
  readonly cleanerMapBytes?: number
  /** Bytes that the cleaner reads and writes a second. Default: no limit. */
  readonly cleanerBytesPerSecond?: number
  /** Bytes that moves between directories copy a second. Default: no limit. */
  readonly moveBytesPerSecond?: number
}

export interface LogDirectoryStatus {
  readonly path: string
  readonly isOnline: boolean
  /** Why it went offline. */
  readonly failure: Error | null
  /** The broker epoch of the last clean shutdown; null if the last stop was not clean (or none). */
  readonly cleanShutdownEpoch: number | null
}

const MIB = 1024 * 1024
const NO_BROKER_EPOCH = -1
const PARALLEL_CLOSES = 64

export class LogManager {
  readonly #env: Env
  readonly #options: LogManagerOptions
  readonly #directories: LogDirectory[] = []
  readonly #contexts = new Map<LogDirectory, LogContext>()
  readonly #offlineListeners: ((path: string, cause: Error) => void)[] = []
  readonly #background: BackgroundTasks
  readonly #removals: LogRemovals
  readonly #moves: LogMoves
  readonly #tailBudget: TailBudget
  readonly #maintenance: LogMaintenance
  #files: FileCache | null = null
  #isClosed = false

  private constructor(env: Env, options: LogManagerOptions) {
    this.#env = env
    this.#options = options
    this.#tailBudget = new TailBudget(options.tailBudgetBytes ?? 64 * MIB)
    this.#background = new BackgroundTasks(env)
    this.#removals = new LogRemovals(env, this.#background)
    this.#maintenance = new LogMaintenance(env, this.#directories, options)
    this.#moves = new LogMoves(env, {
      directories: this.#directories,
      contexts: this.#contexts,
      bytesPerSecond: () => options.moveBytesPerSecond ?? Number.POSITIVE_INFINITY,
      remove: (path, what) =>
        this.#background.deleteLater(0, () => removeDirectory(env, path), what),
    })
  }

  /**
   * Locks and reads the directories and recovers what was not stopped cleanly. A directory that fails
   * is offline from the start. Rejects with an OperatorError when one is locked or none is usable.
   */
  static async open(env: Env, options: LogManagerOptions): Promise<LogManager> {
    const manager = new LogManager(env, options)
    await manager.#openAll()
    manager.#startBackground()
    return manager
  }

  async #openAll(): Promise<void> {
    const options = this.#options
    const files = new FileCache(this.#env.disk, this.#env.log, options.openFileLimit ?? 4096)
    this.#files = files
    const readBuffers = new BufferPool(options.readPoolBytes ?? 16 * MIB)
    const indexes = new IndexCache(options.indexCacheBytes ?? 32 * MIB)
    const writes = new WriteScheduler<LogState>(this.#env.clock, writePending)
    for (const path of options.directories) {
      const directory = new LogDirectory(this.#env, path, (_, cause) => {
        for (const listener of this.#offlineListeners) listener(path, cause)
      })
      this.#directories.push(directory)
      const later = this.#background.deleteLater.bind(this.#background)
      const shared = { files, readBuffers, indexes, writes, later, tailBudget: this.#tailBudget }
      this.#contexts.set(directory, { env: this.#env, directory, ...shared })
    }
    for (const directory of this.#directories) await this.#openDirectory(directory)
    await this.#moves.resolveTwins()
    if (this.#directories.some(each => each.isOnline)) return
    const reasons = this.#directories.map(each => `${each.path}: ${errorMessage(each.failure)}`)
    await this.#abandon()
    throw new OperatorError(
      `no data directory can be used: mend it or choose another (${reasons.join('; ')})`,
    )
  }

  async #openDirectory(directory: LogDirectory): Promise<void> {
    const configOf = this.#options.configOf ?? (() => this.#options.defaultConfig)
    try {
      const clean = await directory.open()
      const context = this.#contexts.get(directory)
      if (context !== undefined) await openLogs(context, directory, clean, { configOf })
    } catch (error) {
      if (isLocked(error)) {
        await this.#abandon()
        throw new OperatorError(`${errorMessage(error)}: stop that process, or take another`, error)
      }
      if (!isDiskError(error)) {
        await this.#abandon()
        throw error
      }
      directory.hasFailedToOpen = true
      directory.goOffline(error)
    }
  }

  async #abandon(): Promise<void> {
    for (const directory of this.#directories) await directory.abandon()
  }

  get directories(): readonly LogDirectoryStatus[] {
    return this.#directories.map(({ path, isOnline, failure, cleanShutdownEpoch }) => ({
      path,
      isOnline,
      failure,
      cleanShutdownEpoch,
    }))
  }

  /** Memory in use by the tails of all logs. */
  get tailBytes(): number {
    return this.#tailBudget.usedBytes
  }

  /** Files that are open now. */
  get openFileCount(): number {
    return this.#files?.openCount ?? 0
  }

  *logs(): Generator<Log, void, undefined> {
    for (const directory of this.#directories) {
      for (const { log } of directory.logs.values()) yield log
    }
  }

  get(topic: string, partitionIndex: number): Log | undefined {
    return this.#find(partitionDirectoryName(topic, partitionIndex))?.open.log
  }

  /**
   * The log, new if need be; nothing touches the disk before the first append. One of the same name
   * with another topic id is set aside first. When a directory could not be read at the start, a log
   * that is nowhere else may lie in it: then the answer is a log that is offline, never an empty one.
   */
  getOrCreate(topic: string, topicId: string, partitionIndex: number, config: LogConfig): Log {
    const name = partitionDirectoryName(topic, partitionIndex)
    const found = this.#find(name)
    if (found !== null) {
      if (found.open.log.topicId === topicId) {
        found.open.log.updateConfig(config)
        return found.open.log
      }
      // Its end is waited for by the new log's first write.
      void this.#removals.remove(found, 'stray')
    }
    const directory = this.#unreadDirectory() ?? this.#placeFor(name)
    return this.#create(directory, { topic, topicId, partitionIndex }, config)
  }

  /** For a partition that is known to be new: also where `getOrCreate` has to suspect a lost one. */
  create(topic: string, topicId: string, partitionIndex: number, config: LogConfig): Log {
    const name = partitionDirectoryName(topic, partitionIndex)
    if (this.#find(name) !== null) return this.getOrCreate(topic, topicId, partitionIndex, config)
    return this.#create(this.#placeFor(name), { topic, topicId, partitionIndex }, config)
  }

  #unreadDirectory(): LogDirectory | undefined {
    return this.#directories.find(directory => directory.hasFailedToOpen)
  }

  #create(
    directory: LogDirectory,
    identity: { readonly topic: string; readonly topicId: string; readonly partitionIndex: number },
    config: LogConfig,
  ): Log {
    const name = partitionDirectoryName(identity.topic, identity.partitionIndex)
    const context = this.#contexts.get(directory)
    if (context === undefined) throw new OperatorError('the log manager is closed')
    const state = new LogState(context, identity, config, {
      segments: [new Segment(0, this.#env.clock.nowMs())],
      startOffset: 0,
      endOffset: 0,
      highWatermark: 0,
      epochs: new LeaderEpochCache(),
      isCreated: false,
      firstDirtyOffset: 0,
      mayHaveGaps: false,
    })
    state.waitsFor = this.#removals.leaving(name)
    if (!directory.isOnline) state.refusal = 'offline'
    const open = { log: new Log(state), state }
    directory.logs.set(name, open)
    return open.log
  }

  /** The directory that was asked for, else the one with the fewest logs, of those that are online. */
  #placeFor(name: string): LogDirectory {
    let best = this.#moves.takePlace(name)
    if (best !== undefined) return best
    for (const directory of this.#directories) {
      if (!directory.isOnline) continue
      if (best === undefined || directory.logs.size < best.logs.size) best = directory
    }
    // With none left the log belongs to the first, and is offline with it.
    return best ?? (this.#directories[0] as LogDirectory)
  }

  /** The directory is renamed when resolved; its files go after file.delete.delay.ms. */
  async deleteLog(topic: string, partitionIndex: number): Promise<void> {
    const found = this.#find(partitionDirectoryName(topic, partitionIndex))
    if (found !== null) await this.#removals.remove(found, 'delete')
  }

  /** Renamed out of the way when resolved; its files stay for an operator to look at. */
  async setAside(topic: string, partitionIndex: number): Promise<void> {
    const found = this.#find(partitionDirectoryName(topic, partitionIndex))
    if (found !== null) await this.#removals.remove(found, 'stray')
  }

  #find(name: string): FoundLog | null {
    for (const directory of this.#directories) {
      const open = directory.logs.get(name)
      if (open !== undefined) return { directory, name, open }
    }
    return null
  }

  /** Moves between data directories: the one under way first, then those that wait. */
  get moves(): readonly LogMove[] {
    return this.#moves.all
  }

  /** Moves a log to another data directory, in the background, one after the other. */
  move(topic: string, partitionIndex: number, path: string): MoveRefusal | null {
    return this.#moves.start(topic, partitionIndex, path)
  }

  /** The same for a log that is not there yet: it will be made in that directory. */
  place(topic: string, partitionIndex: number, path: string): MoveRefusal | null {
    return this.#moves.place(topic, partitionIndex, path)
  }

  /** A data directory has gone offline with all its logs. */
  onDirectoryOffline(listener: (path: string, cause: Error) => void): void {
    this.#offlineListeners.push(listener)
  }

  #startBackground(): void {
    const { retentionCheckMs = 300_000, checkpointMs = 5_000 } = this.#options
    this.#background.every(
      () => retentionCheckMs,
      () => this.applyRetention(),
      'retention',
    )
    this.#background.every(
      () => checkpointMs,
      () => this.#maintenance.writeCheckpoints(),
      'checkpoints',
    )
    const backoffMs = () => this.#options.cleanerBackoffMs ?? 15_000
    this.#background.every(backoffMs, () => this.runCleaner(), 'cleaning')
  }

  /** Cleans logs, the dirtiest first, until none is due. Answers how many were cleaned. */
  runCleaner(): Promise<number> {
    return this.#maintenance.runCleaner()
  }

  /** What the background does every `retentionCheckMs`. Answers the segments deleted. */
  applyRetention(): Promise<number> {
    return this.#maintenance.applyRetention()
  }

  /** Flushes and closes all logs and leaves the clean-shutdown marker with the broker's epoch. */
  async close(brokerEpoch: number = NO_BROKER_EPOCH): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#maintenance.stop()
    this.#moves.stop()
    this.#background.stop()
    await this.#removals.settled()
    await this.#background.finishDeletions()
    for (const directory of this.#directories) {
      const closed: ClosedLog[] = []
      await this.#maintenance.guard(directory, () =>
        inParallel([...directory.logs.values()], PARALLEL_CLOSES, async ({ state }) => {
          const log = await closeLog(state)
          if (log !== null) closed.push(log)
        }),
      )
      const isComplete = directory.failure === null && isAllClosed(directory)
      await this.#maintenance.guard(directory, () =>
        directory.close(isComplete ? closed : null, brokerEpoch),
      )
    }
  }
}

function isAllClosed(directory: LogDirectory): boolean {
  for (const { state } of directory.logs.values()) if (!state.isGone) return false
  return true
}

function isLocked(error: unknown): boolean {
  return isDiskError(error) && error.code === 'ELOCKED'
}
