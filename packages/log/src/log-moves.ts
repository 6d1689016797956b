// Moves of logs between the data directories of a node: one at a time, in the order in which they were
// asked for, and what a crash in the middle of one leaves behind.

import type { Env } from '@weir/core'
import { partitionDirectoryName } from './file-names.ts'
import type { LogDirectory } from './log-directory.ts'
import { isDiskError } from './log-maintenance.ts'
import { moveLog } from './log-move.ts'
import { setAside } from './log-opening.ts'
import type { LogContext } from './log-state.ts'

/** A log on its way to another data directory. */
export interface LogMove {
  readonly topic: string
  readonly partitionIndex: number
  /** Of the directory it goes to. */
  readonly path: string
  copiedBytes: number
  /** What the copy lacks. */
  offsetLag: number
}

export type MoveRefusal = 'LOG_DIR_NOT_FOUND' | 'REPLICA_NOT_AVAILABLE' | 'KAFKA_STORAGE_ERROR'

/** Anybody may ask for places of logs that never come. */
const MAX_PLACES = 10_000

export interface MovesOptions {
  readonly directories: readonly LogDirectory[]
  readonly contexts: ReadonlyMap<LogDirectory, LogContext>
  readonly bytesPerSecond: () => number
  /** Deletes a directory that was set aside. */
  readonly remove: (path: string, what: string) => void
}

export class LogMoves {
  readonly #env: Env
  readonly #options: MovesOptions
  /** The first is under way. One a log at most. */
  #moves: LogMove[] = []
  /** Of logs that are not there yet, by name; the oldest first. */
  readonly #places = new Map<string, LogDirectory>()
  #isStopped = false

  constructor(env: Env, options: MovesOptions) {
    this.#env = env
    this.#options = options
  }

  get all(): readonly LogMove[] {
    return this.#moves
  }

  /** A later move of the same log takes the place of one that has not begun. */
  start(topic: string, partitionIndex: number, path: string): MoveRefusal | null {
    const { directories } = this.#options
    const target = directories.find(directory => directory.path === path)
    if (target === undefined) return 'LOG_DIR_NOT_FOUND'
    const source = this.#directoryOf(partitionDirectoryName(topic, partitionIndex))
    if (source === undefined) return 'REPLICA_NOT_AVAILABLE'
    if (!target.isOnline || !source.isOnline) return 'KAFKA_STORAGE_ERROR'
    const isSame = (move: LogMove) => move.topic === topic && move.partitionIndex === partitionIndex
    this.#moves = this.#moves.filter((move, index) => index === 0 || !isSame(move))
    this.#moves.push({ topic, partitionIndex, path, copiedBytes: 0, offsetLag: 0 })
    if (this.#moves.length === 1) this.#env.log.background(this.#run(), 'moves of logs')
    return null
  }

  /** Remembers where a log goes once it is made; gone with the process, as in Kafka. */
  place(topic: string, partitionIndex: number, path: string): MoveRefusal | null {
    const target = this.#options.directories.find(directory => directory.path === path)
    if (target === undefined) return 'LOG_DIR_NOT_FOUND'
    if (!target.isOnline) return 'KAFKA_STORAGE_ERROR'
    const name = partitionDirectoryName(topic, partitionIndex)
    this.#places.delete(name)
    this.#places.set(name, target)
    const [oldest] = this.#places.keys()
    if (this.#places.size > MAX_PLACES && oldest !== undefined) this.#places.delete(oldest)
    return null
  }

  /** For the log that is made now: where it was to be, if that was said and is online. */
  takePlace(name: string): LogDirectory | undefined {
    const directory = this.#places.get(name)
    this.#places.delete(name)
    return directory?.isOnline === true ? directory : undefined
  }

  stop(): void {
    this.#isStopped = true
  }

  /** A crash in the last step of a move leaves a log twice: the longer one is the one that went on. */
  async resolveTwins(): Promise<void> {
    const { directories } = this.#options
    for (const directory of directories) {
      for (const [name, { state }] of [...directory.logs]) {
        const twin = directories.find(other => other !== directory && other.logs.has(name))
        const other = twin?.logs.get(name)
        if (twin === undefined || other === undefined) continue
        const isShorter = state.endOffset < other.state.endOffset
        const [loser, winner] = isShorter ? [directory, twin] : [twin, directory]
        const fields = { name, used: winner.path, setAside: loser.path }
        this.#env.log.warn('a log is in two data directories: the longer one is used', fields)
        loser.logs.delete(name)
        await setAside(this.#env, loser, name, 'stray')
      }
    }
  }

  #directoryOf(name: string): LogDirectory | undefined {
    return this.#options.directories.find(directory => directory.logs.has(name))
  }

  async #run(): Promise<void> {
    for (let move = this.#moves[0]; move !== undefined; move = this.#moves[0]) {
      try {
        if (!this.#isStopped) await this.#moveOne(move)
      } catch (error) {
        if (!isDiskError(error)) throw error
        this.#env.log.error('a log could not be moved', { ...move, error })
      }
      this.#moves.shift()
    }
  }

  async #moveOne(move: LogMove): Promise<void> {
    const { directories, contexts, bytesPerSecond } = this.#options
    const name = partitionDirectoryName(move.topic, move.partitionIndex)
    const source = this.#directoryOf(name)
    const open = source?.logs.get(name)
    const target = directories.find(directory => directory.path === move.path)
    const context = target === undefined ? undefined : contexts.get(target)
    if (source === undefined || open === undefined) return
    if (target === undefined || context === undefined || source === target) return
    const hasMoved = await moveLog(open.state, context, {
      bytesPerSecond,
      onProgress: (copiedBytes, copiedEndOffset) => {
        move.copiedBytes = copiedBytes
        move.offsetLag = Math.max(0, open.log.logEndOffset - copiedEndOffset)
      },
      onMoved: () => {
        source.logs.delete(name)
        target.logs.set(name, open)
      },
    })
    if (!hasMoved) return
    await target.writeOffsets()
    await source.writeOffsets()
    if (!open.state.isCreated) return
    const leftover = await setAside(this.#env, source, name, 'delete')
    this.#options.remove(`${source.path}/${leftover}`, leftover)
    this.#env.log.info('a log was moved', { name, from: source.path, to: target.path })
  }
}
