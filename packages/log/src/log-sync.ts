// Makes written bytes durable: group commit. All that is written while a sync runs shares the next.
//
// Invariants: at most one sync of a log is under way; `syncedEndOffset` moves only to what was written
// before the sync began; a failed sync is never repeated, the directory goes offline (D6, Q10);
// `writtenEndOffset` never runs ahead of the synced end by flush.messages or more.

import { DiskError } from '@weir/core'
import type { LogState } from './log-state.ts'
import type { Segment } from './segment.ts'

/** What was just written counts, or waits for a sync. Tells the listener. */
export function afterWrite(state: LogState): void {
  const unsynced = state.diskEndOffset - state.syncedEndOffset
  if (unsynced > 0) {
    if (unsynced >= state.config.flushMessages) startSync(state)
    else if (state.config.flushMs !== Number.POSITIVE_INFINITY) startTimer(state)
  }
  publish(state)
}

/** Moves `writtenEndOffset` as far as the flush settings allow and tells everybody. */
function publish(state: LogState): void {
  const unsynced = state.diskEndOffset - state.syncedEndOffset
  const end = unsynced < state.config.flushMessages ? state.diskEndOffset : state.syncedEndOffset
  if (end > state.writtenEndOffset) {
    state.writtenEndOffset = end
    state.listener?.onWritten()
  }
  state.wake()
}

function startTimer(state: LogState): void {
  if (state.syncTimer !== null) return
  state.syncTimer = state.context.env.clock.after(state.config.flushMs, () => {
    state.syncTimer = null
    if (!state.isGone && state.diskEndOffset > state.syncedEndOffset) startSync(state)
  })
}

/** Starts a sync of all that is written, or has the running one followed by another. */
export function startSync(state: LogState): void {
  if (state.isGone || state.context.directory.failure !== null) return
  if (state.isSyncing || state.isCutting) {
    state.needsSync = true
    return
  }
  state.isSyncing = true
  state.needsSync = false
  const done = syncWritten(state).then(
    () => {
      state.isSyncing = false
      const isMoreDue =
        state.needsSync || state.diskEndOffset - state.syncedEndOffset >= state.config.flushMessages
      if (isMoreDue && state.diskEndOffset > state.syncedEndOffset) startSync(state)
      publish(state)
    },
    (error: unknown) => {
      state.isSyncing = false
      if (!(error instanceof DiskError)) throw error
      state.context.directory.goOffline(error)
      state.wake()
    },
  )
  state.context.env.log.background(done, `syncing ${state.topic}-${state.partitionIndex}`)
}

async function syncWritten(state: LogState): Promise<void> {
  const { structureEpoch } = state
  const endOffset = state.diskEndOffset
  await syncSegments(state)
  if (structureEpoch !== state.structureEpoch) {
    // The log was cut meanwhile, and may have grown again to other bytes: once more.
    state.needsSync = true
    return
  }
  if (endOffset > state.syncedEndOffset) state.syncedEndOffset = endOffset
}

/** Syncs what is written now, `mustSync` also if only its length changed; older segments first, so that what is durable is a prefix of the log. */
export async function syncSegments(
  state: LogState,
  mustSync: Segment | null = null,
): Promise<void> {
  const { disk } = state.context.env
  let needsDirectory = false
  for (const segment of state.segments.slice(firstUnsynced(state))) {
    const bytes = segment.writtenBytes
    const isDue = bytes > segment.syncedBytes || segment === mustSync
    if (isDue && !segment.isDeleted) {
      const reference = segment.fileReference(state.directory)
      const file = state.context.files.acquire(reference)
      try {
        await file.sync()
      } finally {
        state.context.files.release(reference)
      }
      segment.syncedBytes = Math.max(segment.syncedBytes, Math.min(bytes, segment.writtenBytes))
    }
    if (!segment.isEntrySynced && bytes > 0) needsDirectory = true
  }
  if (!needsDirectory) return
  const segments = state.segments.filter(segment => segment.writtenBytes > 0)
  await disk.syncDir(state.directory)
  for (const segment of segments) segment.isEntrySynced = true
}

function firstUnsynced(state: LogState): number {
  let index = state.segments.length - 1
  while (index > 0) {
    const before = state.segments[index - 1]
    if (before === undefined || (before.syncedBytes === before.bytes && before.isEntrySynced)) break
    index--
  }
  return index
}

/**
 * Syncs everything that was appended before the call. Rejects if the log fails meanwhile; what a full
 * disk dropped was never in the log, and counts as flushed.
 */
export async function flush(state: LogState): Promise<void> {
  const target = state.endOffset
  const isDone = () => {
    if (state.context.directory.failure !== null) return true
    return state.syncedEndOffset >= Math.min(target, state.endOffset)
  }
  while (!isDone()) {
    if (state.diskEndOffset > state.syncedEndOffset) startSync(state)
    await state.nextChange()
  }
  const { failure } = state.context.directory
  if (failure !== null && state.syncedEndOffset < target) throw failure
}
