// Read: from the tail in memory at once, from the segment files otherwise; aborted transactions for
// those who ask. What is damaged is an error at its offset, and everything around it is served.
//
// Invariants: only whole batches below `limitOffset`; after each await the log may have been cut,
// cleaned or closed, so the read begins again (a bounded number of times).

import { DiskError } from '@weir/core'
import { batchBaseOffset, batchLastOffset, batchSizeInBytes } from '@weir/protocol'
import { isOutOfSpace } from './checkpoint-file.ts'
import { abortedIn, abortedInMemory } from './log-aborted.ts'
import { examineSegment } from './log-damage.ts'
import { type LogState, retryIfChanged } from './log-state.ts'
import type {
  AbortedTransaction,
  Failed,
  LogErrorName,
  ReadOutcome,
  ReadRequest,
  ReadResult,
} from './log-types.ts'
import { readSegment } from './segment-read.ts'
import { positionInChunk, type TailChunk } from './tail-memory.ts'

const MAX_ATTEMPTS = 20

class MemoryRead implements ReadResult {
  readonly kind = 'read'
  readonly chunks: Buffer[] = []
  startOffset: number
  endOffset: number
  bytes = 0
  abortedTransactions: readonly AbortedTransaction[] | null = null
  readonly #held: TailChunk[] = []

  constructor(fromOffset: number) {
    this.startOffset = fromOffset
    this.endOffset = fromOffset
  }

  add(chunk: TailChunk, from: number, to: number, endOffset: number): void {
    if (this.bytes === 0) this.startOffset = batchBaseOffset(chunk.buffer, from)
    this.chunks.push(chunk.buffer.subarray(from, to))
    this.bytes += to - from
    this.endOffset = endOffset
    chunk.users++
    this.#held.push(chunk)
  }

  release(): void {
    for (const chunk of this.#held) chunk.owner.release(chunk)
    this.#held.length = 0
  }
}

class DiskRead implements ReadResult {
  readonly kind = 'read'
  readonly chunks: readonly Buffer[]
  readonly startOffset: number
  readonly endOffset: number
  readonly bytes: number
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  #free: (() => void) | null

  constructor(
    chunk: Buffer,
    range: { readonly startOffset: number; readonly endOffset: number },
    aborted: readonly AbortedTransaction[] | null,
    free: () => void,
  ) {
    this.chunks = [chunk]
    this.bytes = chunk.length
    this.startOffset = range.startOffset
    this.endOffset = range.endOffset
    this.abortedTransactions = aborted
    this.#free = free
  }

  /** A second call does nothing: the buffer may be somebody else's by then. */
  release(): void {
    const free = this.#free
    this.#free = null
    free?.()
  }
}

export function read(state: LogState, request: ReadRequest): ReadOutcome | Promise<ReadOutcome> {
  const refused = checkRequest(state, request)
  if (refused !== null) return refused
  const { tail } = state
  const limitOffset = Math.min(request.limitOffset, state.endOffset)
  if (request.fromOffset >= limitOffset) return nothing(request)
  const index = tail === null ? -1 : tail.indexOf(request.fromOffset)
  if (tail === null || index < 0) return readFromDisk(state, request)
  const result = readTail(state, request, limitOffset, index)
  if (request.withAborted !== true || result.bytes === 0) return result
  const aborted = abortedInMemory(state, request.fromOffset, result.endOffset)
  if (aborted === null) return withAborted(state, request, result)
  result.abortedTransactions = aborted
  return result
}

function checkRequest(state: LogState, request: ReadRequest): Failed | null {
  if (state.isGone || state.context.directory.failure !== null) {
    return failed('KAFKA_STORAGE_ERROR', `${state.topic}-${state.partitionIndex} is offline`)
  }
  const { fromOffset } = request
  if (fromOffset < state.startOffset || fromOffset > state.endOffset) {
    return failed(
      'OFFSET_OUT_OF_RANGE',
      `offset ${fromOffset} is not within ${state.startOffset} to ${state.endOffset}`,
    )
  }
  return null
}

function nothing(request: ReadRequest): ReadResult {
  const result = new MemoryRead(request.fromOffset)
  if (request.withAborted === true) result.abortedTransactions = []
  return result
}

function readTail(
  state: LogState,
  request: ReadRequest,
  limitOffset: number,
  firstIndex: number,
): MemoryRead {
  const result = new MemoryRead(request.fromOffset)
  if (request.withAborted === true) result.abortedTransactions = []
  const { tail } = state
  let room = request.maxBytes
  for (let index = firstIndex; ; index++) {
    const chunk = tail?.chunkAt(index)
    if (chunk === undefined || chunk.baseOffset >= limitOffset) break
    const from = index === firstIndex ? positionInChunk(chunk, request.fromOffset) : 0
    const isFirst = result.bytes === 0 && request.minOneBatch
    const to = endInChunk(chunk, from, { room, limitOffset, isFirst })
    if (to.at > from) result.add(chunk, from, to.at, to.endOffset)
    room -= to.at - from
    if (to.at < chunk.end) break
  }
  return result
}

/** The end of the last whole batch that is wanted. */
function endInChunk(
  chunk: TailChunk,
  from: number,
  limits: { readonly room: number; readonly limitOffset: number; readonly isFirst: boolean },
): { readonly at: number; readonly endOffset: number } {
  const { buffer } = chunk
  // Mostly all of it is wanted.
  if (chunk.end - from <= limits.room && chunk.endOffset <= limits.limitOffset) {
    return { at: chunk.end, endOffset: chunk.endOffset }
  }
  let at = from
  let endOffset = chunk.baseOffset
  while (at < chunk.end) {
    const size = batchSizeInBytes(buffer, at)
    const lastOffset = batchLastOffset(buffer, at)
    if (lastOffset >= limits.limitOffset) break
    if (at + size - from > limits.room && !(limits.isFirst && at === from)) break
    at += size
    endOffset = lastOffset + 1
  }
  return { at, endOffset }
}

async function withAborted(
  state: LogState,
  request: ReadRequest,
  result: MemoryRead,
): Promise<ReadOutcome> {
  try {
    const { endOffset } = result
    const find = () => abortedIn(state, request.fromOffset, endOffset)
    result.abortedTransactions = await retryIfChanged(state, find)
    return result
  } catch (error) {
    result.release()
    return storageFailure(state, error)
  }
}

async function readFromDisk(state: LogState, request: ReadRequest): Promise<ReadOutcome> {
  try {
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const outcome = await retryIfChanged(state, () => attemptRead(state, request))
      if (outcome !== 'again') return outcome
      const refused = checkRequest(state, request)
      if (refused !== null) return refused
    }
  } catch (error) {
    return storageFailure(state, error)
  }
  return failed('KAFKA_STORAGE_ERROR', `${state.directoryName} changes too fast to be read`)
}

async function attemptRead(state: LogState, request: ReadRequest): Promise<ReadOutcome | 'again'> {
  let index = Math.max(0, state.floorSegment(request.fromOffset))
  for (;;) {
    const segment = state.segments[index]
    if (segment === undefined) return nothing(request)
    const outcome = await readSegment(state, segment, request)
    switch (outcome.kind) {
      case 'stale':
        return 'again'
      case 'too large':
        return nothing(request)
      case 'damaged': {
        const { fromOffset, toOffset } = outcome.range
        return failed('CORRUPT_MESSAGE', `offsets ${fromOffset} to ${toOffset} are damaged`)
      }
      case 'suspicious':
        if (await examineSegment(state, segment, outcome)) return 'again'
        return failed('CORRUPT_MESSAGE', `${outcome.reason} at ${segment.baseOffset}`)
      case 'nothing': {
        const next = state.segments[index + 1]
        const missing = next !== undefined ? missingBetween(state, segment, request) : null
        if (missing !== null) return missing
        if (next === undefined || next.baseOffset >= request.limitOffset) return nothing(request)
        if (state.tail?.indexOf(next.baseOffset) === 0) return nothing(request)
        index++
        break
      }
      case 'data':
        return await finishDiskRead(state, request, outcome)
    }
  }
}

/** A segment whose damage reaches to its end has a range for it: then the offset is in it. */
function missingBetween(
  _state: LogState,
  segment: { readonly damage: readonly { fromOffset: number; toOffset: number }[] | null },
  request: ReadRequest,
): Failed | null {
  for (const range of segment.damage ?? []) {
    if (request.fromOffset < range.fromOffset || request.fromOffset >= range.toOffset) continue
    return failed('CORRUPT_MESSAGE', `offsets ${range.fromOffset} to ${range.toOffset} are damaged`)
  }
  return null
}

async function finishDiskRead(
  state: LogState,
  request: ReadRequest,
  data: {
    readonly buffer: Buffer
    readonly from: number
    readonly to: number
    readonly startOffset: number
    readonly endOffset: number
  },
): Promise<ReadOutcome> {
  const free = () => state.context.readBuffers.release(data.buffer)
  try {
    const aborted =
      request.withAborted === true
        ? await abortedIn(state, request.fromOffset, data.endOffset)
        : null
    return new DiskRead(data.buffer.subarray(data.from, data.to), data, aborted, free)
  } catch (error) {
    free()
    throw error
  }
}

function storageFailure(state: LogState, error: unknown): Failed {
  if (!(error instanceof DiskError)) throw error
  if (state.isGone) return failed('KAFKA_STORAGE_ERROR', error.message)
  if (error.code === 'EMFILE' || error.code === 'ENFILE') {
    return failed('KAFKA_STORAGE_ERROR', error.message)
  }
  if (error.code !== 'EBUSY' && !isOutOfSpace(error)) state.context.directory.goOffline(error)
  return failed('KAFKA_STORAGE_ERROR', error.message)
}

function failed(error: LogErrorName, message: string): Failed {
  return { kind: 'failed', error, message }
}
