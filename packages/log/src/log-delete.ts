// Removes segments: out of the log at once, by name at once, their bytes after a delay (readers and
// operators may still want them).
//
// Invariants: a file is unlinked only when nobody reads it any more (N11); a crash in between leaves
// `.deleted` files, which the next start removes.

import { DiskError } from '@weir/core'
import { unlinkIfThere } from './disk-reads.ts'
import {
  DELETED_SUFFIX,
  INDEX_SUFFIX,
  LOG_SUFFIX,
  PRODUCERS_SUFFIX,
  SNAPSHOT_SUFFIX,
  segmentPath,
  TIME_INDEX_SUFFIX,
  TRANSACTION_INDEX_SUFFIX,
} from './file-names.ts'
import type { LogState } from './log-state.ts'
import type { Segment } from './segment.ts'

const INDEX_SUFFIXES = [INDEX_SUFFIX, TIME_INDEX_SUFFIX, TRANSACTION_INDEX_SUFFIX]

/** The segments are not in the log's list any more. Their new names are durable when resolved. */
export async function removeSegments(
  state: LogState,
  segments: readonly Segment[],
  delayMs: number = state.config.fileDeleteDelayMs,
): Promise<void> {
  if (segments.length === 0) return
  const { env, indexes } = state.context
  const { disk } = env
  const { directory } = state
  state.structureEpoch++
  for (const segment of segments) {
    segment.isDeleted = true
    indexes.forget(segment)
  }
  const deleted: string[] = []
  for (const segment of segments) {
    const base = segmentPath(directory, segment.baseOffset)
    await removeIndexFiles(state, segment.baseOffset)
    for (const suffix of [SNAPSHOT_SUFFIX, PRODUCERS_SUFFIX]) {
      // The state at the base of a segment that stays is still needed.
      if (state.segments[0]?.baseOffset !== segment.baseOffset) {
        await unlinkIfThere(disk, base + suffix)
      }
    }
    if (await renameIfThere(state, base + LOG_SUFFIX, base + LOG_SUFFIX + DELETED_SUFFIX)) {
      deleted.push(base + LOG_SUFFIX + DELETED_SUFFIX)
    }
  }
  await disk.syncDir(directory)
  env.log.background(
    unlinkLater(state, segments, deleted, delayMs),
    `deleting segments of ${directory}`,
  )
}

export async function removeIndexFiles(state: LogState, baseOffset: number): Promise<void> {
  const base = segmentPath(state.directory, baseOffset)
  for (const suffix of INDEX_SUFFIXES) await unlinkIfThere(state.context.env.disk, base + suffix)
}

async function unlinkLater(
  state: LogState,
  segments: readonly Segment[],
  paths: readonly string[],
  delayMs: number,
): Promise<void> {
  const { env, files, later } = state.context
  for (const segment of segments) {
    if (segment.reference !== null) await files.retire(segment.reference)
  }
  const unlink = async () => {
    for (const path of paths) await unlinkIfThere(env.disk, path)
  }
  if (delayMs === 0) await unlink()
  else later(delayMs, unlink, 'deleting segments')
}

async function renameIfThere(state: LogState, from: string, to: string): Promise<boolean> {
  try {
    await state.context.env.disk.rename(from, to)
    return true
  } catch (error) {
    // A segment that nothing was written to has no file.
    if (error instanceof DiskError && error.code === 'ENOENT') return false
    throw error
  }
}
