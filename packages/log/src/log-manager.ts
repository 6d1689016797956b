// All logs of a node, in one or more data directories. (Types first: the bodies follow.)

import type { Env } from '@weir/core'
import type { Log } from './log.ts'
import type { LogConfig } from './log-types.ts'

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
  readonly retentionCheckMs?: number
  readonly checkpointMs?: number
}

export interface LogDirectoryStatus {
  readonly path: string
  readonly isOnline: boolean
  /** Why it went offline. */
  readonly failure: Error | null
  /** The broker epoch of the last clean shutdown; null if the last stop was not clean (or none). */
  readonly cleanShutdownEpoch: number | null
}

function unavailable(): never {
  throw new Error('the log package is being written')
}

export class LogManager {
  /**
   * Locks and reads the directories and recovers what was not stopped cleanly. Rejects with an
   * OperatorError when a directory is locked or none is usable.
   */
  static open(_env: Env, _options: LogManagerOptions): Promise<LogManager> {
    return unavailable()
  }

  get directories(): readonly LogDirectoryStatus[] {
    return unavailable()
  }

  logs(): Iterable<Log> {
    return unavailable()
  }

  get(_topic: string, _partitionIndex: number): Log | undefined {
    return unavailable()
  }

  /**
   * The log, new if need be; nothing touches the disk before the first append. One of the same name
   * with another topic id is set aside first.
   */
  getOrCreate(_topic: string, _topicId: string, _partitionIndex: number, _config: LogConfig): Log {
    return unavailable()
  }

  /** For all logs of the topic. */
  updateConfig(_topic: string, _config: LogConfig): void {
    unavailable()
  }

  /** Files are renamed at once and unlinked after file.delete.delay.ms. */
  deleteLog(_topic: string, _partitionIndex: number): Promise<void> {
    return unavailable()
  }

  /** A data directory has gone offline with all its logs. */
  onDirectoryOffline(_listener: (path: string, cause: Error) => void): void {
    unavailable()
  }

  /** Flushes and closes all logs and leaves the clean-shutdown marker with the broker's epoch. */
  close(_brokerEpoch?: number): Promise<void> {
    return unavailable()
  }
}
