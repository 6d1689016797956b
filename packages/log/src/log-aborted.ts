// Which transactions that overlap a range of offsets were aborted: what read_committed consumers need.
//
// Invariant (D17): exactly those with data at or after the start and before the end: their marker lies
// at or above the start, their first offset below the end.

import { loadAborted } from './index-files.ts'
import type { LogState } from './log-state.ts'
import type { AbortedTransaction } from './log-types.ts'

/** Null if an index has to be read from the disk first. Offsets half-open. */
export function abortedInMemory(
  state: LogState,
  fromOffset: number,
  endOffset: number,
): AbortedTransaction[] | null {
  const found: AbortedTransaction[] = []
  for (let index = Math.max(0, state.floorSegment(fromOffset)); ; index++) {
    const segment = state.segments[index]
    if (segment === undefined) return found
    if (segment.abortedCount === 0) continue
    if (segment.aborted === null) return null
    for (const entry of segment.aborted) {
      if (entry.lastOffset < fromOffset) continue
      if (entry.firstOffset < endOffset) {
        found.push({ producerId: entry.producerId, firstOffset: entry.firstOffset })
      }
      // Every transaction that begins below the end has ended by then.
      if (entry.lastStableOffset >= endOffset) return found
    }
  }
}

export async function abortedIn(
  state: LogState,
  fromOffset: number,
  endOffset: number,
): Promise<AbortedTransaction[]> {
  for (;;) {
    const found = abortedInMemory(state, fromOffset, endOffset)
    if (found !== null) return found
    for (let index = Math.max(0, state.floorSegment(fromOffset)); ; index++) {
      const segment = state.segments[index]
      if (segment === undefined) break
      await loadAborted(state, segment)
    }
  }
}
