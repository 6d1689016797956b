// Writes that failed (D5, D6). A full disk: what was not written is dropped and refused, the file is
// cut back, the log goes on by itself when there is space. Anything else: the directory is offline.
//
// Invariants: after `onFailure` the log ends where its file ends; no append is taken before the
// producers' state is that of this end again.

import { DiskError } from '@weir/core'
import { isOutOfSpace } from './checkpoint-file.ts'
import type { LogState } from './log-state.ts'
import { rebuildActive, rebuildProducers } from './producer-files.ts'

const SPACE_CHECK_MS = 250
/** Asked for on top of what failed, so that the checkpoints fit, too. */
const SPACE_RESERVE_BYTES = 256 * 1024

export function handleWriteFailure(state: LogState, cause: DiskError): void {
  if (!isOutOfSpace(cause)) {
    state.context.directory.goOffline(cause)
    return
  }
  if (state.isGone) {
    // Deleted meanwhile: its files are not to be touched, nor does it take appends ever again.
    state.wake()
    return
  }
  const missingBytes = state.tail?.unwrittenBytes ?? 0
  state.context.env.log.warn('the disk is full: appends are refused until there is space', {
    log: state.directoryName,
    cause: cause.message,
  })
  state.refusal = 'disk full'
  const fromOffset = state.diskEndOffset
  dropUnwritten(state)
  state.listener?.onFailure({ kind: 'space', fromOffset, cause })
  state.wake()
  const recovery = recoverFromFullDisk(state, missingBytes)
  state.context.env.log.background(recovery, `recovering ${state.directoryName} from a full disk`)
}

/** In memory the log ends at what was written. */
function dropUnwritten(state: LogState): void {
  const endOffset = state.diskEndOffset
  state.structureEpoch++
  state.cutEpoch++
  state.tail?.clear()
  state.seals = null
  while (state.segments.length > 1 && state.activeSegment.writtenBytes === 0) {
    const dropped = state.segments.pop()
    if (dropped !== undefined) dropped.isDeleted = true
  }
  const active = state.activeSegment
  active.bytes = active.writtenBytes
  active.endOffset = Math.max(active.baseOffset, Math.min(active.endOffset, endOffset))
  active.offsetIndex?.truncate(active.writtenBytes)
  active.timeIndex?.truncate(endOffset - active.baseOffset)
  if (active.aborted !== null) {
    active.aborted = active.aborted.filter(each => each.lastOffset < endOffset)
    active.abortedCount = active.aborted.length
  }
  state.epochs.truncateFromEnd(endOffset)
  state.endOffset = endOffset
  state.highWatermark = Math.min(state.highWatermark, endOffset)
}

async function recoverFromFullDisk(state: LogState, missingBytes: number): Promise<void> {
  const { env, directory } = state.context
  try {
    await state.runExclusive(() => cutToWritten(state))
    // Not exclusive: retention and deletions are what makes room.
    while (!state.isGone && state.refusal === 'disk full' && directory.failure === null) {
      const free = await env.disk.freeBytes(directory.path)
      if (free >= missingBytes + SPACE_RESERVE_BYTES) break
      await env.clock.sleep(SPACE_CHECK_MS)
    }
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    directory.goOffline(error)
  }
  // After whatever changes the log's structure at this moment: it counts on the refusal.
  await state.runExclusive(async () => {
    if (state.refusal !== 'disk full') return
    state.refusal = null
    env.log.info('there is space again: appends are accepted', { log: state.directoryName })
  })
}

/** Files and producers are those of the end in memory again. */
async function cutToWritten(state: LogState): Promise<void> {
  if (state.isGone) return
  await cutFile(state)
  await rebuildActive(state)
  if (!state.hasNoProducers) await rebuildProducers(state)
}

/** Removes the part of a batch that a failed write left behind the last whole one. */
async function cutFile(state: LogState): Promise<void> {
  const active = state.activeSegment
  if (!state.isCreated) return
  const { files } = state.context
  const reference = active.fileReference(state.directory)
  const file = files.acquire(reference)
  try {
    if (file.sizeSync() > active.writtenBytes) await file.truncate(active.writtenBytes)
  } finally {
    files.release(reference)
  }
}
