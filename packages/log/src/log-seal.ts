// What is done once when a segment is closed: its data synced, its indexes and the producers' snapshot
// written, the log's checkpoint renewed. In the background, behind the writes.
//
// Invariant: the closed segment enters the checkpoint only after its sync returned (D9).

import { DiskError } from '@weir/core'
import { isOutOfSpace } from './checkpoint-file.ts'
import { writeIndexFiles } from './index-files.ts'
import { writeLogCheckpoint } from './log-checkpoint.ts'
import type { LogState, SealJob } from './log-state.ts'
import { startSync } from './log-sync.ts'
import { writeProducers } from './producer-files.ts'

/** Starts the closing work of those segments whose bytes are all written. */
export function sealWritten(state: LogState): void {
  const { seals } = state
  while (seals !== null && seals.length > 0) {
    const job = seals[0]
    if (job === undefined || job.segment.writtenBytes < job.segment.bytes) return
    seals.shift()
    if (seals.length === 0) state.seals = null
    const done = state.runExclusive(() => seal(state, job))
    state.context.env.log.background(done, `closing a segment of ${state.directoryName}`)
  }
}

async function seal(state: LogState, job: SealJob): Promise<void> {
  const { segment } = job
  const { context } = state
  try {
    if (isOver(state, job)) return
    // Cut meanwhile, and closed again: the producers are not those of its end.
    if (job.cutEpoch === state.cutEpoch) {
      await writeProducers(state, segment.endOffset, job.producers)
    }
    await writeIndexFiles(state, segment)
    while (!isOver(state, job) && segment.syncedBytes < segment.bytes) {
      startSync(state)
      await state.nextChange()
    }
    if (isOver(state, job)) return
    await writeLogCheckpoint(state)
    context.indexes.touch(segment)
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    // The files are caches, and the checkpoint is renewed later: only space may be missing here.
    if (isOutOfSpace(error)) {
      context.env.log.warn('closing a segment: the disk is full', { path: error.path })
      return
    }
    context.directory.goOffline(error)
  }
}

function isOver(state: LogState, job: SealJob): boolean {
  if (state.isGone || state.context.directory.failure !== null) return true
  return job.segment.isDeleted || job.segment === state.activeSegment
}
