// Offsets by timestamp (ListOffsets): the segment by its largest timestamp, a place in it by the time
// index, then the records themselves. The index only says where to begin and is checked against the
// batch it names; what is answered comes from records (D10).

import { batchMaxTimestamp, batchSizeInBytes, records } from '@weir/protocol'
import { loadIndexes, rebuildIndexes } from './index-files.ts'
import { read } from './log-read.ts'
import { type LogState, retryIfChanged } from './log-state.ts'
import type { ReadOutcome, TimestampAndOffset } from './log-types.ts'
import type { Segment } from './segment.ts'

const READ_BYTES = 256 * 1024

/** The first record whose timestamp is at least this. */
export function offsetForTimestamp(
  state: LogState,
  timestamp: number,
): Promise<TimestampAndOffset | null> {
  return retryIfChanged(state, () => findTimestamp(state, timestamp))
}

async function findTimestamp(
  state: LogState,
  timestamp: number,
): Promise<TimestampAndOffset | null> {
  const segment = state.segments.find(each => each.largestTimestamp >= timestamp)
  if (segment === undefined) return null
  const fromOffset = Math.max(state.startOffset, await placeInSegment(state, segment, timestamp))
  return await findRecord(state, fromOffset, each => each >= timestamp)
}

/** The first record with the largest timestamp. */
export async function offsetOfMaxTimestamp(state: LogState): Promise<TimestampAndOffset | null> {
  let best: Segment | null = null
  for (const segment of state.segments) {
    if (segment.largestTimestamp > (best?.largestTimestamp ?? -1)) best = segment
  }
  if (best === null) return null
  const { largestTimestamp } = best
  // It is the last offset of the batch that brought the timestamp; the record may be an earlier one.
  const lastOffset = Math.max(state.startOffset, best.offsetOfLargestTimestamp)
  const exact = await findRecord(state, lastOffset, each => each === largestTimestamp)
  // A producer may claim a larger one for its batch than any record has.
  return exact ?? (await findRecord(state, lastOffset, () => true))
}

async function placeInSegment(
  state: LogState,
  segment: Segment,
  timestamp: number,
): Promise<number> {
  await loadIndexes(state, segment)
  const { timeIndex } = segment
  if (timeIndex === null) return segment.baseOffset
  const entry = timeIndex.lastBelow(timestamp)
  if (entry < 0) return segment.baseOffset
  const offset = segment.baseOffset + timeIndex.relativeOffsetAt(entry)
  if (offset < state.startOffset) return segment.baseOffset
  const outcome = await readAt(state, offset)
  if (outcome.kind === 'failed') return segment.baseOffset
  const chunk = outcome.chunks[0]
  const isRight =
    chunk !== undefined && batchMaxTimestamp(chunk, 0) === timeIndex.timestampAt(entry)
  outcome.release()
  if (isRight) return offset + 1
  await rebuildIndexes(state, segment)
  return segment.baseOffset
}

async function readAt(state: LogState, fromOffset: number): Promise<ReadOutcome> {
  return await read(state, {
    fromOffset,
    maxBytes: READ_BYTES,
    limitOffset: state.endOffset,
    minOneBatch: true,
  })
}

/** The first such record from the batch on that holds `fromOffset`. */
async function findRecord(
  state: LogState,
  fromOffset: number,
  isWanted: (timestamp: number) => boolean,
): Promise<TimestampAndOffset | null> {
  let offset = fromOffset
  while (offset < state.endOffset) {
    const outcome = await readAt(state, offset)
    if (outcome.kind === 'failed') {
      const next = offsetBehindDamage(state, offset)
      if (next === null) return null
      offset = next
      continue
    }
    const found = scanChunks(outcome.chunks, state.startOffset, isWanted)
    const { endOffset } = outcome
    outcome.release()
    if (found !== null) return { ...found, leaderEpoch: state.epochs.epochForOffset(found.offset) }
    if (endOffset <= offset) return null
    offset = endOffset
  }
  return null
}

function scanChunks(
  chunks: readonly Buffer[],
  startOffset: number,
  isWanted: (timestamp: number) => boolean,
): { readonly offset: number; readonly timestamp: number } | null {
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += batchSizeInBytes(chunk, at)) {
      // No record is later than what its batch says, and both searches want late ones.
      if (!isWanted(batchMaxTimestamp(chunk, at))) continue
      for (const { offset, timestamp } of records(chunk, at)) {
        if (offset >= startOffset && isWanted(timestamp)) return { offset, timestamp }
      }
    }
  }
  return null
}

function offsetBehindDamage(state: LogState, offset: number): number | null {
  for (const segment of state.segments) {
    for (const range of segment.damage ?? []) {
      if (range.fromOffset <= offset && offset < range.toOffset) return range.toOffset
    }
  }
  return null
}
