// One partition's log: the face of the package. What it does is in the modules that it calls, all of
// which work on one LogState.

import { assert } from '@weir/core'
import { append } from './log-append.ts'
import { read } from './log-read.ts'
import type { LogState } from './log-state.ts'
import { flush } from './log-sync.ts'
import { offsetForTimestamp, offsetOfMaxTimestamp } from './log-timestamps.ts'
import { advanceLogStartOffset, truncateFullyAndStartAt, truncateTo } from './log-truncate.ts'
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
import { loadProducersSync } from './producer-files.ts'
import { applyRetention, sizeOf } from './retention.ts'

export class Log {
  readonly #state: LogState

  constructor(state: LogState) {
    this.#state = state
  }

  get topic(): string {
    return this.#state.topic
  }

  get topicId(): string {
    return this.#state.topicId
  }

  get partitionIndex(): number {
    return this.#state.partitionIndex
  }

  /** The data directory that it lies in. */
  get dataDirectory(): string {
    return this.#state.context.directory.path
  }

  get config(): LogConfig {
    return this.#state.config
  }

  get logStartOffset(): number {
    return this.#state.startOffset
  }

  /** The next offset to be assigned. */
  get logEndOffset(): number {
    return this.#state.endOffset
  }

  /**
   * End of what is as durable as the flush settings ask: given to the disk, and with flush.messages=1
   * synced. Acks of acks=1 and a replica's own part in the high watermark are counted from this.
   */
  get writtenEndOffset(): number {
    return this.#state.writtenEndOffset
  }

  get syncedEndOffset(): number {
    return this.#state.syncedEndOffset
  }

  get highWatermark(): number {
    return this.#state.highWatermark
  }

  /** min(first open transaction, high watermark). */
  get lastStableOffset(): number {
    return this.#state.lastStableOffset
  }

  /** Bytes of all segments. */
  get sizeInBytes(): number {
    return sizeOf(this.#state.segments)
  }

  get segmentCount(): number {
    return this.#state.segments.length
  }

  /** The largest epoch known, -1 if none. */
  get latestEpoch(): number {
    return this.#state.epochs.latestEpoch
  }

  /** True when its directory is offline, or it was closed or deleted: appends and reads fail. */
  get isOffline(): boolean {
    return this.#state.isGone || this.#state.context.directory.failure !== null
  }

  /** One listener; null removes it. */
  setListener(listener: LogListener | null): void {
    this.#state.listener = listener
  }

  /**
   * Appends whole batches (client, coordinator: exactly one, validated by the caller), patching
   * offsets and epochs in place: the buffer belongs to the log from now on. Synchronous; the bytes
   * are written at the end of this turn, `onWritten` tells when.
   */
  append(records: Buffer, options: AppendOptions): AppendOutcome {
    return append(this.#state, records, options)
  }

  /** A value at once if all of it is in memory. */
  read(request: ReadRequest): ReadOutcome | Promise<ReadOutcome> {
    return read(this.#state, request)
  }

  /** The caller decides whether it may go down (a new leader). At most logEndOffset. */
  updateHighWatermark(highWatermark: number): void {
    const state = this.#state
    assert(highWatermark <= state.endOffset, 'high watermark beyond the log end', {
      highWatermark,
      logEndOffset: state.endOffset,
    })
    state.highWatermark = highWatermark
    state.producers?.highWatermarkMoved(highWatermark)
  }

  /** The first record whose timestamp is at least this; null if there is none. */
  offsetForTimestamp(timestamp: number): Promise<TimestampAndOffset | null> {
    return offsetForTimestamp(this.#state, timestamp)
  }

  /** The record with the largest timestamp (ListOffsets -3); null if the log is empty. */
  offsetOfMaxTimestamp(): Promise<TimestampAndOffset | null> {
    return offsetOfMaxTimestamp(this.#state)
  }

  /** End offset of the largest epoch <= `epoch`, as KIP-101/279 define it; -1, -1 if unknown. */
  endOffsetForEpoch(epoch: number): EpochEndOffset {
    return this.#state.epochs.endOffsetFor(epoch, this.#state.endOffset)
  }

  /** The epoch of the record at `offset`, -1 if unknown. */
  epochForOffset(offset: number): number {
    return this.#state.epochs.epochForOffset(offset)
  }

  /** A leader calls it when elected: the epoch starts at the log's end. */
  assignEpoch(epoch: number): void {
    const state = this.#state
    if (!state.epochs.assign(epoch, state.endOffset)) return
    state.isCheckpointDurable = false
    state.isDirty = true
  }

  /** The disk had no room for what was appended last: appends are refused until there is some. */
  get isFull(): boolean {
    return this.#state.refusal === 'disk full'
  }

  /** Removes everything at and above `offset`; durable when resolved. No appends until then. */
  truncateTo(offset: number): Promise<void> {
    return truncateTo(this.#state, offset)
  }

  truncateFullyAndStartAt(offset: number): Promise<void> {
    return truncateFullyAndStartAt(this.#state, offset)
  }

  /** DeleteRecords and followers: moves the log start up (at most to the high watermark). */
  advanceLogStartOffset(offset: number): Promise<void> {
    return advanceLogStartOffset(this.#state, offset)
  }

  /** Syncs everything that was appended so far. */
  flush(): Promise<void> {
    return flush(this.#state)
  }

  /** Deletes segments by time, size and log start; answers how many. */
  applyRetention(nowMs: number): Promise<number> {
    return applyRetention(this.#state, nowMs)
  }

  activeProducers(): ActiveProducer[] {
    const state = this.#state
    if (state.producers === null && !loadProducersSync(state)) return []
    return state.producers?.active() ?? []
  }

  /** Damage found and not lifted yet. */
  damagedRanges(): readonly DamagedRange[] {
    return this.#state.segments.flatMap(segment => segment.damage ?? [])
  }

  updateConfig(config: LogConfig): void {
    this.#state.config = config
  }
}
