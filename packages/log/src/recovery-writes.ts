// What a recovery writes for one segment: its indexes, its length, and that all of it is durable.
//
// Index files that are right already stay as they are: after the end of a process most of them are, and
// thousands of logs may be opened.

import type { Disk, Env } from '@weir/core'
import { crc32c } from '@weir/protocol'
import { unlessDiskIsFull, writeCacheFile } from './checkpoint-file.ts'
import { unlinkIfThere } from './disk-reads.ts'
import {
  INDEX_SUFFIX,
  LOG_SUFFIX,
  segmentPath,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './file-names.ts'
import type { QuickReads } from './quick-reads.ts'
import type { Segment } from './segment.ts'
import type { ScanOutput } from './segment-scan.ts'
import { encodeTransactionIndex } from './transaction-index.ts'

const TIME_ENTRY_BYTES = 12
const NONE_CRC = -1

/** The directory of a partition. */
export interface RecoveryPlace {
  readonly directory: string
  /** What is in it. */
  readonly names: readonly string[]
  readonly quick: QuickReads
}

/** The indexes are those of the walk, in the files and in what the segment says of them. */
export async function writeIndexes(
  { disk, log }: Env,
  place: RecoveryPlace,
  segment: Segment,
  scanned: ScanOutput,
): Promise<void> {
  const offsetIndex = Buffer.from(scanned.offsetIndex)
  const timeIndex = Buffer.from(scanned.timeIndex)
  const aborted = encodeTransactionIndex(scanned.aborted)
  segment.offsetIndexCrc = crc32c(offsetIndex)
  segment.timeIndexCrc = crc32c(timeIndex)
  segment.transactionIndexCrc = aborted.length === 0 ? NONE_CRC : crc32c(aborted)
  const files = async () => {
    const known = await knownBytes(place, { segment, suffix: TIME_INDEX_SUFFIX })
    // The last entry is made when a segment is closed: one that was written to had none.
    const isOpen = known?.equals(timeIndex.subarray(0, -TIME_ENTRY_BYTES)) === true
    if (isOpen) segment.timeIndexCrc = crc32c(known)
    else if (known?.equals(timeIndex) !== true) {
      await writeCacheFile(disk, pathOf(place, { segment, suffix: TIME_INDEX_SUFFIX }), timeIndex)
    }
    await writeIfOther(disk, place, { segment, suffix: INDEX_SUFFIX }, offsetIndex)
    const file = { segment, suffix: TRANSACTION_INDEX_SUFFIX }
    if (aborted.length > 0) await writeIfOther(disk, place, file, aborted)
    else if (isThere(place, file)) await unlinkIfThere(disk, pathOf(place, file))
  }
  await unlessDiskIsFull(files(), log)
}

interface IndexFile {
  readonly segment: Segment
  readonly suffix: string
}

/** Null if there is no such file, or a large one. */
async function knownBytes(place: RecoveryPlace, file: IndexFile): Promise<Buffer | null> {
  return isThere(place, file) ? await place.quick.readIfThere(pathOf(place, file)) : null
}

async function writeIfOther(
  disk: Disk,
  place: RecoveryPlace,
  file: IndexFile,
  bytes: Buffer,
): Promise<void> {
  const known = await knownBytes(place, file)
  if (known?.equals(bytes) !== true) await writeCacheFile(disk, pathOf(place, file), bytes)
}

function pathOf({ directory }: RecoveryPlace, { segment, suffix }: IndexFile): string {
  return segmentPath(directory, segment.baseOffset) + suffix
}

function isThere({ names }: RecoveryPlace, { segment, suffix }: IndexFile): boolean {
  return names.includes(segmentPath('', segment.baseOffset).slice(1) + suffix)
}

/** Cuts the file where the segment ends. */
export async function truncateSegment(
  disk: Disk,
  { directory }: RecoveryPlace,
  segment: Segment,
): Promise<void> {
  const file = await disk.open(segmentPath(directory, segment.baseOffset) + LOG_SUFFIX, 'write')
  try {
    await file.truncate(segment.bytes)
  } finally {
    await file.close()
  }
}

export async function syncSegment(
  disk: Disk,
  { directory }: RecoveryPlace,
  segment: Segment,
): Promise<void> {
  // It has just been read: there is nothing to wait for but the sync.
  const file = disk.openSync(segmentPath(directory, segment.baseOffset) + LOG_SUFFIX, 'write')
  try {
    await file.sync()
  } finally {
    file.closeSync()
  }
  segment.syncedBytes = segment.bytes
}
