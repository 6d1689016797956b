// Lifts damage by the operator's choice: `weir doctor DIR --accept-loss`. The damaged offsets are
// given up, readers pass over them.
//
// Invariants: only for a directory that no broker uses (it is locked meanwhile); the original bytes are
// kept beside, as `.damaged`; the place of the lost offsets is taken by a batch without records, so
// that offsets stay as they are and Kafka's tools read the segment; a crash leaves the old or the new.

import { assert, type Disk, type DiskFile, type Env } from '@weir/core'
import { RECORD_BATCH_HEADER_BYTES, writeBatchCrc, writeBatchHeader } from '@weir/protocol'
import { writeCheckpoint } from '../checkpoint-file.ts'
import { readFully, unlinkIfThere } from '../disk-reads.ts'
import {
  CLEAN_SHUTDOWN,
  CLEANED_SUFFIX,
  DAMAGED_SUFFIX,
  LOG_CHECKPOINT,
  LOG_SUFFIX,
  parsePartitionDirectory,
  SWAP_SUFFIX,
  segmentPath,
} from '../file-names.ts'
import type { LeaderEpochCache } from '../leader-epoch-cache.ts'
import { LOG_CHECKPOINT_KIND, type LogCheckpoint } from '../log-checkpoint.ts'
import { type DamagedRange, DEFAULT_LOG_CONFIG } from '../log-types.ts'
import { isDataOfNode } from '../node-directory.ts'
import { knownOffsets, type OffsetsRow, readOffsets } from '../offsets-checkpoint.ts'
import { recoverLog } from '../recovery.ts'
import type { Segment } from '../segment.ts'

export interface AcceptedLoss {
  /** TOPIC-INDEX. */
  readonly name: string
  readonly ranges: readonly DamagedRange[]
}

const COPY_BYTES = 1024 * 1024
const NO_TIMESTAMP = -1

/** Answers what was given up. Rejects with a DiskError, 'ELOCKED' if a broker runs there. */
export async function acceptLoss(env: Env, path: string): Promise<AcceptedLoss[]> {
  const { disk } = env
  const lock = await disk.lock(path)
  try {
    const { rows } = await readOffsets(disk, path)
    // The next start looks at everything anew.
    await unlinkIfThere(disk, `${path}/${CLEAN_SHUTDOWN}`)
    await disk.syncDir(path)
    const accepted: AcceptedLoss[] = []
    for (const { name, isDirectory } of await disk.readdir(path)) {
      if (!isDirectory || parsePartitionDirectory(name) === null) continue
      if (await isDataOfNode(disk, `${path}/${name}`)) continue
      const ranges = await acceptLossOfLog(env, `${path}/${name}`, rows.get(name))
      if (ranges.length > 0) accepted.push({ name, ranges })
    }
    return accepted
  } finally {
    await lock.release()
  }
}

async function acceptLossOfLog(
  env: Env,
  directory: string,
  row: OffsetsRow | undefined,
): Promise<DamagedRange[]> {
  const recovered = await recoverLog(env, {
    directory,
    config: DEFAULT_LOG_CONFIG,
    knownFor: topicId => knownOffsets(row, topicId),
    mayWrite: true,
    mustScanAll: true,
  })
  const ranges: DamagedRange[] = []
  for (const segment of recovered.segments) {
    if (segment.damage === null || segment.damage.length === 0) continue
    await replaceSegment(env.disk, directory, segment, recovered.epochs)
    ranges.push(...segment.damage)
  }
  if (ranges.length === 0 || recovered.topicId === null) return ranges
  const checkpoint: LogCheckpoint = {
    topicId: recovered.topicId,
    epochs: recovered.epochs.entries(),
    startOffset: recovered.startOffset,
    mayHaveGaps: recovered.mayHaveGaps,
    firstDirtyOffset: recovered.firstDirtyOffset,
    segments: [],
    damage: [],
  }
  const path = `${directory}/${LOG_CHECKPOINT}`
  await writeCheckpoint(env.disk, path, LOG_CHECKPOINT_KIND, checkpoint)
  return ranges
}

async function replaceSegment(
  disk: Disk,
  directory: string,
  segment: Segment,
  epochs: LeaderEpochCache,
): Promise<void> {
  const path = segmentPath(directory, segment.baseOffset) + LOG_SUFFIX
  const source = await disk.open(path, 'write')
  const target = await disk.open(path + CLEANED_SUFFIX, 'write')
  try {
    await target.truncate(0)
    await copyWithout(source, target, segment, epochs)
    await target.sync()
  } finally {
    await source.close()
    await target.close()
  }
  await disk.rename(path + CLEANED_SUFFIX, path + SWAP_SUFFIX)
  await disk.syncDir(directory)
  await disk.rename(path, path + DAMAGED_SUFFIX)
  await disk.rename(path + SWAP_SUFFIX, path)
  await disk.syncDir(directory)
}

/** What holds, and a batch without records in the place of each range that does not. */
async function copyWithout(
  source: DiskFile,
  target: DiskFile,
  segment: Segment,
  epochs: LeaderEpochCache,
): Promise<void> {
  let position = 0
  let written = 0
  for (const range of segment.damage ?? []) {
    written += await copyRange(source, target, {
      from: position,
      to: range.fromPosition,
      at: written,
    })
    const filler = emptyRange(range, epochs.epochForOffset(range.fromOffset))
    written += await writeAll(target, filler, written)
    position = range.toPosition
  }
  await copyRange(source, target, { from: position, to: segment.bytes, at: written })
}

async function copyRange(
  source: DiskFile,
  target: DiskFile,
  range: { readonly from: number; readonly to: number; readonly at: number },
): Promise<number> {
  const buffer = Buffer.alloc(Math.min(COPY_BYTES, Math.max(1, range.to - range.from)))
  let done = 0
  while (range.from + done < range.to) {
    const want = Math.min(buffer.length, range.to - range.from - done)
    const read = await readFully(source, buffer, want, range.from + done)
    assert(read === want, 'a segment became shorter while it was copied')
    await writeAll(target, buffer.subarray(0, read), range.at + done)
    done += read
  }
  return done
}

async function writeAll(target: DiskFile, bytes: Buffer, position: number): Promise<number> {
  let done = 0
  while (done < bytes.length) done += await target.write([bytes.subarray(done)], position + done)
  return done
}

function emptyRange(range: DamagedRange, leaderEpoch: number): Buffer {
  const batch = Buffer.alloc(RECORD_BATCH_HEADER_BYTES)
  writeBatchHeader(batch, 0, {
    sizeInBytes: batch.length,
    baseOffset: range.fromOffset,
    leaderEpoch,
    attributes: 0,
    lastOffsetDelta: range.toOffset - range.fromOffset - 1,
    baseTimestamp: NO_TIMESTAMP,
    maxTimestamp: NO_TIMESTAMP,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 0,
  })
  writeBatchCrc(batch, 0)
  return batch
}
