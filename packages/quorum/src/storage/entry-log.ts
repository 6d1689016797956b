// The entries of the consensus as records of a segment log: offset = index, leader epoch = term. Each
// is a batch of its own: a log is cut between batches, and a cut must not take what was promised.
// Kafka's own tools can read the files.
//
// A log that is damaged is cut before the damage; that it then ends before what this node had
// promised is noticed by the consensus core, which does not vote until a leader has brought it back.

import { assert, type Env, OperatorError } from '@weir/core'
import { DEFAULT_LOG_CONFIG, type Log, type LogFailure, LogManager } from '@weir/log'
import {
  batchLeaderEpoch,
  batchPositions,
  RecordBatchBuilder,
  RecordsError,
  records,
} from '@weir/protocol'
import { decodeEntryValue, type Entry, encodeEntryValue, RaftCodecError } from '@weir/raft'

const TOPIC = '__cluster_metadata'
/** Kafka's fixed id of the metadata topic. */
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const READ_BYTES = 4 * 1024 * 1024
const SEGMENT_BYTES = 64 * 1024 * 1024

export class EntryLog {
  readonly #env: Env
  readonly #manager: LogManager
  readonly #log: Log

  #failure: LogFailure | null = null

  private constructor(env: Env, manager: LogManager, log: Log) {
    this.#env = env
    this.#manager = manager
    this.#log = log
    log.setListener({
      onWritten: () => {},
      onFailure: failure => {
        this.#failure = failure
      },
    })
  }

  /** Opens the log in a directory of its own, which it locks. */
  static async open(env: Env, directory: string): Promise<EntryLog> {
    const config = {
      ...DEFAULT_LOG_CONFIG,
      segmentBytes: SEGMENT_BYTES,
      segmentMs: Number.POSITIVE_INFINITY,
      retentionMs: Number.POSITIVE_INFINITY,
    }
    const manager = await LogManager.open(env, { directories: [directory], defaultConfig: config })
    return new EntryLog(env, manager, manager.getOrCreate(TOPIC, TOPIC_ID, 0, config))
  }

  /** The last entry's index; one below the first that will be appended if there is none. */
  get lastIndex(): number {
    return this.#log.logEndOffset - 1
  }

  get firstIndex(): number {
    return this.#log.logStartOffset
  }

  get sizeInBytes(): number {
    return this.#log.sizeInBytes
  }

  /** Everything readable. What comes after damage is cut off, with a line in the log. */
  async load(): Promise<Entry[]> {
    const entries: Entry[] = []
    for (;;) {
      const fromOffset = this.#log.logStartOffset + entries.length
      if (fromOffset >= this.#log.logEndOffset) return entries
      const isMore = await this.#loadSome(fromOffset, entries)
      if (isMore) continue
      this.#env.log.error('the log of the quorum is damaged: cut before the damage', {
        fromIndex: this.#log.logStartOffset + entries.length,
        endIndex: this.#log.logEndOffset,
      })
      await this.cutFrom(this.#log.logStartOffset + entries.length)
      return entries
    }
  }

  /** False at damage. */
  async #loadSome(fromOffset: number, entries: Entry[]): Promise<boolean> {
    const limitOffset = this.#log.logEndOffset
    const request = { fromOffset, maxBytes: READ_BYTES, limitOffset, minOneBatch: true }
    const outcome = await this.#log.read(request)
    if (outcome.kind === 'failed') return false
    try {
      const before = entries.length
      // Batches may be cut in two by chunks; joined, they are whole.
      const isGood = decodeBatches(Buffer.concat(outcome.chunks), fromOffset, entries)
      return isGood && entries.length > before
    } finally {
      outcome.release()
    }
  }

  /** Entries that follow the last one. Not durable before `sync`. */
  append(entries: readonly Entry[]): void {
    const first = entries[0]
    const last = entries.at(-1)
    if (first === undefined || last === undefined) return
    assert(first.index === this.lastIndex + 1, 'gap in the log on disk', {
      lastIndex: this.lastIndex,
      index: first.index,
    })
    const nowMs = this.#env.clock.nowMs()
    const outcome = this.#log.append(Buffer.concat(entries.map(entry => batchOf(entry, nowMs))), {
      leaderEpoch: last.term,
      origin: 'replication',
      nowMs,
    })
    if (outcome.kind === 'failed')
      throw new OperatorError(`the log of the quorum cannot be written: ${outcome.message}`)
  }

  /** One fdatasync for everything that was appended. A rejection must end the process. */
  async sync(): Promise<void> {
    const endOffset = this.#log.logEndOffset
    await this.#log.flush()
    // A full disk takes entries out of the log again instead of failing the flush.
    const failure = this.#failure
    if (failure === null && this.#log.syncedEndOffset >= endOffset) return
    throw new OperatorError(
      `the log of the quorum cannot be written: ${failure?.cause.message ?? 'entries were dropped'}`,
      failure?.cause,
    )
  }

  /** Removes the entry `index` and all after it; durable when resolved. */
  async cutFrom(index: number): Promise<void> {
    if (index <= this.lastIndex) await this.#log.truncateTo(index)
  }

  /** Starts again, empty, after `index`; durable when resolved. */
  async restartAfter(index: number): Promise<void> {
    await this.#log.truncateFullyAndStartAt(index + 1)
  }

  /** Entries up to `index` (inclusive) are covered by a snapshot: their segments may go. */
  async trimTo(index: number): Promise<void> {
    if (index < this.#log.logStartOffset) return
    this.#log.updateHighWatermark(Math.max(this.#log.highWatermark, index + 1))
    await this.#log.advanceLogStartOffset(index + 1)
  }

  async close(): Promise<void> {
    await this.#manager.close()
  }
}

function batchOf(entry: Entry, nowMs: number): Buffer {
  return new RecordBatchBuilder({ baseOffset: entry.index, leaderEpoch: entry.term })
    .append({ timestamp: nowMs, key: null, value: encodeEntryValue(entry) })
    .build()
}

/** Appends the entries from `fromIndex` on; false at the first that is not as it should be. */
function decodeBatches(bytes: Buffer, fromIndex: number, entries: Entry[]): boolean {
  let next = fromIndex
  try {
    for (const at of batchPositions(bytes)) {
      const term = batchLeaderEpoch(bytes, at)
      for (const record of records(bytes, at)) {
        if (record.offset < fromIndex) continue
        const entry = decodeEntryValue(Buffer.from(record.value ?? ''))
        if (record.offset !== next || entry.index !== next || entry.term !== term) return false
        entries.push(entry)
        next++
      }
    }
  } catch (error) {
    if (error instanceof RecordsError || error instanceof RaftCodecError) return false
    throw error
  }
  return true
}
