// Cuts a log at its end (a follower that diverged) and moves its start (DeleteRecords, followers).
//
// Invariants: no append is taken while a truncation runs; no write is under way when files are cut;
// afterwards indexes, epochs, aborted transactions and producers are those of the bytes that are left;
// the result is durable when the promise resolves.

import { assert, DiskError } from '@weir/core'
import { isOutOfSpace } from './checkpoint-file.ts'
import { namesIn } from './disk-reads.ts'
import { loadIndexes } from './index-files.ts'
import { writeLogCheckpoint } from './log-checkpoint.ts'
import { removeSegments } from './log-delete.ts'
import type { LogState, Refusal } from './log-state.ts'
import { startSync, syncSegments } from './log-sync.ts'
import { rebuildActive, rebuildProducers, removeSnapshotsAbove } from './producer-files.ts'
import { ProducerState } from './producer-state.ts'
import { Segment } from './segment.ts'
import { positionOf } from './segment-read.ts'

/** Removes what is at and above `offset`: whole batches, so the log may end below it. */
export function truncateTo(state: LogState, offset: number): Promise<void> {
  return whileRefusing(state, async () => {
    if (offset >= state.endOffset) {
      // No batch goes; an epoch that began here without one does: nobody else may have heard of it.
      if (state.epochs.truncateFromEnd(state.endOffset)) state.isCheckpointDurable = false
      return
    }
    await settleWrites(state)
    if (offset <= state.startOffset) {
      await restartAt(state, Math.min(offset, state.startOffset))
      return
    }
    const keep = Math.max(0, state.floorSegment(Math.max(offset - 1, 0)))
    const cut = await cutIn(state, state.segments[keep] as Segment, offset)
    state.structureEpoch++
    state.cutEpoch++
    state.isDirty = true
    // The recovery point goes down first: above it nothing is missed after a crash.
    state.syncedEndOffset = Math.min(state.syncedEndOffset, cut.previousEndOffset)
    await state.context.directory.writeOffsets()
    await removeSegments(state, state.segments.splice(keep + 1))
    await cutSegment(state, state.activeSegment, cut)
    const endOffset = state.activeSegment.endOffset
    state.epochs.truncateFromEnd(endOffset)
    adoptEnd(state, endOffset)
    const { disk } = state.context.env
    const names = await namesIn(disk, state.directory)
    await removeSnapshotsAbove(disk, state.directory, names, endOffset)
    await rebuildActive(state)
    await rebuildProducers(state)
    await syncCut(state)
  })
}

/** Empties the log; the next offset is `offset`. */
export function truncateFullyAndStartAt(state: LogState, offset: number): Promise<void> {
  return whileRefusing(state, async () => {
    await settleWrites(state)
    await restartAt(state, offset)
  })
}

/** Moves the start up, at most to the high watermark; whole segments below it are deleted. */
export function advanceLogStartOffset(state: LogState, offset: number): Promise<void> {
  return state.runExclusive(async () => {
    if (offset <= state.startOffset || state.isGone) return
    assert(offset <= state.highWatermark, 'log start beyond the high watermark', {
      offset,
      highWatermark: state.highWatermark,
    })
    state.startOffset = offset
    state.isDirty = true
    state.tail?.dropBelow(offset)
    state.epochs.truncateFromStart(offset)
    // The start is durable before anything below it goes: a file that is missing then is a loss.
    if (state.isCreated) await writeLogCheckpoint(state)
    await removeBelowStart(state)
  })
}

/** Removes segments that lie below the start as a whole; the active one stays. */
async function removeBelowStart(state: LogState): Promise<number> {
  let count = 0
  while (count + 1 < state.segments.length) {
    if ((state.segments[count + 1]?.baseOffset ?? 0) > state.startOffset) break
    count++
  }
  if (count > 0) await removeSegments(state, state.segments.splice(0, count))
  return count
}

async function whileRefusing(state: LogState, task: () => Promise<void>): Promise<void> {
  const refusal: Refusal = 'being truncated'
  state.refusal ??= refusal
  await state.runExclusive(async () => {
    if (state.isGone || state.context.directory.failure !== null) return
    state.refusal ??= refusal
    state.isCutting = true
    try {
      await task()
    } catch (error) {
      // Half of a cut is on the disk: what is in memory does not fit it any more (D6).
      if (error instanceof DiskError && !isOutOfSpace(error))
        state.context.directory.goOffline(error)
      throw error
    } finally {
      state.isCutting = false
      if (state.refusal === refusal) state.refusal = null
      if (state.needsSync) startSync(state)
      state.wake()
    }
  })
}

/** Waits until everything appended is in the file: nothing may be cut under a write or a sync. */
export async function settleWrites(state: LogState): Promise<void> {
  while (state.isWriting || state.isSyncing || (state.tail?.unwrittenBytes ?? 0) > 0) {
    if (state.context.directory.failure !== null || state.isGone) return
    await state.nextChange()
  }
}

async function restartAt(state: LogState, offset: number): Promise<void> {
  state.structureEpoch++
  state.cutEpoch++
  state.isDirty = true
  state.syncedEndOffset = Math.min(state.syncedEndOffset, state.startOffset, offset)
  await state.context.directory.writeOffsets()
  const removed = state.segments
  const segment = new Segment(offset, state.context.env.clock.nowMs())
  segment.startIndexes()
  state.segments = [segment]
  state.seals = null
  state.startOffset = offset
  state.epochs.clear()
  state.isCheckpointDurable = false
  adoptEnd(state, offset)
  state.producers = new ProducerState()
  state.hasNoProducers = true
  state.firstDirtyOffset = offset
  if (state.isCreated) {
    await removeSegments(state, removed)
    const { disk } = state.context.env
    const names = await namesIn(disk, state.directory)
    await removeSnapshotsAbove(disk, state.directory, names, -1)
    await writeLogCheckpoint(state)
  }
  // Nothing is below the new start, and that is durable: the recovery point moves along (R20).
  state.syncedEndOffset = offset
  state.writtenEndOffset = offset
  state.wake()
}

function adoptEnd(state: LogState, endOffset: number): void {
  state.tail?.clear()
  state.endOffset = endOffset
  state.diskEndOffset = endOffset
  state.syncedEndOffset = Math.min(state.syncedEndOffset, endOffset)
  state.writtenEndOffset = Math.min(state.writtenEndOffset, endOffset)
  state.highWatermark = Math.max(Math.min(state.highWatermark, endOffset), state.startOffset)
  state.firstDirtyOffset = Math.min(state.firstDirtyOffset, endOffset)
}

interface Cut {
  readonly position: number
  readonly previousEndOffset: number
}

/** Where the last batch ends that lies below the offset as a whole. */
async function cutIn(state: LogState, segment: Segment, offset: number): Promise<Cut> {
  if (segment.endOffset <= offset) {
    return { position: segment.bytes, previousEndOffset: segment.endOffset }
  }
  await loadIndexes(state, segment)
  return await positionOf(state, segment, offset)
}

async function cutSegment(state: LogState, segment: Segment, cut: Cut): Promise<void> {
  if (cut.position === segment.bytes) return
  const reference = segment.fileReference(state.directory)
  const file = state.context.files.acquire(reference)
  try {
    await file.truncate(cut.position)
  } finally {
    state.context.files.release(reference)
  }
  segment.bytes = cut.position
  segment.writtenBytes = cut.position
  segment.syncedBytes = Math.min(segment.syncedBytes, cut.position)
  segment.endOffset = cut.previousEndOffset
  segment.offsetIndex?.truncate(cut.position)
  segment.timeIndex?.truncate(segment.endOffset - segment.baseOffset)
  if (segment.aborted !== null) {
    segment.aborted = segment.aborted.filter(each => each.lastOffset < segment.endOffset)
    segment.abortedCount = segment.aborted.length
  }
  segment.damage = segment.damage?.filter(each => each.fromPosition < cut.position) ?? null
  segment.offsetIndexCrc = -1
  segment.timeIndexCrc = -1
  segment.transactionIndexCrc = -1
  segment.hasDirtyIndexes = true
  segment.hintOffset = -1
  state.context.indexes.forget(segment)
}

async function syncCut(state: LogState): Promise<void> {
  const active = state.activeSegment
  await syncSegments(state, active.reference === null ? null : active)
  await writeLogCheckpoint(state)
  state.syncedEndOffset = state.endOffset
  state.writtenEndOffset = state.endOffset
  state.wake()
}
