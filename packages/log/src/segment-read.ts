// Reads whole batches out of one segment file into pooled buffers, verifying all of them: a batch that
// does not hold is never handed out (D1). Only a checksum that held less than a minute ago, in a file
// that nobody has written to since, is not computed again.
//
// Invariants: the first batch is proven by an index entry, by the place where an earlier read stopped,
// or by being the segment's first; every other one by ending where its neighbour begins, or by an index
// entry of its own where offsets are missing; checksum and epoch fit. Positions come from `writtenBytes`,
// so a batch under way to the disk is not seen.

import {
  batchBaseOffset,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMagic,
  batchSizeInBytes,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  verifyBatchCrc,
} from '@weir/protocol'
import { readFully } from './disk-reads.ts'
import { loadIndexes } from './index-files.ts'
import type { LogState } from './log-state.ts'
import type { DamagedRange, ReadRequest } from './log-types.ts'
import type { Segment } from './segment.ts'

const WALK_BYTES = 64 * 1024
/** One read brings at most so much, whatever was asked for, but always a whole batch. */
const MAX_READ_BYTES = 4 * 1024 * 1024
/** No request could have brought a larger batch: nothing is allocated for a length beyond it. */
const MAX_BATCH_BYTES = 128 * 1024 * 1024
const NOT_PROVEN = -1

export type SegmentRead =
  | {
      readonly kind: 'data'
      readonly buffer: Buffer
      readonly from: number
      readonly to: number
      readonly startOffset: number
      readonly endOffset: number
    }
  /** Nothing of the segment is at or above the offset and below the limit. */
  | { readonly kind: 'nothing' }
  /** There is a batch, but larger than what was asked for. */
  | { readonly kind: 'too large' }
  /** Known damage at the offset. */
  | { readonly kind: 'damaged'; readonly range: DamagedRange }
  /** Something does not hold: a damaged batch, a wrong index, or a read that went wrong. */
  | { readonly kind: 'suspicious'; readonly position: number; readonly reason: string }
  /** The log was cut or cleaned meanwhile. */
  | { readonly kind: 'stale' }

interface Start {
  position: number
  /** End of the batch before; NOT_PROVEN if only `lastOffset` proves the batch at `position`. */
  previousEndOffset: number
  /** What the index says that the batch at `position` ends with; NOT_PROVEN if it says nothing. */
  lastOffset: number
}

/** Where to begin for `offset`; the indexes have to be in memory unless the hint serves. */
function startFor(segment: Segment, offset: number): Start {
  const index = segment.offsetIndex
  const entry = index === null ? -1 : index.floor(offset - segment.baseOffset)
  const start: Start = {
    position: 0,
    previousEndOffset: segment.baseOffset,
    lastOffset: NOT_PROVEN,
  }
  if (index !== null && entry >= 0) {
    start.position = index.positionAt(entry)
    start.previousEndOffset = NOT_PROVEN
    start.lastOffset = index.relativeOffsetAt(entry) + segment.baseOffset
  }
  if (segment.hintOffset >= 0 && segment.hintOffset <= offset) {
    if (segment.hintPosition >= start.position) {
      start.position = segment.hintPosition
      start.previousEndOffset = segment.hintOffset
      start.lastOffset = NOT_PROVEN
    }
  }
  for (const range of segment.damage ?? []) {
    if (range.toOffset > offset || range.toPosition < start.position) continue
    start.position = range.toPosition
    start.previousEndOffset = range.toOffset
    start.lastOffset = NOT_PROVEN
  }
  return start
}

/** The batches from the one that contains `fromOffset` on; the buffer goes back to the pool later. */
export async function readSegment(
  state: LogState,
  segment: Segment,
  request: ReadRequest,
): Promise<SegmentRead> {
  const damaged = damageAt(segment, request.fromOffset)
  if (damaged !== null) return { kind: 'damaged', range: damaged }
  const { structureEpoch } = state
  if (segment.hintOffset !== request.fromOffset || state.mayHaveGaps) {
    await loadIndexes(state, segment)
    if (structureEpoch !== state.structureEpoch || segment.isDeleted) return { kind: 'stale' }
  }
  const start = startFor(segment, request.fromOffset)
  // From an index entry it is some way to the offset; from where the last read stopped it is none.
  const slackBytes = start.lastOffset === NOT_PROVEN ? 0 : 2 * state.config.indexIntervalBytes
  const askedBytes = Math.min(request.maxBytes, MAX_READ_BYTES)
  let wantBytes = Math.max(askedBytes, RECORD_BATCH_HEADER_BYTES) + slackBytes
  for (;;) {
    const endPosition = readableEnd(segment, start.position)
    const bytes = Math.min(endPosition - start.position, wantBytes)
    if (bytes <= 0) return { kind: 'nothing' }
    const buffer = state.context.readBuffers.acquire(bytes)
    let outcome: WalkOutcome
    try {
      const range = { length: bytes, position: start.position }
      const { length, isSettled } = await readAt(state, segment, buffer, range)
      if (structureEpoch !== state.structureEpoch || segment.isDeleted || length < 0) {
        state.context.readBuffers.release(buffer)
        return { kind: 'stale' }
      }
      const isShort = length < bytes
      const input = { buffer, length, isShort, isSettled, start, endPosition, request }
      outcome = walk(state, segment, input)
    } catch (error) {
      state.context.readBuffers.release(buffer)
      throw error
    }
    if (outcome.kind === 'data') return outcome
    state.context.readBuffers.release(buffer)
    if (outcome.kind !== 'again') return outcome
    start.position = outcome.position
    start.previousEndOffset = outcome.previousEndOffset
    start.lastOffset = NOT_PROVEN
    wantBytes = outcome.wantBytes
  }
}

interface Walk {
  readonly buffer: Buffer
  readonly length: number
  /** The file ends before the segment does. */
  readonly isShort: boolean
  /** What was verified before is still in the file, and what is verified now may be noted. */
  readonly isSettled: boolean
  readonly start: Start
  readonly endPosition: number
  readonly request: ReadRequest
}

type WalkOutcome =
  | Exclude<SegmentRead, { kind: 'stale' }>
  | {
      readonly kind: 'again'
      readonly position: number
      readonly previousEndOffset: number
      readonly wantBytes: number
    }

function walk(state: LogState, segment: Segment, input: Walk): WalkOutcome {
  const { buffer, length, start, endPosition, request } = input
  const { verified } = segment
  const verifiedEnd = input.isSettled ? verified.endFrom(start.position) : start.position
  let at = 0
  let from = -1
  let startOffset = 0
  let previous = start.previousEndOffset
  while (at < length) {
    const position = start.position + at
    const left = length - at
    const isCut = left < RECORD_BATCH_HEADER_BYTES || batchSizeInBytes(buffer, at) > left
    if (isCut) {
      if (from >= 0) break
      const need = left < RECORD_BATCH_HEADER_BYTES ? 0 : batchSizeInBytes(buffer, at)
      return cutBatch(input, { at, need, previous })
    }
    const size = batchSizeInBytes(buffer, at)
    const proven = at === 0 ? start.lastOffset : NOT_PROVEN
    const reason = checkPlace(state, segment, { buffer, at, position, previous, proven })
    if (reason !== null) {
      if (from >= 0) break
      return { kind: 'suspicious', position, reason }
    }
    const lastOffset = batchLastOffset(buffer, at)
    if (lastOffset >= request.limitOffset) break
    if (lastOffset >= request.fromOffset) {
      if (from < 0 && size > request.maxBytes && !request.minOneBatch) return { kind: 'too large' }
      if (from >= 0 && at + size - from > request.maxBytes) break
      if (position + size > verifiedEnd && !verifyBatchCrc(buffer, at)) {
        if (from >= 0) break
        return { kind: 'suspicious', position, reason: 'checksum mismatch' }
      }
      if (from < 0) {
        from = at
        startOffset = batchBaseOffset(buffer, at)
      }
    }
    previous = lastOffset + 1
    at += size
  }
  if (from < 0) {
    // All of it lies below the offset: the file may go on.
    const isAtEnd = start.position + at >= endPosition || at < length
    if (isAtEnd) return { kind: 'nothing' }
    if (input.isShort) {
      return { kind: 'suspicious', position: start.position + at, reason: 'the file is too short' }
    }
    return {
      kind: 'again',
      position: start.position + at,
      previousEndOffset: previous,
      wantBytes: Math.max(Math.min(request.maxBytes, MAX_READ_BYTES), WALK_BYTES),
    }
  }
  if (input.isSettled) {
    verified.add(start.position + from, start.position + at, state.context.env.clock.monotonicMs())
  }
  segment.hintOffset = previous
  segment.hintPosition = start.position + at
  return { kind: 'data', buffer, from, to: at, startOffset, endOffset: previous }
}

/** The buffer ends inside of the batch: read again from there, with room for all of it. */
function cutBatch(
  input: Walk,
  cut: { readonly at: number; readonly need: number; readonly previous: number },
): WalkOutcome {
  const position = input.start.position + cut.at
  const room = input.endPosition - position
  if (room < RECORD_BATCH_HEADER_BYTES || cut.need > Math.min(room, MAX_BATCH_BYTES)) {
    return { kind: 'suspicious', position, reason: 'a batch beyond the end' }
  }
  const { maxBytes, minOneBatch, fromOffset } = input.request
  // The header is not proven here; what it says only decides how much is read and proven next.
  if (input.isShort) return { kind: 'suspicious', position, reason: 'the file is too short' }
  const isWanted = cut.need > 0 && batchLastOffset(input.buffer, cut.at) >= fromOffset
  if (isWanted && !minOneBatch && cut.need > maxBytes) return { kind: 'too large' }
  // At the very start nothing before it proves the place: the index entry has to be looked at again.
  const askedBytes = Math.min(maxBytes, MAX_READ_BYTES)
  const wantBytes = Math.max(cut.need, RECORD_BATCH_HEADER_BYTES, askedBytes)
  if (cut.at === 0 && wantBytes <= input.length) {
    return { kind: 'suspicious', position, reason: 'a batch that does not end' }
  }
  if (cut.at === 0 && input.start.previousEndOffset === NOT_PROVEN) {
    const { buffer } = input
    if (cut.need === 0 || batchLastOffset(buffer, 0) !== input.start.lastOffset) {
      return { kind: 'suspicious', position, reason: 'the offset index is wrong' }
    }
    return { kind: 'again', position, previousEndOffset: batchBaseOffset(buffer, 0), wantBytes }
  }
  return { kind: 'again', position, previousEndOffset: cut.previous, wantBytes }
}

interface Place {
  readonly buffer: Buffer
  readonly at: number
  readonly position: number
  readonly previous: number
  readonly proven: number
}

/** What the checksum does not cover: base offset, length, epoch, magic. Null: it fits. */
function checkPlace(state: LogState, segment: Segment, place: Place): string | null {
  const { buffer, at } = place
  if (batchMagic(buffer, at) !== RECORD_BATCH_MAGIC) return 'wrong magic'
  if (batchSizeInBytes(buffer, at) < RECORD_BATCH_HEADER_BYTES) return 'impossible length'
  if (batchLastOffsetDelta(buffer, at) < 0) return 'negative offset delta'
  const baseOffset = batchBaseOffset(buffer, at)
  const lastOffset = batchLastOffset(buffer, at)
  if (lastOffset >= segment.endOffset) return 'an offset beyond the segment'
  if (place.previous === NOT_PROVEN) {
    if (lastOffset !== place.proven) return 'the offset index is wrong'
  } else if (baseOffset !== place.previous) {
    const isKnownGap =
      baseOffset > place.previous &&
      state.mayHaveGaps &&
      segment.offsetIndex?.has(lastOffset - segment.baseOffset, place.position) === true
    if (!isKnownGap) return `offset ${baseOffset} where ${place.previous} is expected`
  }
  const epoch = batchLeaderEpoch(buffer, at)
  const known = state.epochs.epochForOffset(Math.max(baseOffset, state.startOffset))
  // Epochs below the log's start were forgotten.
  const fits = epoch === known || (baseOffset < state.startOffset && epoch < known)
  if (!fits && epoch !== -1) return `epoch ${epoch} where ${known} is expected`
  return null
}

function damageAt(segment: Segment, offset: number): DamagedRange | null {
  for (const range of segment.damage ?? []) {
    if (range.fromOffset <= offset && offset < range.toOffset) return range
  }
  return null
}

/** Reads stop in front of known damage. */
function readableEnd(segment: Segment, position: number): number {
  let end = segment.writtenBytes
  for (const range of segment.damage ?? []) {
    if (range.fromPosition >= position) end = Math.min(end, range.fromPosition)
  }
  return end
}

interface BytesRead {
  /** -1: the segment has gone. */
  readonly length: number
  readonly isSettled: boolean
}

async function readAt(
  state: LogState,
  segment: Segment,
  buffer: Buffer,
  range: { readonly length: number; readonly position: number },
): Promise<BytesRead> {
  if (segment.isDeleted || state.isGone) return { length: -1, isSettled: false }
  const { clock } = state.context.env
  const reference = segment.fileReference(state.directory)
  const file = state.context.files.acquire(reference)
  try {
    const startedMs = clock.monotonicMs()
    const length = await readFully(file, buffer, range.length, range.position)
    const stamp = file.stampSync()
    const isSettled =
      stamp !== null && segment.verified.noteStamp(stamp, startedMs, clock.monotonicMs())
    return { length, isSettled }
  } finally {
    state.context.files.release(reference)
  }
}

/** Where the first batch begins that ends at or above `offset`, and where the one before it ends. */
export async function positionOf(
  state: LogState,
  segment: Segment,
  offset: number,
): Promise<{ readonly position: number; readonly previousEndOffset: number }> {
  const index = segment.offsetIndex
  // One entry further back, so that the end of the batch before is seen.
  const entry = index === null ? -1 : index.floor(offset - 1 - segment.baseOffset)
  let position = index === null || entry < 0 ? 0 : index.positionAt(entry)
  let previousEndOffset = segment.baseOffset
  const buffer = state.context.readBuffers.acquire(RECORD_BATCH_HEADER_BYTES)
  try {
    while (position + RECORD_BATCH_HEADER_BYTES <= segment.writtenBytes) {
      const range = { length: RECORD_BATCH_HEADER_BYTES, position }
      const { length } = await readAt(state, segment, buffer, range)
      if (length < RECORD_BATCH_HEADER_BYTES) break
      const hop = (segment.damage ?? []).find(each => each.fromPosition === position)
      if (hop !== undefined) {
        // Nothing in it can be believed: the batches before it end where it begins.
        if (hop.toOffset > offset) return { position, previousEndOffset: hop.fromOffset }
        position = hop.toPosition
        previousEndOffset = hop.toOffset
        continue
      }
      const size = batchSizeInBytes(buffer, 0)
      if (size < RECORD_BATCH_HEADER_BYTES || batchLastOffset(buffer, 0) >= offset) break
      previousEndOffset = batchLastOffset(buffer, 0) + 1
      position += size
    }
  } finally {
    state.context.readBuffers.release(buffer)
  }
  return { position, previousEndOffset }
}
