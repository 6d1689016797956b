// One segment of a log: its sizes, offsets and timestamps, its indexes while they are in memory, and
// the reference to its file. The file itself is written and read by log-write.ts and log-read.ts.
//
// Invariants: bytes >= writtenBytes >= syncedBytes; batches end at `endOffset` (exclusive); an index in
// memory is complete for all `bytes`, or null; a segment that is not the log's last never changes.

import { FileReference } from './file-cache.ts'
import { LOG_SUFFIX, segmentPath } from './file-names.ts'
import type { DamagedRange } from './log-types.ts'
import { OffsetIndex, TimeIndex } from './sparse-index.ts'
import type { AbortedEntry } from './transaction-index.ts'
import { VerifiedRanges } from './verified-ranges.ts'

const UNKNOWN = -1
export const MAX_RELATIVE_OFFSET = 2147483647

/** What checkpoints keep of a segment. */
export interface SegmentSummary {
  readonly baseOffset: number
  readonly bytes: number
  readonly endOffset: number
  readonly largestTimestamp: number
  readonly offsetOfLargestTimestamp: number
  readonly firstTimestamp: number
  readonly createdMs: number
  readonly abortedCount: number
  /** CRC-32C of the index files; -1 unknown. */
  readonly offsetIndexCrc: number
  readonly timeIndexCrc: number
  readonly transactionIndexCrc: number
}

export class Segment {
  readonly baseOffset: number
  bytes = 0
  writtenBytes = 0
  syncedBytes = 0
  endOffset: number
  /** -1 while there is no record with a timestamp. */
  largestTimestamp = UNKNOWN
  offsetOfLargestTimestamp = UNKNOWN
  /** Largest timestamp of the first batch: from it the age of the segment counts. */
  firstTimestamp = UNKNOWN
  readonly createdMs: number
  /** False until the directory entry of the file is known to be durable. */
  isEntrySynced = false
  offsetIndex: OffsetIndex | null = null
  timeIndex: TimeIndex | null = null
  /** Null: not loaded. `abortedCount` says whether there is anything to load. */
  aborted: AbortedEntry[] | null = null
  abortedCount = 0
  /** In memory are entries that the files do not have. */
  hasDirtyIndexes = false
  bytesSinceIndexEntry = 0
  offsetIndexCrc = UNKNOWN
  timeIndexCrc = UNKNOWN
  transactionIndexCrc = UNKNOWN
  /** A batch boundary where a reader stopped: the next one mostly goes on there. */
  hintOffset = UNKNOWN
  hintPosition = 0
  damage: DamagedRange[] | null = null
  /** What reads from the disk verified lately. */
  readonly verified = new VerifiedRanges()
  isDeleted = false
  /** Reads that met something wrong which a walk did not confirm. */
  suspicionCount = 0
  reference: FileReference | null = null

  constructor(baseOffset: number, createdMs: number) {
    this.baseOffset = baseOffset
    this.endOffset = baseOffset
    this.createdMs = createdMs
  }

  /** A segment whose files are on the disk, complete and synced. */
  static fromSummary(summary: SegmentSummary): Segment {
    const segment = new Segment(summary.baseOffset, summary.createdMs)
    segment.bytes = summary.bytes
    segment.writtenBytes = summary.bytes
    segment.syncedBytes = summary.bytes
    segment.endOffset = summary.endOffset
    segment.largestTimestamp = summary.largestTimestamp
    segment.offsetOfLargestTimestamp = summary.offsetOfLargestTimestamp
    segment.firstTimestamp = summary.firstTimestamp
    segment.abortedCount = summary.abortedCount
    segment.offsetIndexCrc = summary.offsetIndexCrc
    segment.timeIndexCrc = summary.timeIndexCrc
    segment.transactionIndexCrc = summary.transactionIndexCrc
    segment.isEntrySynced = true
    return segment
  }

  summary(): SegmentSummary {
    return {
      baseOffset: this.baseOffset,
      bytes: this.bytes,
      endOffset: this.endOffset,
      largestTimestamp: this.largestTimestamp,
      offsetOfLargestTimestamp: this.offsetOfLargestTimestamp,
      firstTimestamp: this.firstTimestamp,
      createdMs: this.createdMs,
      abortedCount: this.abortedCount,
      offsetIndexCrc: this.offsetIndexCrc,
      timeIndexCrc: this.timeIndexCrc,
      transactionIndexCrc: this.transactionIndexCrc,
    }
  }

  /** A new segment of an open log: its indexes are in memory, empty. */
  startIndexes(): void {
    this.offsetIndex = new OffsetIndex()
    this.timeIndex = new TimeIndex()
    this.aborted = []
  }

  fileReference(directory: string): FileReference {
    this.reference ??= new FileReference(
      segmentPath(directory, this.baseOffset) + LOG_SUFFIX,
      'write',
    )
    return this.reference
  }

  /** The newest time anything in it has: what retention by time counts from. */
  get newestMs(): number {
    return this.largestTimestamp >= 0 ? this.largestTimestamp : this.createdMs
  }

  /** True if a batch that ends at this offset still fits the 32 bits of the indexes. */
  canHold(lastOffset: number): boolean {
    return lastOffset - this.baseOffset <= MAX_RELATIVE_OFFSET
  }

  get indexBytesInMemory(): number {
    return (this.offsetIndex?.sizeInBytes ?? 0) + (this.timeIndex?.sizeInBytes ?? 0)
  }

  dropIndexes(): void {
    this.offsetIndex = null
    this.timeIndex = null
    if (this.abortedCount > 0) this.aborted = null
  }

  /**
   * Takes in a batch at the end; the indexes have to be in memory. `isAfterGap`: offsets before it
   * are missing (cleaned), which only an index entry can prove later, since a batch's base offset is
   * outside its checksum.
   */
  add(batch: AddedBatch, indexIntervalBytes: number): void {
    if (this.bytes === 0) this.firstTimestamp = batch.maxTimestamp
    if (batch.maxTimestamp > this.largestTimestamp) {
      this.largestTimestamp = batch.maxTimestamp
      this.offsetOfLargestTimestamp = batch.lastOffset
    }
    if (this.bytesSinceIndexEntry > indexIntervalBytes || batch.isAfterGap) {
      this.offsetIndex?.append(batch.lastOffset - this.baseOffset, this.bytes)
      this.appendTimeEntry()
      this.bytesSinceIndexEntry = 0
    }
    this.bytesSinceIndexEntry += batch.bytes
    this.bytes += batch.bytes
    this.endOffset = batch.lastOffset + 1
    this.hasDirtyIndexes = true
  }

  /** The largest timestamp so far gets its entry: with each offset entry, and when it is closed. */
  appendTimeEntry(): void {
    if (this.largestTimestamp < 0) return
    this.timeIndex?.append(this.largestTimestamp, this.offsetOfLargestTimestamp - this.baseOffset)
  }
}

export interface AddedBatch {
  readonly lastOffset: number
  readonly bytes: number
  readonly maxTimestamp: number
  readonly isAfterGap: boolean
}
