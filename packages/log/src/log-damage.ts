// What to do when a read meets something that does not hold: the segment is walked as a whole in a
// worker, which tells damage from a wrong index and from a read that went wrong once.
//
// Invariant: damage found is remembered and reported once, loudly; the bytes are left as they are, so
// that nothing is lost which an operator could still mend.

import { LOG_SUFFIX, segmentPath } from './file-names.ts'
import { rebuildIndexes } from './index-files.ts'
import { writeLogCheckpoint } from './log-checkpoint.ts'
import type { LogState } from './log-state.ts'
import type { DamagedRange } from './log-types.ts'
import { NO_PRODUCERS } from './producer-files.ts'
import type { Segment } from './segment.ts'
import { type ScanOutput, scanWithCare } from './segment-scan.ts'

export const DAMAGE_FOUND =
  'damage in a log: these offsets (the last one exclusive) cannot be read, the rest is served; ' +
  "'weir doctor --data-dir DIRECTORY' tells what to do"

/** True: the read should be tried again, something was learnt. */
export async function examineSegment(
  state: LogState,
  segment: Segment,
  suspicion: { readonly position: number; readonly reason: string },
): Promise<boolean> {
  const { env } = state.context
  const { structureEpoch } = state
  segment.hintOffset = -1
  const bytes = segment.writtenBytes
  const { endOffset } = segment
  const isComplete = segment.bytes === bytes
  const scanned = await scanWithCare(env.workers, {
    path: segmentPath(state.directory, segment.baseOffset) + LOG_SUFFIX,
    baseOffset: segment.baseOffset,
    limitBytes: bytes,
    limitOffset: isComplete ? endOffset : Number.POSITIVE_INFINITY,
    indexIntervalBytes: state.config.indexIntervalBytes,
    allowsGaps: state.mayHaveGaps,
    knownEpochs: state.epochs.entries(),
    producers: NO_PRODUCERS,
    producersFromOffset: Number.POSITIVE_INFINITY,
  })
  if (structureEpoch !== state.structureEpoch || segment.isDeleted) return true
  const found = damageOf(segment, scanned, isComplete ? endOffset : scanned.endOffset)
  const known = JSON.stringify(segment.damage ?? [])
  if (found.length > 0 && JSON.stringify(found) !== known) {
    segment.damage = found
    for (const range of found) report(state, range, suspicion.reason)
    if (state.isCreated) {
      env.log.background(writeLogCheckpoint(state), `damage of ${state.directoryName}`)
    }
    state.listener?.onDamage?.()
    return true
  }
  // The bytes hold: the index is wrong, or the disk answered wrongly once.
  await rebuildIndexes(state, segment)
  const isFirst = segment.suspicionCount < MAX_SUSPICIONS
  segment.suspicionCount++
  return isFirst
}

const MAX_SUSPICIONS = 3

/** The ranges in the segment that do not hold, given where it should end. */
export function damageOf(
  segment: { readonly baseOffset: number },
  scanned: ScanOutput,
  endOffset: number,
): DamagedRange[] {
  const ranges = scanned.damage.map(each => ({ ...each, segmentBaseOffset: segment.baseOffset }))
  if (scanned.endOffset < endOffset) {
    ranges.push({
      fromOffset: scanned.endOffset,
      toOffset: endOffset,
      fromPosition: scanned.validBytes,
      toPosition: scanned.fileBytes,
      segmentBaseOffset: segment.baseOffset,
    })
  }
  return ranges
}

function report(state: LogState, range: DamagedRange, reason: string): void {
  state.context.env.log.error(DAMAGE_FOUND, {
    log: state.directoryName,
    fromOffset: range.fromOffset,
    toOffset: range.toOffset,
    segment: range.segmentBaseOffset,
    fromPosition: range.fromPosition,
    toPosition: range.toPosition,
    reason,
  })
}
