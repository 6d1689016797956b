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
import type { SpaceReserve } from './space-reserve.ts'

const TOPIC = '__cluster_metadata'
/** Kafka's fixed id of the metadata topic. */
const TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'
const READ_BYTES = 4 * 1024 * 1024
const SEGMENT_BYTES = 64 * 1024 * 1024

/** After the reserve was given up the log takes entries again within this. */
const SPACE_WAIT_MS = 3000
const SPACE_RETRY_MS = 50

interface Trouble {
  readonly message: string
  readonly cause: Error | null
  /** More space would not help. */
  readonly isFinal: boolean
}

export class EntryLog {
  readonly #env: Env
  readonly #manager: LogManager
  readonly #log: Log

  #failure: LogFailure | null = null

  readonly #reserve: SpaceReserve

  private constructor(env: Env, manager: LogManager, log: Log, reserve: SpaceReserve) {
    this.#env = env
    this.#reserve = reserve
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
  static async open(env: Env, directory: string, reserve: SpaceReserve): Promise<EntryLog> {
    const config = {
      ...DEFAULT_LOG_CONFIG,
      segmentBytes: SEGMENT_BYTES,
      segmentMs: Number.POSITIVE_INFINITY,
      retentionMs: Number.POSITIVE_INFINITY,
    }
    const manager = await LogManager.open(env, { directories: [directory], defaultConfig: config })
    return new EntryLog(env, manager, manager.getOrCreate(TOPIC, TOPIC_ID, 0, config), reserve)
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

  /**
   * Everything readable. What comes after damage is cut off, with a line in the log. Rejects with an
   * OperatorError if the disk cannot be read: that says nothing about what is on it.
   */
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
    if (outcome.kind === 'failed') {
      if (outcome.error === 'CORRUPT_MESSAGE') return false
      throw new OperatorError(`the log of the quorum cannot be read: ${outcome.message}`)
    }
    try {
      const before = entries.length
      // Batches may be cut in two by chunks; joined, they are whole.
      const isGood = decodeBatches(Buffer.concat(outcome.chunks), fromOffset, entries)
      return isGood && entries.length > before
    } finally {
      outcome.release()
    }
  }

  /**
   * Writes entries that follow the last one, with one fdatasync for all of them. When the disk is
   * full the reserve is given up for them. A rejection must end the process.
   */
  async write(entries: readonly Entry[]): Promise<void> {
    const first = entries[0]
    if (first === undefined) return
    assert(first.index === this.lastIndex + 1, 'gap in the log on disk', {
      lastIndex: this.lastIndex,
      index: first.index,
    })
    const { clock } = this.#env
    const deadlineMs = clock.monotonicMs() + SPACE_WAIT_MS
    let mayWait = false
    for (;;) {
      const trouble = await this.#tryWrite(entries)
      if (trouble === null) return
      const error = new OperatorError(
        `the log of the quorum cannot be written: ${trouble.message}`,
        trouble.cause ?? undefined,
      )
      if (trouble.isFinal || clock.monotonicMs() > deadlineMs) throw error
      if (!mayWait) mayWait = await this.#reserve.release()
      if (!mayWait) throw error
      await clock.sleep(SPACE_RETRY_MS)
    }
  }

  #takeFailure(): LogFailure | null {
    const failure = this.#failure
    this.#failure = null
    return failure
  }

  /** Appends and syncs what is not in the log yet; what stood in the way, or null. */
  async #tryWrite(entries: readonly Entry[]): Promise<Trouble | null> {
    this.#takeFailure()
    const missing = entries.filter(entry => entry.index > this.lastIndex)
    const last = missing.at(-1)
    if (last !== undefined) {
      const nowMs = this.#env.clock.nowMs()
      const batches = Buffer.concat(missing.map(entry => batchOf(entry, nowMs)))
      const options = { leaderEpoch: last.term, origin: 'replication' as const, nowMs }
      const outcome = this.#log.append(batches, options)
      if (outcome.kind === 'failed')
        return { message: outcome.message, cause: null, isFinal: this.#log.isOffline }
    }
    await this.#log.flush()
    // A full disk takes entries out of the log again instead of failing the flush.
    const failure = this.#takeFailure()
    const lastIndex = entries.at(-1)?.index ?? 0
    if (failure === null && this.#log.syncedEndOffset > lastIndex) return null
    const cause = failure?.cause ?? null
    return {
      message: cause?.message ?? 'entries were dropped',
      cause,
      isFinal: failure?.kind !== 'space',
    }
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
