// Bytes of a connection into frames (docs/traps.md H1): an int32 size, then that many bytes. The
// announced size is checked, never allocated: chunks are kept as they came and joined once, when all
// of them are there. A frame inside one chunk is a slice of it.
//
// A large frame would take too long to join in one go (100 MB: 100 ms, mostly page faults). When a part of
// it has arrived its memory is asked for, which costs nothing before it is written to, and every
// further chunk is copied as it comes.
//
// A frame of 1 MiB or more whose API can read it as it comes is given to a FrameStream chunk by chunk, and
// is never one buffer.
//
// Bounded by its user, who stops feeding it: it holds at most one frame and what came behind it.

import { DecodeError } from '@weir/protocol'
import type { FrameStream } from './frame-stream.ts'

const SIZE_BYTES = 4
/** API key and version: what has to be there for a frame to be streamed, or not. */
const START_BYTES = 4
const STREAMED_FRAME_BYTES = 1024 * 1024
const LARGE_FRAME_BYTES = 4 * 1024 * 1024
/** Share of a large frame that has to be there before memory is asked for all of it. */
const JOINS_FROM = 1 / 64

/** The bytes cannot be read any further. */
export class FrameError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FrameError'
  }
}

/** What reads a large frame that begins with these bytes; null if all of it is waited for. */
export type BeginStream = (start: Buffer, frameBytes: number) => FrameStream | null

export class FrameAssembler {
  readonly #maxFrameBytes: number
  #chunks: Buffer[] = []
  /** Bytes of the first chunk that were taken already. */
  #headOffset = 0
  #bytes = 0
  /** Size of the frame that is being collected; -1 while that is unknown. */
  #frameBytes = -1
  /** A large frame, as far as it has come; null while there is none. */
  #joined: Buffer | null = null
  #joinedBytes = 0
  readonly #beginStream: BeginStream
  /** The frame is one that might be streamed; nobody was asked yet. */
  #isUndecided = false
  #stream: FrameStream | null = null
  #missingBytes = 0
  #droppedBytes = 0
  #failure: FrameError | null = null

  constructor(maxFrameBytes: number, beginStream: BeginStream = () => null) {
    this.#maxFrameBytes = maxFrameBytes
    this.#beginStream = beginStream
  }

  /** Bytes that were pushed, not taken as frames, and not dropped. */
  get heldBytes(): number {
    return this.#bytes
  }

  /** A part of a frame has come, or more. */
  get isMidFrame(): boolean {
    return this.#bytes > 0 || this.#stream !== null
  }

  /** Each chunk of a large frame takes its time: others should have their turn in between. */
  get isJoining(): boolean {
    return this.#joined !== null || this.#stream !== null
  }

  /** What is to come of a frame that is streamed; 0 if there is none. */
  get missingBytes(): number {
    return this.#missingBytes
  }

  /** How many bytes were dropped since this was asked last. */
  takeDroppedBytes(): number {
    const dropped = this.#droppedBytes
    this.#droppedBytes = 0
    return dropped
  }

  /** Of a streamed frame nothing is looked at after the call. */
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#bytes += chunk.length
    if (this.#missingBytes > 0) {
      const taken = this.#pushToStream(chunk)
      if (taken < chunk.length) this.#keep(chunk.subarray(taken))
      return
    }
    const taken = this.#joined === null ? 0 : this.#join(this.#joined, chunk)
    if (taken < chunk.length) this.#keep(taken === 0 ? chunk : chunk.subarray(taken))
  }

  #keep(chunk: Buffer): void {
    const last = this.#chunks.at(-1)
    if (last !== undefined && isGapless(last, chunk)) {
      // One behind the other in memory, as bulk senders are read: together they are one chunk.
      const length = last.length + chunk.length
      this.#chunks[this.#chunks.length - 1] = Buffer.from(last.buffer, last.byteOffset, length)
    } else {
      this.#chunks.push(chunk)
    }
  }

  /**
   * The next whole frame without its size, or null. Throws FrameError for a size that is not
   * positive or above the limit: the stream cannot be read any further.
   */
  take(): Buffer | null {
    if (this.#frameBytes === -1) {
      if (this.#bytes < SIZE_BYTES) return null
      this.#frameBytes = this.#takeSize()
    }
    if (this.#failure !== null) throw this.#failure
    if (this.#stream !== null) return null
    if (this.#joined !== null) return this.#takeJoined(this.#joined)
    if (this.#isUndecided) {
      if (this.#bytes < START_BYTES) return null
      this.#isUndecided = false
      if (this.#maybeStream()) return this.take()
    }
    if (this.#bytes < this.#frameBytes) {
      const isDue = this.#frameBytes >= LARGE_FRAME_BYTES
      if (isDue && this.#bytes >= this.#frameBytes * JOINS_FROM) this.#beginJoin()
      return null
    }
    const frame = this.#takeBytes(this.#frameBytes)
    this.#frameBytes = -1
    return frame
  }

  /** A frame that was streamed, and is whole. */
  takeStream(): FrameStream | null {
    const stream = this.#stream
    if (stream === null || this.#missingBytes > 0) return null
    this.#bytes -= stream.frameBytes - stream.droppedBytes
    this.#stream = null
    this.#frameBytes = -1
    return stream
  }

  #maybeStream(): boolean {
    const start = this.#peek(START_BYTES)
    const stream = this.#beginStream(start, this.#frameBytes)
    if (stream === null) return false
    this.#stream = stream
    this.#missingBytes = this.#frameBytes
    while (this.#missingBytes > 0 && this.#chunks.length > 0) {
      const chunk = (this.#chunks.shift() as Buffer).subarray(this.#headOffset)
      this.#headOffset = 0
      const taken = this.#pushToStream(chunk)
      if (taken < chunk.length) this.#chunks.unshift(chunk.subarray(taken))
    }
    return true
  }

  /** Answers how much of the chunk belongs to the frame. */
  #pushToStream(chunk: Buffer): number {
    const stream = this.#stream as FrameStream
    const taken = Math.min(chunk.length, this.#missingBytes)
    this.#missingBytes -= taken
    const droppedBefore = stream.droppedBytes
    try {
      stream.push(taken === chunk.length ? chunk : chunk.subarray(0, taken))
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      this.#failure = new FrameError(`request that does not parse: ${error.message}`)
    }
    const dropped = stream.droppedBytes - droppedBefore
    this.#bytes -= dropped
    this.#droppedBytes += dropped
    return taken
  }

  #beginJoin(): void {
    const joined = Buffer.allocUnsafeSlow(this.#frameBytes)
    this.#joined = joined
    this.#joinedBytes = 0
    for (const chunk of this.#chunks) {
      this.#join(joined, chunk.subarray(this.#headOffset))
      this.#headOffset = 0
    }
    this.#chunks = []
  }

  /** Answers how much of the chunk belongs to the frame. */
  #join(joined: Buffer, chunk: Buffer): number {
    const copied = chunk.copy(joined, this.#joinedBytes)
    this.#joinedBytes += copied
    return copied
  }

  #takeJoined(joined: Buffer): Buffer | null {
    if (this.#joinedBytes < joined.length) return null
    this.#bytes -= joined.length
    this.#joined = null
    this.#frameBytes = -1
    return joined
  }

  #takeSize(): number {
    const size = this.#takeBytes(SIZE_BYTES).readInt32BE(0)
    if (size <= 0 || size > this.#maxFrameBytes) {
      const hint = size === HTTP_GET ? ' (an HTTP request?)' : size === TLS_HELLO ? ' (TLS?)' : ''
      throw new FrameError(`frame size ${size}${hint}, allowed 1 to ${this.#maxFrameBytes}`)
    }
    this.#isUndecided = size >= STREAMED_FRAME_BYTES
    return size
  }

  /** The next bytes, which are there. */
  #peek(count: number): Buffer {
    const first = (this.#chunks[0] as Buffer).subarray(this.#headOffset)
    if (first.length >= count) return first.subarray(0, count)
    return Buffer.concat([first, ...this.#chunks.slice(1)]).subarray(0, count)
  }

  /** The caller has checked that the bytes are there. */
  #takeBytes(count: number): Buffer {
    const first = this.#chunks[0] as Buffer
    const available = first.length - this.#headOffset
    if (available >= count) {
      const slice = first.subarray(this.#headOffset, this.#headOffset + count)
      this.#advance(count)
      return slice
    }
    const joined = Buffer.allocUnsafeSlow(count)
    let filled = 0
    while (filled < count) {
      const chunk = this.#chunks[0] as Buffer
      const end = Math.min(chunk.length, this.#headOffset + count - filled)
      const copied = chunk.copy(joined, filled, this.#headOffset, end)
      filled += copied
      this.#advance(copied)
    }
    return joined
  }

  #advance(count: number): void {
    this.#bytes -= count
    this.#headOffset += count
    if (this.#headOffset === (this.#chunks[0] as Buffer).length) {
      this.#chunks.shift()
      this.#headOffset = 0
    }
  }
}

function isGapless(a: Buffer, b: Buffer): boolean {
  return a.buffer === b.buffer && a.byteOffset + a.length === b.byteOffset
}

/** "GET " as a big-endian integer. */
const HTTP_GET = 0x47455420
/** The first bytes of a TLS 1.x ClientHello record, with a length high byte of 2. */
const TLS_HELLO = 0x16030102
