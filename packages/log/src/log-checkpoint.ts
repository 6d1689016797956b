// The checkpoint of one log, in its directory: epochs, log start, closed segments with the checksums of
// their index files, damage, where the cleaner was.
//
// Invariants: it is on the disk, durably, before a batch of a new epoch is written (so an epoch in the
// log that it does not have is damage); segments in it are synced.

import type { Disk } from '@weir/core'
import { decodeCheckpoint, readCheckpoint, writeCheckpoint } from './checkpoint-file.ts'
import { LOG_CHECKPOINT } from './file-names.ts'
import type { EpochEntry } from './leader-epoch-cache.ts'
import type { LogState } from './log-state.ts'
import type { DamagedRange } from './log-types.ts'
import type { QuickReads } from './quick-reads.ts'
import type { SegmentSummary } from './segment.ts'

export const LOG_CHECKPOINT_KIND = 'log'

export interface LogCheckpoint {
  /** With a checksum, unlike the one in partition.metadata. */
  readonly topicId: string
  readonly epochs: readonly EpochEntry[]
  readonly startOffset: number
  readonly mayHaveGaps: boolean
  readonly firstDirtyOffset: number
  readonly segments: readonly SegmentSummary[]
  readonly damage: readonly DamagedRange[]
}

export function checkpointOf(state: LogState): LogCheckpoint {
  const closed = state.segments.filter(
    segment => segment !== state.activeSegment && segment.syncedBytes === segment.bytes,
  )
  return {
    topicId: state.topicId,
    epochs: state.epochs.entries(),
    startOffset: state.startOffset,
    mayHaveGaps: state.mayHaveGaps,
    firstDirtyOffset: state.firstDirtyOffset,
    segments: closed.map(segment => segment.summary()),
    damage: state.segments.flatMap(segment => segment.damage ?? []),
  }
}

/** Durable when resolved, as of a moment after the call. One write at a time. */
export async function writeLogCheckpoint(state: LogState): Promise<void> {
  while (state.checkpointWrite !== null) {
    // Its failure is reported to whoever asked for it.
    await state.checkpointWrite.catch(() => {})
  }
  const write = writeNow(state)
  state.checkpointWrite = write
  try {
    await write
  } finally {
    state.checkpointWrite = null
  }
}

async function writeNow(state: LogState): Promise<void> {
  const path = `${state.directory}/${LOG_CHECKPOINT}`
  const content = checkpointOf(state)
  const epoch = state.epochs.latestEpoch
  const { mayHaveGaps } = state
  await writeCheckpoint(state.context.env.disk, path, LOG_CHECKPOINT_KIND, content)
  if (epoch === state.epochs.latestEpoch && mayHaveGaps === state.mayHaveGaps) {
    state.isCheckpointDurable = true
  }
}

export type LogCheckpointRead =
  | { readonly kind: 'valid'; readonly value: LogCheckpoint }
  | { readonly kind: 'missing' }
  | { readonly kind: 'damaged'; readonly reason: string }

/** `quick` has the file in one piece if it is small. */
export async function readLogCheckpoint(
  disk: Disk,
  directory: string,
  quick: QuickReads,
): Promise<LogCheckpointRead> {
  const path = `${directory}/${LOG_CHECKPOINT}`
  const bytes = await quick.readIfThere(path)
  const read =
    bytes === null
      ? await readCheckpoint(disk, path, LOG_CHECKPOINT_KIND)
      : decodeCheckpoint(LOG_CHECKPOINT_KIND, bytes)
  // The checksum fits, so it is what `checkpointOf` made.
  return read.kind === 'valid' ? { kind: 'valid', value: read.value as LogCheckpoint } : read
}
