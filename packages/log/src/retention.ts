// Deletes what the settings of a log say is too old or too much.
//
// Invariants: whole segments only, from the oldest on; never anything at or above the high watermark;
// age counts from the largest timestamp in a segment, so that a record of the future pins it (D15);
// the active segment goes only when all of it is too old, and another takes its place first.

import { DiskError } from '@weir/core'
import { isOutOfSpace, unlessDiskIsFull } from './checkpoint-file.ts'
import { loadActiveIndexesSync } from './index-files.ts'
import { roll } from './log-append.ts'
import { writeLogCheckpoint } from './log-checkpoint.ts'
import { removeSegments } from './log-delete.ts'
import type { LogState } from './log-state.ts'
import type { Segment } from './segment.ts'

/** Answers how many segments were deleted. */
export function applyRetention(state: LogState, nowMs: number): Promise<number> {
  if (countExpired(state, nowMs) === 0) return Promise.resolve(0)
  return state.runExclusive(async () => {
    // On a full disk it is what makes room.
    if (state.isGone || (state.refusal !== null && state.refusal !== 'disk full')) return 0
    const count = countExpired(state, nowMs)
    if (count === 0) return 0
    if (count === state.segments.length) {
      if (state.activeSegment.offsetIndex === null) loadActiveIndexesSync(state)
      roll(state, state.endOffset, nowMs)
      state.seals = null
    }
    const removed = state.segments.splice(0, count)
    state.startOffset = Math.max(state.startOffset, state.segments[0]?.baseOffset ?? 0)
    state.tail?.dropBelow(state.startOffset)
    state.epochs.truncateFromStart(state.startOffset)
    state.firstDirtyOffset = Math.max(state.firstDirtyOffset, state.startOffset)
    state.isDirty = true
    await removeWithCheckpoint(state, removed)
    return removed.length
  })
}

/** Number of segments at the front that may go now. */
function countExpired(state: LogState, nowMs: number): number {
  const { config, segments } = state
  let excessBytes = sizeOf(segments) - config.retentionBytes
  let count = 0
  for (const segment of segments) {
    const isActive = segment === state.activeSegment
    if (segment.endOffset > state.highWatermark || segment.bytes === 0) break
    if (isActive && segment.writtenBytes < segment.bytes) break
    const isBelowStart = segment.endOffset <= state.startOffset
    const isTooOld = config.cleanupDelete && nowMs - segment.newestMs > config.retentionMs
    const isTooMuch = config.cleanupDelete && !isActive && excessBytes >= segment.bytes
    if (!isTooOld && !isTooMuch && !(isBelowStart && !isActive)) break
    excessBytes -= segment.bytes
    count++
  }
  return count
}

export function sizeOf(segments: readonly Segment[]): number {
  let bytes = 0
  for (const segment of segments) bytes += segment.bytes
  return bytes
}

/** The new start is durable before files go, unless there is no space to write it: then space first. */
async function removeWithCheckpoint(state: LogState, removed: readonly Segment[]): Promise<void> {
  try {
    await writeLogCheckpoint(state)
    await removeSegments(state, removed)
  } catch (error) {
    if (!(error instanceof DiskError) || !isOutOfSpace(error)) throw error
    await removeSegments(state, removed, 0)
    await unlessDiskIsFull(writeLogCheckpoint(state), state.context.env.log)
  }
}
