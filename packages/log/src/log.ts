// One partition's log. (Types first: the bodies follow.)

import type {
  ActiveProducer,
  AppendOptions,
  AppendOutcome,
  DamagedRange,
  EpochEndOffset,
  LogConfig,
  LogListener,
  ReadOutcome,
  ReadRequest,
  TimestampAndOffset,
} from './log-types.ts'

function unavailable(): never {
  throw new Error('the log package is being written')
}

export class Log {
  readonly topic: string = ''
  readonly topicId: string = ''
  readonly partitionIndex: number = 0

  get config(): LogConfig {
    return unavailable()
  }
  get logStartOffset(): number {
    return unavailable()
  }
  /** The next offset to be assigned. */
  get logEndOffset(): number {
    return unavailable()
  }
  /**
   * End of what is as durable as the flush settings ask: given to the disk, and with flush.messages=1
   * synced. Acks of acks=1 and a replica's own part in the high watermark are counted from this.
   */
  get writtenEndOffset(): number {
    return unavailable()
  }
  get syncedEndOffset(): number {
    return unavailable()
  }
  get highWatermark(): number {
    return unavailable()
  }
  /** min(first open transaction, high watermark). */
  get lastStableOffset(): number {
    return unavailable()
  }
  /** Bytes of all segments. */
  get sizeInBytes(): number {
    return unavailable()
  }
  /** The largest epoch known, -1 if none. */
  get latestEpoch(): number {
    return unavailable()
  }
  /** True when its directory is offline, or it was closed or deleted: appends and reads fail. */
  get isOffline(): boolean {
    return unavailable()
  }

  /** One listener; null removes it. */
  setListener(_listener: LogListener | null): void {
    unavailable()
  }

  /**
   * Appends whole batches (client: exactly one or more, already validated by the caller), patching
   * offsets and epochs in place: the buffer belongs to the log from now on. Synchronous; the bytes
   * are written at the end of this turn, `onWritten` tells when.
   */
  append(_records: Buffer, _options: AppendOptions): AppendOutcome {
    return unavailable()
  }

  /** A value at once if all of it is in memory. */
  read(_request: ReadRequest): ReadOutcome | Promise<ReadOutcome> {
    return unavailable()
  }

  /** Never goes down by itself; a leader change may lower it. At most logEndOffset. */
  updateHighWatermark(_highWatermark: number): void {
    unavailable()
  }

  /** The first record whose timestamp is at least this; null if there is none. */
  offsetForTimestamp(_timestamp: number): Promise<TimestampAndOffset | null> {
    return unavailable()
  }
  /** The record with the largest timestamp (ListOffsets -3); null if the log is empty. */
  offsetOfMaxTimestamp(): Promise<TimestampAndOffset | null> {
    return unavailable()
  }

  /** End offset of the largest epoch <= `epoch`, as KIP-101/279 define it. */
  endOffsetForEpoch(_epoch: number): EpochEndOffset {
    return unavailable()
  }
  /** The epoch of the record at `offset`, -1 if unknown. */
  epochForOffset(_offset: number): number {
    return unavailable()
  }
  /** A leader calls it when elected: the epoch starts at the log's end. */
  assignEpoch(_epoch: number): void {
    unavailable()
  }

  /** Removes everything at and above `offset`; durable when resolved. No appends until then. */
  truncateTo(_offset: number): Promise<void> {
    return unavailable()
  }
  truncateFullyAndStartAt(_offset: number): Promise<void> {
    return unavailable()
  }

  /** DeleteRecords and followers: moves the log start up (at most to the high watermark). */
  advanceLogStartOffset(_offset: number): Promise<void> {
    return unavailable()
  }

  /** Syncs everything that was appended so far. */
  flush(): Promise<void> {
    return unavailable()
  }

  /** Deletes segments by time, size and log start; answers how many. */
  applyRetention(_nowMs: number): Promise<number> {
    return unavailable()
  }

  activeProducers(): ActiveProducer[] {
    return unavailable()
  }

  /** Damage found and not lifted yet. */
  damagedRanges(): readonly DamagedRange[] {
    return unavailable()
  }

  updateConfig(_config: LogConfig): void {
    unavailable()
  }

  close(): Promise<void> {
    return unavailable()
  }
}
