// Bytes of a connection into frames (correctness.md H1): an int32 size, then that many bytes. The
// announced size is checked, never allocated: chunks are kept as they came and joined once, when all
// of them are there. A frame inside one chunk is a slice of it.
//
// A large frame would take too long to join in one go (100 MB: 100 ms, mostly page faults). When a part of
// it has arrived its memory is asked for, which costs nothing before it is written to, and every
// further chunk is copied as it comes.
//
// Bounded by its user, who stops feeding it: it holds at most one frame and what came behind it.

const SIZE_BYTES = 4
const LARGE_FRAME_BYTES = 4 * 1024 * 1024
/** Share of a large frame that has to be there before memory is asked for all of it. */
const JOINS_FROM = 1 / 64

export class FrameSizeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'FrameSizeError'
  }
}

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

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes
  }

  /** Bytes that were pushed and not taken as frames. */
  get heldBytes(): number {
    return this.#bytes
  }

  /** Each chunk of a large frame takes its time: others should have their turn in between. */
  get isJoining(): boolean {
    return this.#joined !== null
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#bytes += chunk.length
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
   * The next whole frame without its size, or null. Throws FrameSizeError for a size that is not
   * positive or above the limit: the stream cannot be read any further.
   */
  take(): Buffer | null {
    if (this.#frameBytes === -1) {
      if (this.#bytes < SIZE_BYTES) return null
      this.#frameBytes = this.#takeSize()
    }
    if (this.#joined !== null) return this.#takeJoined(this.#joined)
    if (this.#bytes < this.#frameBytes) {
      const isDue = this.#frameBytes >= LARGE_FRAME_BYTES
      if (isDue && this.#bytes >= this.#frameBytes * JOINS_FROM) this.#beginJoin()
      return null
    }
    const frame = this.#takeBytes(this.#frameBytes)
    this.#frameBytes = -1
    return frame
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
      throw new FrameSizeError(`frame size ${size}${hint}, allowed 1 to ${this.#maxFrameBytes}`)
    }
    return size
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
