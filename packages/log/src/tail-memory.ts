// The newest bytes of a log in memory: what is not written yet, and behind it what was written and is
// kept for readers at the tail, within a budget of bytes that all logs share.
//
// Small batches are copied into blocks of an arena (a slice would pin the socket chunk it came in);
// large ones stay in their frame. Invariants: chunks are in offset order and their batches are whole;
// within a segment chunks are contiguous in the file; only chunks that are written are dropped; a
// block goes back to the pool when it was dropped and nobody reads from it any more; the bytes
// counted in the budget are those that are allocated, not those used.

import { assert } from '@weir/core'
import { batchBaseOffset, batchLastOffset, batchSizeInBytes } from '@weir/protocol'
import type { Segment } from './segment.ts'

/**
 * Batches from this size on stay in their frame. Below, blocks that go round are cheaper than memory
 * that is new for each batch: at 100 KB a batch 1.5 against 2.9 CPU s/GB, 165 against 236 MB.
 */
const FRAME_BATCH_BYTES = 128 * 1024
const SMALLEST_BLOCK_BYTES = 4 * 1024
const LARGEST_BLOCK_BYTES = 256 * 1024
/** A batch's place is remembered every so many bytes, so that finding one is a short walk. */
const MARK_BYTES = 4 * 1024
/** One part in so many of the budget is kept for blocks that wait to be used again. */
const FREE_SHARE = 4

export class TailChunk {
  readonly owner: TailMemory
  readonly segment: Segment
  /** Position in the segment file of `buffer[0]`. */
  readonly position: number
  readonly buffer: Buffer
  readonly isBlock: boolean
  readonly baseOffset: number
  /** Exclusive. */
  endOffset: number
  /** Bytes used; the last batch ends here. */
  end = 0
  /** Readers that have slices of it under way. */
  users = 0
  isDropped = false
  /** Null as long as the chunk is so short that it is walked from its start. */
  marks: { readonly offsets: number[]; readonly positions: number[] } | null = null

  constructor(owner: TailMemory, segment: Segment, position: number, source: ChunkSource) {
    this.owner = owner
    this.segment = segment
    this.position = position
    this.buffer = source.buffer
    this.isBlock = source.isBlock
    this.baseOffset = source.baseOffset
    this.endOffset = source.baseOffset
  }
}

interface ChunkSource {
  readonly buffer: Buffer
  readonly isBlock: boolean
  readonly baseOffset: number
}

/** The budget of all tails of a node. */
export class TailBudget {
  readonly #limitBytes: number
  /** Part of the limit: blocks that go round, since new memory costs more than the copy into it. */
  readonly #maxFreeBytes: number
  /** In the order of creation; the first are dropped first. */
  readonly #chunks = new Set<TailChunk>()
  readonly #freeBlocks: Buffer[] = []
  #usedBytes = 0
  #freeBytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
    this.#maxFreeBytes = Math.floor(limitBytes / FREE_SHARE)
  }

  /** Of all tails, and of blocks that wait to be used again. */
  get usedBytes(): number {
    return this.#usedBytes + this.#freeBytes
  }

  takeBlock(bytes: number): Buffer {
    if (bytes === LARGEST_BLOCK_BYTES) {
      const pooled = this.#freeBlocks.pop()
      if (pooled !== undefined) {
        this.#freeBytes -= pooled.length
        return pooled
      }
    }
    return Buffer.allocUnsafeSlow(bytes)
  }

  add(chunk: TailChunk): void {
    this.#chunks.add(chunk)
    this.#usedBytes += chunk.buffer.length
  }

  /** Drops the oldest chunks that are written until the rest fits. */
  trim(): void {
    while (this.#usedBytes + this.#freeBytes > this.#limitBytes) {
      const free = this.#freeBlocks.pop()
      if (free === undefined) break
      this.#freeBytes -= free.length
    }
    const maxUsedBytes = this.#limitBytes - this.#maxFreeBytes
    if (this.#usedBytes <= maxUsedBytes) return
    for (const chunk of this.#chunks) {
      if (this.#usedBytes <= maxUsedBytes) return
      // Dropping in the order of creation never leaves a hole in a log: what is not written stops it.
      chunk.owner.dropWrittenUpTo(chunk)
    }
  }

  remove(chunk: TailChunk): void {
    if (!this.#chunks.delete(chunk)) return
    this.#usedBytes -= chunk.buffer.length
    chunk.isDropped = true
    if (chunk.users === 0) this.recycle(chunk)
  }

  recycle(chunk: TailChunk): void {
    if (!chunk.isBlock || chunk.buffer.length !== LARGEST_BLOCK_BYTES) return
    const bytes = chunk.buffer.length
    if (this.#freeBytes + bytes > this.#maxFreeBytes) return
    this.#freeBlocks.push(chunk.buffer)
    this.#freeBytes += bytes
  }
}

/** What a gather write takes: consecutive bytes of one segment. */
export interface Gather {
  readonly segment: Segment
  readonly position: number
  readonly buffers: Buffer[]
  readonly bytes: number
  /** The offset after the last batch of it. */
  readonly endOffset: number
}

export class TailMemory {
  readonly #budget: TailBudget
  readonly #chunks: TailChunk[] = []
  /** The first chunk with bytes that are not written, and how many of its bytes are. */
  #writeIndex = 0
  #writeAt = 0
  #unwrittenBytes = 0
  #nextBlockBytes = SMALLEST_BLOCK_BYTES

  constructor(budget: TailBudget) {
    this.#budget = budget
  }

  get unwrittenBytes(): number {
    return this.#unwrittenBytes
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  /** The first offset that is in memory; Infinity if there is none. */
  get startOffset(): number {
    return this.#chunks[0]?.baseOffset ?? Number.POSITIVE_INFINITY
  }

  /** Takes in whole batches `b[at, at + bytes)`, which go to `position` of the segment's file. */
  append(segment: Segment, position: number, b: Buffer, at: number, bytes: number): void {
    const isLarge = bytes >= FRAME_BATCH_BYTES
    const chunk = isLarge
      ? this.#frameChunk(segment, position, b, at, bytes)
      : this.#blockChunk(segment, position, b, at, bytes)
    const start = chunk.end
    if (chunk.isBlock) b.copy(chunk.buffer, start, at, at + bytes)
    chunk.end = start + bytes
    this.#unwrittenBytes += bytes
    for (let walk = start; walk < chunk.end; walk += batchSizeInBytes(chunk.buffer, walk)) {
      this.#mark(chunk, walk)
    }
    this.#budget.trim()
  }

  #mark(chunk: TailChunk, at: number): void {
    const { marks } = chunk
    const last = marks === null ? 0 : (marks.positions[marks.positions.length - 1] ?? 0)
    if (at - last >= MARK_BYTES) {
      chunk.marks ??= { offsets: [], positions: [] }
      chunk.marks.offsets.push(batchBaseOffset(chunk.buffer, at))
      chunk.marks.positions.push(at)
    }
    chunk.endOffset = batchLastOffset(chunk.buffer, at) + 1
  }

  #frameChunk(segment: Segment, position: number, b: Buffer, at: number, bytes: number): TailChunk {
    // A slice pins its whole memory: it is kept only if it is most of it.
    const isMost = bytes * 2 >= b.buffer.byteLength
    const buffer = isMost ? b.subarray(at, at + bytes) : Buffer.from(b.subarray(at, at + bytes))
    return this.#add(segment, position, {
      buffer,
      isBlock: false,
      baseOffset: batchBaseOffset(buffer, 0),
    })
  }

  #blockChunk(segment: Segment, position: number, b: Buffer, at: number, bytes: number): TailChunk {
    const last = this.#chunks[this.#chunks.length - 1]
    if (
      last?.isBlock === true &&
      last.segment === segment &&
      last.position + last.end === position &&
      last.end + bytes <= last.buffer.length
    ) {
      return last
    }
    while (this.#nextBlockBytes < bytes) this.#nextBlockBytes *= 2
    const buffer = this.#budget.takeBlock(this.#nextBlockBytes)
    this.#nextBlockBytes = Math.min(LARGEST_BLOCK_BYTES, this.#nextBlockBytes * 2)
    return this.#add(segment, position, {
      buffer,
      isBlock: true,
      baseOffset: batchBaseOffset(b, at),
    })
  }

  #add(segment: Segment, position: number, source: ChunkSource): TailChunk {
    const chunk = new TailChunk(this, segment, position, source)
    this.#chunks.push(chunk)
    this.#budget.add(chunk)
    return chunk
  }

  /** The next bytes to write, of one segment, at most about `maxBytes`; null if all is written. */
  gather(maxBytes: number, maxBuffers: number): Gather | null {
    let index = this.#writeIndex
    let at = this.#writeAt
    while (index < this.#chunks.length && at === this.#chunks[index]?.end) {
      index++
      at = 0
    }
    const first = this.#chunks[index]
    if (first === undefined) return null
    const buffers: Buffer[] = []
    let bytes = 0
    let endOffset = first.baseOffset
    const position = first.position + at
    for (; index < this.#chunks.length && buffers.length < maxBuffers; index++) {
      const chunk = this.#chunks[index]
      if (chunk === undefined || chunk.segment !== first.segment || bytes >= maxBytes) break
      buffers.push(chunk.buffer.subarray(at, chunk.end))
      bytes += chunk.end - at
      endOffset = chunk.endOffset
      at = 0
    }
    return { segment: first.segment, position, buffers, bytes, endOffset }
  }

  /** The first `bytes` of what was not written are now. */
  markWritten(bytes: number): void {
    assert(bytes <= this.#unwrittenBytes, 'more written than there was')
    this.#unwrittenBytes -= bytes
    let rest = bytes
    while (rest > 0) {
      const chunk = this.#chunks[this.#writeIndex]
      assert(chunk !== undefined, 'written bytes of no chunk')
      const step = Math.min(rest, chunk.end - this.#writeAt)
      this.#writeAt += step
      rest -= step
      if (this.#writeAt < chunk.end || this.#writeIndex === this.#chunks.length - 1) break
      this.#writeIndex++
      this.#writeAt = 0
    }
    assert(rest === 0, 'written bytes beyond the tail', { rest })
  }

  /** Drops this chunk and all before it, as far as they are written. */
  dropWrittenUpTo(chunk: TailChunk): void {
    let drop = 0
    for (; drop < this.#chunks.length; drop++) {
      const each = this.#chunks[drop]
      if (each === undefined || !this.#isWritten(drop, each)) break
      this.#budget.remove(each)
      if (each === chunk) {
        drop++
        break
      }
    }
    if (drop === 0) return
    this.#chunks.splice(0, drop)
    this.#writeIndex -= drop
    if (this.#writeIndex < 0) {
      this.#writeIndex = 0
      this.#writeAt = 0
    }
    if (this.#chunks.length === 0) this.#nextBlockBytes = SMALLEST_BLOCK_BYTES
  }

  /** Drops what ends at or below the offset: those bytes were replaced or removed. */
  dropBelow(endOffset: number): void {
    let last: TailChunk | null = null
    for (const chunk of this.#chunks) {
      if (chunk.endOffset > endOffset) break
      last = chunk
    }
    if (last !== null) this.dropWrittenUpTo(last)
  }

  #isWritten(index: number, chunk: TailChunk): boolean {
    if (index !== this.#writeIndex) return index < this.#writeIndex
    return this.#writeAt === chunk.end
  }

  /** Drops everything, written or not: after a truncation, a failed write, at the end. */
  clear(): void {
    for (const chunk of this.#chunks) this.#budget.remove(chunk)
    this.#chunks.length = 0
    this.#writeIndex = 0
    this.#writeAt = 0
    this.#unwrittenBytes = 0
    this.#nextBlockBytes = SMALLEST_BLOCK_BYTES
  }

  /** The chunk with the batch that contains `offset`, or the next one after it; -1 if not here. */
  indexOf(offset: number): number {
    if (offset < this.startOffset) return -1
    let low = 0
    let high = this.#chunks.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#chunks[middle]?.endOffset ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    return low === this.#chunks.length ? -1 : low
  }

  chunkAt(index: number): TailChunk | undefined {
    return this.#chunks[index]
  }

  release(chunk: TailChunk): void {
    chunk.users--
    assert(chunk.users >= 0, 'a tail chunk released too often')
    if (chunk.users === 0 && chunk.isDropped) this.#budget.recycle(chunk)
  }
}

/** Where in the chunk the batch begins that contains `offset`, or the first one after it. */
export function positionInChunk(chunk: TailChunk, offset: number): number {
  const { marks, buffer } = chunk
  let at = 0
  if (marks !== null) {
    let low = 0
    let high = marks.offsets.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((marks.offsets[middle] ?? 0) <= offset) low = middle + 1
      else high = middle
    }
    if (low > 0) at = marks.positions[low - 1] ?? 0
  }
  while (at < chunk.end && batchLastOffset(buffer, at) < offset) at += batchSizeInBytes(buffer, at)
  return at
}
