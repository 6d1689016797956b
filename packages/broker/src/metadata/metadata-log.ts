// The metadata of a node alone: a log of protobuf records with snapshots. The quorum takes its place
// behind the same interface.
//
// Each decision is one record batch with one record, whose value is a metadata batch: it is there as
// a whole or not at all. Its offset is the number of decisions before it. The log is synced before
// anything is acknowledged (flush.messages=1).
//
// A snapshot is the image at an offset; the log may be cut below the older of the two kept.

import {
  decodeMetadataBatch,
  encodeMetadataBatch,
  encodeSnapshot,
  type MetadataImage,
  type MetadataRecord,
} from '@weir/controller'
import { assert, type Env, OperatorError } from '@weir/core'
import {
  DEFAULT_LOG_CONFIG,
  type Log,
  type LogConfig,
  type LogFailure,
  type LogManager,
} from '@weir/log'
import { batchPositions, buildRecordBatch, records } from '@weir/protocol'
import { loadSnapshot, saveSnapshot } from './metadata-snapshots.ts'

export const METADATA_TOPIC = '__cluster_metadata'
/** Kafka's id of the metadata topic. */
export const METADATA_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
/** The epoch of a node that is a quorum of its own. */
export const METADATA_EPOCH = 1
/** A snapshot is made when the log has grown by so much since the last one. */
const SNAPSHOT_EVERY_BYTES = 4 * 1024 * 1024
const READ_BYTES = 1024 * 1024

export const METADATA_LOG_CONFIG: LogConfig = Object.freeze({
  ...DEFAULT_LOG_CONFIG,
  segmentBytes: 16 * 1024 * 1024,
  flushMessages: 1,
  retentionMs: Number.POSITIVE_INFINITY,
  retentionBytes: Number.POSITIVE_INFINITY,
})

export interface MetadataLogListener {
  /** Everything below `committedEndOffset` is durable. */
  onCommitted(committedEndOffset: number): void
  /** What was appended from `fromOffset` on is not in the log. */
  onFailed(fromOffset: number, cause: Error, isFinal: boolean): void
}

export class MetadataLog {
  readonly #env: Env
  readonly #directory: string
  readonly #log: Log
  #snapshotEndOffset = 0
  #bytesSinceSnapshot = 0
  #isSnapshotRunning = false

  private constructor(env: Env, directory: string, log: Log) {
    this.#env = env
    this.#directory = directory
    this.#log = log
  }

  /** Opens the log and replays snapshot and log, in order, through `replay`. */
  static async open(
    env: Env,
    options: { readonly logManager: LogManager; readonly directory: string },
    replay: (record: MetadataRecord) => void,
  ): Promise<MetadataLog> {
    const { logManager, directory } = options
    const log = logManager.getOrCreate(METADATA_TOPIC, METADATA_TOPIC_ID, 0, METADATA_LOG_CONFIG)
    log.updateConfig(METADATA_LOG_CONFIG)
    const metadata = new MetadataLog(env, directory, log)
    await metadata.#replayAll(replay)
    return metadata
  }

  /** Offset of the next decision. */
  get endOffset(): number {
    return this.#log.logEndOffset
  }

  setListener(listener: MetadataLogListener): void {
    this.#log.setListener({
      onWritten: () => {
        const committed = this.#log.writtenEndOffset
        this.#log.updateHighWatermark(committed)
        listener.onCommitted(committed)
      },
      onFailure: (failure: LogFailure) =>
        listener.onFailed(failure.fromOffset, failure.cause, failure.kind === 'offline'),
    })
  }

  /** Appends one decision; its offset, or why it was refused. Durable when `onCommitted` says so. */
  append(decision: readonly MetadataRecord[]): { offset: number } | { refused: string } {
    const nowMs = this.#env.clock.nowMs()
    const value = encodeMetadataBatch(decision)
    const batch = buildRecordBatch([{ timestamp: nowMs, key: null, value }])
    const outcome = this.#log.append(batch, {
      leaderEpoch: METADATA_EPOCH,
      origin: 'coordinator',
      nowMs,
    })
    if (outcome.kind === 'failed') return { refused: outcome.message }
    this.#bytesSinceSnapshot += batch.length
    return { offset: outcome.baseOffset }
  }

  /** Makes a snapshot of the committed image if the log has grown enough. */
  maybeSnapshot(image: MetadataImage, endOffset: number): void {
    if (this.#bytesSinceSnapshot < SNAPSHOT_EVERY_BYTES || this.#isSnapshotRunning) return
    this.#env.log.background(this.snapshot(image, endOffset), 'metadata snapshot')
  }

  /** The image must be that of `endOffset`; it is encoded before the first await. */
  async snapshot(image: MetadataImage, endOffset: number): Promise<void> {
    if (this.#isSnapshotRunning || endOffset <= this.#snapshotEndOffset) return
    this.#isSnapshotRunning = true
    this.#bytesSinceSnapshot = 0
    try {
      const bytes = encodeSnapshot(image, endOffset, METADATA_EPOCH)
      await saveSnapshot(this.#env, this.#directory, endOffset, bytes)
      // The log is kept from the snapshot before on: should the new one be unreadable, the older
      // one and the log make up for it.
      const cutAt = this.#snapshotEndOffset
      this.#snapshotEndOffset = endOffset
      if (cutAt > this.#log.logStartOffset) {
        await this.#log.advanceLogStartOffset(cutAt)
        await this.#log.applyRetention(this.#env.clock.nowMs())
      }
    } finally {
      this.#isSnapshotRunning = false
    }
  }

  async #replayAll(replay: (record: MetadataRecord) => void): Promise<void> {
    const snapshot = await loadSnapshot(this.#env, this.#directory)
    for (const record of snapshot?.records ?? []) replay(record)
    let next = snapshot?.endOffset ?? 0
    this.#snapshotEndOffset = next
    const log = this.#log
    if (next > log.logEndOffset || next < log.logStartOffset) {
      throw new OperatorError(
        `the metadata log in ${this.#directory} holds offsets ${log.logStartOffset} to ` +
          `${log.logEndOffset}, which do not follow its snapshot at ${next}: restore the data directory`,
      )
    }
    log.updateHighWatermark(log.logEndOffset)
    while (next < log.logEndOffset) next = await this.#replayFrom(next, replay)
  }

  async #replayFrom(offset: number, replay: (record: MetadataRecord) => void): Promise<number> {
    const outcome = await this.#log.read({
      fromOffset: offset,
      maxBytes: READ_BYTES,
      limitOffset: this.#log.logEndOffset,
      minOneBatch: true,
    })
    if (outcome.kind === 'failed') {
      throw new OperatorError(
        `the metadata log in ${this.#directory} cannot be read at offset ${offset}: ` +
          `${outcome.message}; restore the data directory from a backup`,
      )
    }
    assert(outcome.endOffset > offset, 'metadata log read without progress', { offset })
    const bytes = Buffer.concat(outcome.chunks)
    outcome.release()
    for (const at of batchPositions(bytes)) {
      for (const record of records(bytes, at)) {
        if (record.offset < offset || record.value === null) continue
        this.#bytesSinceSnapshot += record.value.length
        for (const change of decodeMetadataBatch(record.value)) replay(change)
      }
    }
    return outcome.endOffset
  }
}
