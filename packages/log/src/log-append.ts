// Append: checks headers and sequences, assigns offsets, patches them into the batch, takes it into
// the tail. Synchronous; nothing is written here (log-write.ts does, at the end of the turn).
//
// Invariants: a refused append changes nothing; offsets grow by whole batches; with replication the
// offsets and epochs are the leader's and must fit what the log has.

import { DiskError } from '@weir/core'
import {
  batchAttributes,
  batchBaseOffset,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLeaderEpoch,
  batchMagic,
  batchMaxTimestamp,
  batchProducerId,
  batchSizeInBytes,
  isControl,
  isLogAppendTime,
  RECORD_BATCH_HEADER_BYTES,
  RECORD_BATCH_MAGIC,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchLogAppendTime,
  verifyBatchCrc,
} from '@weir/protocol'
import { type EndMarker, endMarkerOf } from './control-batch.ts'
import { loadActiveIndexesSync } from './index-files.ts'
import type { LogState } from './log-state.ts'
import type { AppendOptions, AppendOutcome, Failed, LogErrorName } from './log-types.ts'
import { encodeProducers, loadProducersSync } from './producer-files.ts'
import { MAX_RELATIVE_OFFSET, Segment } from './segment.ts'
import { TailMemory } from './tail-memory.ts'

/** Appends the whole batches in `records`; the buffer belongs to the log from now on. */
export function append(state: LogState, records: Buffer, options: AppendOptions): AppendOutcome {
  if (state.refusal !== null) return refusedBy(state)
  const malformed = checkHeaders(records)
  if (malformed !== null) return malformed
  const unprepared = prepare(state)
  if (unprepared !== null) return unprepared
  if (options.origin === 'replication') return appendReplicated(state, records, options)
  return appendAsLeader(state, records, options)
}

function refusedBy({ directoryName, refusal }: LogState): Failed {
  const reason = refusal === 'disk full' ? 'cannot grow, its disk is full' : `is ${refusal}`
  return failed('KAFKA_STORAGE_ERROR', `${directoryName} ${reason}`)
}

/** Every batch has to be whole and of magic 2; the contents were validated by the caller. */
function checkHeaders(b: Buffer): Failed | null {
  let at = 0
  while (at < b.length) {
    if (b.length - at < RECORD_BATCH_HEADER_BYTES) {
      return failed('CORRUPT_MESSAGE', `${b.length - at} bytes are no record batch`)
    }
    const size = batchSizeInBytes(b, at)
    if (size < RECORD_BATCH_HEADER_BYTES || size > b.length - at) {
      return failed('CORRUPT_MESSAGE', `batch of ${size} bytes, ${b.length - at} are there`)
    }
    if (batchMagic(b, at) !== RECORD_BATCH_MAGIC) {
      return failed('INVALID_RECORD', `magic ${batchMagic(b, at)} is not supported`)
    }
    if (batchLastOffsetDelta(b, at) < 0) {
      return failed('INVALID_RECORD', `last offset delta ${batchLastOffsetDelta(b, at)}`)
    }
    at += size
  }
  return at === 0 ? failed('INVALID_RECORD', 'no batch') : null
}

/** Loads what an idle log does not keep in memory. */
function prepare(state: LogState): Failed | null {
  if (state.activeSegment.offsetIndex !== null && state.producers !== null) return null
  try {
    if (state.activeSegment.offsetIndex === null) loadActiveIndexesSync(state)
    if (state.producers === null && !loadProducersSync(state)) return refusedBy(state)
    return null
  } catch (error) {
    if (!(error instanceof DiskError)) throw error
    state.context.directory.goOffline(error)
    return failed('KAFKA_STORAGE_ERROR', error.message)
  }
}

function appendAsLeader(state: LogState, b: Buffer, options: AppendOptions): AppendOutcome {
  const { producers } = state
  const size = batchSizeInBytes(b, 0)
  if (size !== b.length) return failed('INVALID_RECORD', 'more than one batch')
  if (size > state.config.segmentBytes) {
    return failed('RECORD_LIST_TOO_LARGE', `batch of ${size} bytes does not fit a segment`)
  }
  const { latestEpoch } = state.epochs
  if (options.leaderEpoch < latestEpoch) {
    return failed(
      'FENCED_LEADER_EPOCH',
      `append at epoch ${options.leaderEpoch} refused, the log is at epoch ${latestEpoch}`,
    )
  }
  const marker = isControl(batchAttributes(b, 0)) ? readMarker(b, 0) : null
  if (marker === 'damaged') return failed('CORRUPT_MESSAGE', 'a control batch that does not parse')
  if (batchProducerId(b, 0) >= 0 && producers !== null) {
    const check = producers.check(b, 0, options.origin, marker)
    if (check.kind === 'refused') return failed(check.error, check.message)
    if (check.kind === 'duplicate') {
      return {
        kind: 'duplicate',
        baseOffset: check.batch.firstOffset,
        lastOffset: check.batch.lastOffset,
        logAppendTimeMs: state.config.isLogAppendTime ? check.batch.timestamp : -1,
        logStartOffset: state.startOffset,
      }
    }
  }
  const baseOffset = state.endOffset
  setBatchBaseOffset(b, 0, baseOffset)
  setBatchLeaderEpoch(b, 0, options.leaderEpoch)
  let logAppendTimeMs = -1
  if (state.config.isLogAppendTime) {
    logAppendTimeMs = options.nowMs
    if (!isLogAppendTime(batchAttributes(b, 0)) || batchMaxTimestamp(b, 0) !== logAppendTimeMs) {
      setBatchLogAppendTime(b, 0, logAppendTimeMs)
    }
  }
  const lastOffset = batchLastOffset(b, 0)
  take(state, b, { at: 0, marker, nowMs: options.nowMs })
  schedule(state)
  return {
    kind: 'appended',
    baseOffset,
    lastOffset,
    logAppendTimeMs,
    logStartOffset: state.startOffset,
  }
}

function appendReplicated(state: LogState, b: Buffer, options: AppendOptions): AppendOutcome {
  let expected = state.endOffset
  // An epoch in which this broker led and wrote nothing is no past of what the leader has here (R4).
  const isBefore = batchLeaderEpoch(b, 0) < state.epochs.latestEpoch
  if (isBefore && state.epochs.truncateFromEnd(expected)) state.isCheckpointDurable = false
  let epoch = state.epochs.latestEpoch
  for (let at = 0; at < b.length; at += batchSizeInBytes(b, at)) {
    const baseOffset = batchBaseOffset(b, at)
    const batchEpoch = batchLeaderEpoch(b, at)
    if (baseOffset < expected) {
      return failed('OFFSET_OUT_OF_RANGE', `batch at ${baseOffset}, the log ends at ${expected}`)
    }
    // Both are outside the checksum: what is out of order is damage (R5, D3).
    if (batchEpoch < epoch || batchEpoch > options.leaderEpoch) {
      return failed(
        'CORRUPT_MESSAGE',
        `batch at ${baseOffset} of epoch ${batchEpoch} after ${epoch}, leader's is ${options.leaderEpoch}`,
      )
    }
    if (isControl(batchAttributes(b, at)) && readMarker(b, at) === 'damaged') {
      return failed('CORRUPT_MESSAGE', 'a control batch that does not parse')
    }
    if (!verifyBatchCrc(b, at)) {
      return failed('CORRUPT_MESSAGE', `batch at ${baseOffset} does not fit its checksum`)
    }
    expected = batchLastOffset(b, at) + 1
    epoch = batchEpoch
  }
  const baseOffset = batchBaseOffset(b, 0)
  for (let at = 0; at < b.length; ) {
    const size = batchSizeInBytes(b, at)
    const marker = readMarker(b, at)
    take(state, b, { at, marker: marker === 'damaged' ? null : marker, nowMs: options.nowMs })
    at += size
  }
  schedule(state)
  return {
    kind: 'appended',
    baseOffset,
    lastOffset: state.endOffset - 1,
    logAppendTimeMs: -1,
    logStartOffset: state.startOffset,
  }
}

function readMarker(b: Buffer, at: number): EndMarker | null | 'damaged' {
  if (!isControl(batchAttributes(b, at))) return null
  try {
    return endMarkerOf(b, at)
  } catch {
    // The caller turns it into an error for whoever sent the batch.
    return 'damaged'
  }
}

interface Taken {
  readonly at: number
  readonly marker: EndMarker | null
  readonly nowMs: number
}

/** The batch at `at` is accepted: it becomes a part of the log. */
function take(state: LogState, b: Buffer, taken: Taken): void {
  const { at, marker } = taken
  const bytes = batchSizeInBytes(b, at)
  const baseOffset = batchBaseOffset(b, at)
  const lastOffset = baseOffset + batchLastOffsetDelta(b, at)
  const maxTimestamp = batchMaxTimestamp(b, at)
  if (mustRoll(state, { bytes, lastOffset, maxTimestamp, nowMs: taken.nowMs })) {
    // At the end of the log, not at the batch's base: between segments nothing may seem to be missing.
    const fits = lastOffset - state.endOffset <= MAX_RELATIVE_OFFSET
    roll(state, fits ? state.endOffset : baseOffset, taken.nowMs)
  }
  const segment = state.activeSegment
  state.tail ??= new TailMemory(state.context.tailBudget)
  state.tail.append(segment, segment.bytes, b, at, bytes)
  const isAfterGap = baseOffset !== state.endOffset
  if (isAfterGap && !state.mayHaveGaps) {
    state.mayHaveGaps = true
    state.isCheckpointDurable = false
  }
  segment.add({ lastOffset, bytes, maxTimestamp, isAfterGap }, state.config.indexIntervalBytes)
  const { producers } = state
  if (batchProducerId(b, at) >= 0 && producers !== null) {
    const aborted = producers.update(b, at, marker)
    state.hasNoProducers = false
    if (aborted !== null) {
      segment.aborted?.push(aborted)
      segment.abortedCount++
    }
  }
  if (state.epochs.assign(batchLeaderEpoch(b, at), baseOffset)) state.isCheckpointDurable = false
  state.endOffset = lastOffset + 1
  state.lastAppendMs = taken.nowMs
  state.isDirty = true
  state.wasIdle = false
}

interface RollQuestion {
  readonly bytes: number
  readonly lastOffset: number
  readonly maxTimestamp: number
  readonly nowMs: number
}

const OFFSET_ENTRY_BYTES = 8
const TIME_ENTRY_BYTES = 12

/** By bytes, offset range, full index, age (D11); an empty segment is never closed but by range. */
function mustRoll(state: LogState, question: RollQuestion): boolean {
  const segment = state.activeSegment
  const { config } = state
  if (!segment.canHold(question.lastOffset)) return true
  if (segment.bytes === 0) return false
  if (segment.bytes + question.bytes > config.segmentBytes) return true
  const offsetBytes = segment.offsetIndex?.sizeInBytes ?? 0
  const timeBytes = segment.timeIndex?.sizeInBytes ?? 0
  if (offsetBytes + OFFSET_ENTRY_BYTES > config.maxIndexBytes) return true
  if (timeBytes + TIME_ENTRY_BYTES > config.maxIndexBytes) return true
  const ageMs =
    segment.firstTimestamp >= 0 && question.maxTimestamp >= 0
      ? question.maxTimestamp - segment.firstTimestamp
      : question.nowMs - segment.createdMs
  const segmentMs = config.cleanupCompact
    ? Math.min(config.segmentMs, config.maxCompactionLagMs)
    : config.segmentMs
  return ageMs > segmentMs - config.segmentJitterMs * jitterOf(state, segment)
}

/** In [0, 1), the same for a segment each time it is asked: logs made together do not roll together. */
function jitterOf(state: LogState, segment: Segment): number {
  const mixed = Math.imul(segment.createdMs + segment.baseOffset, 0x9e3779b1) ^ state.partitionIndex
  return (Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) >>> 0) / 2 ** 32
}

/** Closes the active segment and begins a new one at `baseOffset`; the files follow later. */
export function roll(state: LogState, baseOffset: number, nowMs: number): void {
  const closed = state.activeSegment
  closed.appendTimeEntry()
  const segment = new Segment(baseOffset, nowMs)
  segment.startIndexes()
  if (closed.bytes === 0) {
    // Nothing in it: the new one takes its place.
    state.segments[state.segments.length - 1] = segment
    return
  }
  const { producers } = state
  if (producers !== null) {
    producers.expire(nowMs, state.config.producerIdExpirationMs)
    state.seals ??= []
    const { cutEpoch } = state
    state.seals.push({ segment: closed, producers: encodeProducers(producers), cutEpoch })
  }
  state.segments.push(segment)
}

function schedule(state: LogState): void {
  if (state.isWriteScheduled || state.isWriting) return
  state.isWriteScheduled = true
  state.context.writes.add(state)
}

function failed(error: LogErrorName, message: string): Failed {
  return { kind: 'failed', error, message }
}
