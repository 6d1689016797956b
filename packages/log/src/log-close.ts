// Leaves a log so that the next start has nothing to do, and drops from memory what an idle log does
// not need.
//
// Invariant: after `closeLog` everything that was appended is synced, and indexes, snapshot and
// checkpoint say what the log says.

import { writeIndexFiles } from './index-files.ts'
import type { EpochEntry } from './leader-epoch-cache.ts'
import { writeLogCheckpoint } from './log-checkpoint.ts'
import type { LogState } from './log-state.ts'
import { flush } from './log-sync.ts'
import { settleWrites } from './log-truncate.ts'
import type { DamagedRange } from './log-types.ts'
import { encodeProducers, removeStraySnapshots, writeProducers } from './producer-files.ts'
import type { SegmentSummary } from './segment.ts'

/** What the clean-shutdown marker keeps of a log. */
export interface ClosedLog {
  readonly name: string
  readonly topicId: string
  readonly startOffset: number
  readonly endOffset: number
  readonly highWatermark: number
  readonly epochs: readonly EpochEntry[]
  readonly segments: readonly SegmentSummary[]
  readonly damage: readonly DamagedRange[]
  readonly firstDirtyOffset: number
  readonly mayHaveGaps: boolean
  readonly hasNoProducers: boolean
  /** -1: none. */
  readonly firstUnstableOffset: number
}

/** Null if the log could not be closed cleanly (its directory went offline). */
export async function closeLog(state: LogState): Promise<ClosedLog | null> {
  // What waits for space on a full disk waits while this is its refusal, and would hold up the close.
  if (state.refusal === null || state.refusal === 'disk full') state.refusal = 'closed'
  if (state.isDirty) {
    await settleWrites(state)
    await flush(state)
    await state.runExclusive(async () => {
      await settleWrites(state)
      if (state.isGone || state.context.directory.failure !== null) return
      state.refusal = 'closed'
      if (!state.isCreated) return
      for (const segment of state.segments) {
        if (segment === state.activeSegment) segment.appendTimeEntry()
        if (segment.hasDirtyIndexes) await writeIndexFiles(state, segment)
      }
      if (state.producers !== null && state.producers.size > 0) {
        await writeProducers(state, state.endOffset, encodeProducers(state.producers))
        await removeStraySnapshots(state)
      }
      await writeLogCheckpoint(state)
    })
  }
  if (state.context.directory.failure !== null) return null
  state.isGone = true
  state.syncTimer?.cancel()
  state.tail?.clear()
  for (const segment of state.segments) {
    state.context.indexes.forget(segment)
    if (segment.reference !== null) await state.context.files.retire(segment.reference)
  }
  state.wake()
  return state.isCreated ? describe(state) : null
}

function describe(state: LogState): ClosedLog {
  const unstable = state.producers?.firstOpenOffset ?? state.unloadedFirstUnstable
  return {
    name: state.directoryName,
    topicId: state.topicId,
    startOffset: state.startOffset,
    endOffset: state.endOffset,
    highWatermark: state.highWatermark,
    epochs: state.epochs.entries(),
    segments: state.segments.map(segment => segment.summary()),
    damage: state.segments.flatMap(segment => segment.damage ?? []),
    firstDirtyOffset: state.firstDirtyOffset,
    mayHaveGaps: state.mayHaveGaps,
    hasNoProducers: state.producers === null ? state.hasNoProducers : state.producers.size === 0,
    firstUnstableOffset: unstable === Number.POSITIVE_INFINITY ? -1 : unstable,
  }
}

/** Writes what is dirty and forgets caches, if nothing was appended since the last call. */
export async function trimIdle(state: LogState): Promise<void> {
  const isBusy =
    state.isWriting || state.isSyncing || state.refusal !== null || state.seals !== null
  if (isBusy || !state.wasIdle) {
    state.wasIdle = true
    return
  }
  const segment = state.activeSegment
  const holdsNothing = state.tail === null && segment.offsetIndex === null
  if (holdsNothing || !state.isCreated || (state.tail?.unwrittenBytes ?? 0) > 0) return
  await state.runExclusive(async () => {
    if (!state.wasIdle || state.isGone || segment !== state.activeSegment) return
    if (segment.hasDirtyIndexes) await writeIndexFiles(state, segment)
    if (!state.wasIdle || segment.hasDirtyIndexes) return
    segment.dropIndexes()
    state.tail?.clear()
    state.tail = null
  })
}
