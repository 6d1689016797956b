// Writes the primitive types of the wire format into a list of chunks. Small things go into slabs
// that later messages share; record chunks of 4 KiB and more are only referenced.
//
// Invariants: bytes of a slab are written once; what `finish` returned is never touched again, so
// it may wait in a socket. A returned slice keeps its slab alive: copy what has to live long.

import { assert } from '@weir/core'
import { EncodeError } from './encode-error.ts'
import { UUID_BYTES, writeUuid } from './uuid.ts'

const SLAB_BYTES = 65_536
/** A larger byte string is referenced, not copied. */
const REFERENCE_MIN_BYTES = 4_096
/** Kafka's limit, also for compact strings. */
const MAX_STRING_BYTES = 32_767
const SHORT_TEXT_CHARACTERS = 24
const MAX_INT64 = 0x7fff_ffff_ffff_ffffn
const MIN_INT64 = -0x8000_0000_0000_0000n
const TWO_32 = 0x1_0000_0000

/** Where the size of a frame goes; see `beginFrame`. */
export interface FrameMark {
  readonly slab: Buffer
  readonly at: number
}

/** Where a sized section began; see `beginSized`. */
export interface SizeMark {
  readonly chunkCount: number
  readonly at: number
  readonly byteCount: number
}

export class Writer {
  #slab: Buffer
  /** Where the piece that is being written begins in the slab. */
  #start = 0
  #at = 0
  #chunks: Buffer[] = []
  #chunkBytes = 0

  constructor(firstSlabBytes = SLAB_BYTES) {
    this.#slab = Buffer.allocUnsafeSlow(firstSlabBytes)
  }

  /** Bytes written since the last `finish`. */
  get byteCount(): number {
    return this.#chunkBytes + this.#at - this.#start
  }

  /** Hands out everything written since the last call, and starts afresh. */
  finish(): Buffer[] {
    this.#cut()
    const chunks = this.#chunks
    this.#chunks = []
    this.#chunkBytes = 0
    return chunks
  }

  /** As `finish`, joined into one buffer (a copy only if there is more than one chunk). */
  finishJoined(): Buffer {
    const chunks = this.finish()
    const only = chunks.length === 1 ? chunks[0] : undefined
    return only ?? Buffer.concat(chunks)
  }

  /** Drops what was written since the last `finish`: after an encoder has thrown. */
  reset(): void {
    this.#start = this.#at
    this.#chunks = []
    this.#chunkBytes = 0
  }

  bool(value: boolean): void {
    this.int8(value ? 1 : 0)
  }

  int8(value: number): void {
    const at = this.#reserve(1)
    this.#slab[at] = value
  }

  int16(value: number): void {
    const at = this.#reserve(2)
    const slab = this.#slab
    slab[at] = value >> 8
    slab[at + 1] = value
  }

  uint16(value: number): void {
    this.int16(value)
  }

  int32(value: number): void {
    this.#word(this.#reserve(4), value)
  }

  /** A safe integer. */
  int64(value: number): void {
    const at = this.#reserve(8)
    this.#word(at, Math.floor(value / TWO_32))
    this.#word(at + 4, value)
  }

  /** Any integral number, clamped to 64 bits. */
  looseInt64(value: number): void {
    if (Number.isSafeInteger(value)) {
      this.int64(value)
      return
    }
    const exact = BigInt(value)
    this.bigint64(exact > MAX_INT64 ? MAX_INT64 : exact < MIN_INT64 ? MIN_INT64 : exact)
  }

  bigint64(value: bigint): void {
    const at = this.#reserve(8)
    this.#slab.writeBigInt64BE(value, at)
  }

  float64(value: number): void {
    const at = this.#reserve(8)
    this.#slab.writeDoubleBE(value, at)
  }

  uuid(text: string): void {
    const at = this.#reserve(UUID_BYTES)
    if (!writeUuid(this.#slab, at, text)) throw new EncodeError(`not a uuid: ${text}`)
  }

  unsignedVarint(value: number): void {
    let at = this.#reserve(5)
    const slab = this.#slab
    let rest = value
    while (rest > 0x7f) {
      slab[at++] = (rest & 0x7f) | 0x80
      rest >>>= 7
    }
    slab[at++] = rest
    this.#at = at
  }

  string(text: string): void {
    if (this.#shortAscii(text, false)) return
    const byteCount = stringBytes(text)
    this.int16(byteCount)
    this.#text(text, byteCount)
  }

  compactString(text: string): void {
    if (this.#shortAscii(text, true)) return
    const byteCount = stringBytes(text)
    this.unsignedVarint(byteCount + 1)
    this.#text(text, byteCount)
  }

  bytes(value: Uint8Array): void {
    this.int32(value.length)
    this.append(value)
  }

  compactBytes(value: Uint8Array): void {
    this.unsignedVarint(value.length + 1)
    this.append(value)
  }

  records(value: Buffer | readonly Buffer[]): void {
    this.int32(recordBytes(value))
    this.#appendAll(value)
  }

  compactRecords(value: Buffer | readonly Buffer[]): void {
    this.unsignedVarint(recordBytes(value) + 1)
    this.#appendAll(value)
  }

  /** Bytes without a length: copied if they are few, referenced otherwise. */
  append(value: Uint8Array): void {
    if (value.length < REFERENCE_MIN_BYTES) {
      const at = this.#reserve(value.length)
      this.#slab.set(value, at)
      return
    }
    this.#cut()
    this.#chunks.push(
      Buffer.isBuffer(value)
        ? value
        : Buffer.from(value.buffer, value.byteOffset, value.byteLength),
    )
    this.#chunkBytes += value.length
  }

  /** Four bytes for the size of all that follows, filled in by `endFrame`. At the start only. */
  beginFrame(): FrameMark {
    const at = this.#reserve(4)
    return { slab: this.#slab, at }
  }

  endFrame({ slab, at }: FrameMark): void {
    slab.writeInt32BE(this.byteCount - 4, at)
  }

  /** Starts a section with its size in front as a varint; `endSized` puts the size there. */
  beginSized(): SizeMark {
    const at = this.#reserve(1)
    return { chunkCount: this.#chunks.length, at, byteCount: this.byteCount }
  }

  endSized(mark: SizeMark): void {
    const size = this.byteCount - mark.byteCount
    const extra = varintBytes(size) - 1
    if (mark.chunkCount !== this.#chunks.length) {
      this.#insertSize(mark, size)
      return
    }
    if (extra > 0) {
      const before = this.#slab
      this.#reserve(extra)
      // The slab was full: the section is the last chunk now.
      if (this.#slab !== before) {
        this.#at -= extra
        this.#insertSize(mark, size)
        return
      }
      this.#slab.copyWithin(mark.at + 1 + extra, mark.at + 1, this.#at - extra)
    }
    putVarint(this.#slab, mark.at, size)
  }

  /** The section went over several chunks: the first of them is split around its size. */
  #insertSize(mark: SizeMark, size: number): void {
    const first = this.#chunks[mark.chunkCount]
    assert(first !== undefined, 'sized section without a chunk')
    const sizeBytes = Buffer.allocUnsafe(varintBytes(size))
    putVarint(sizeBytes, 0, size)
    const split = first.length - (this.#chunkBytesUpTo(mark.chunkCount + 1) - mark.byteCount)
    const pieces = [first.subarray(0, split - 1), sizeBytes, first.subarray(split)]
    this.#chunks.splice(mark.chunkCount, 1, ...pieces)
    this.#chunkBytes += sizeBytes.length - 1
  }

  #chunkBytesUpTo(count: number): number {
    let sum = 0
    for (let i = 0; i < count; i++) sum += this.#chunks[i]?.length ?? 0
    return sum
  }

  #appendAll(value: Buffer | readonly Buffer[]): void {
    if (Buffer.isBuffer(value)) this.append(value)
    else for (const chunk of value) this.append(chunk)
  }

  /** Room for `byteCount` bytes; where they begin in the slab. */
  #reserve(byteCount: number): number {
    if (this.#at + byteCount > this.#slab.length) this.#newSlab(byteCount)
    const at = this.#at
    this.#at = at + byteCount
    return at
  }

  #newSlab(byteCount: number): void {
    this.#cut()
    this.#slab = Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, byteCount))
    this.#start = 0
    this.#at = 0
  }

  /** Ends the current piece of the slab as a chunk. */
  #cut(): void {
    if (this.#at === this.#start) return
    this.#chunks.push(this.#slab.subarray(this.#start, this.#at))
    this.#chunkBytes += this.#at - this.#start
    this.#start = this.#at
  }

  #word(at: number, value: number): void {
    const slab = this.#slab
    slab[at] = value >> 24
    slab[at + 1] = value >> 16
    slab[at + 2] = value >> 8
    slab[at + 3] = value
  }

  /** Length and text, if it is short ASCII; otherwise nothing is written and the answer is false. */
  #shortAscii(text: string, compact: boolean): boolean {
    const length = text.length
    if (length > SHORT_TEXT_CHARACTERS) return false
    const prefix = compact ? 1 : 2
    const start = this.#reserve(prefix + length)
    const slab = this.#slab
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code >= 0x80) {
        this.#at = start
        return false
      }
      slab[start + prefix + i] = code
    }
    if (compact) {
      slab[start] = length + 1
    } else {
      slab[start] = 0
      slab[start + 1] = length
    }
    return true
  }

  #text(text: string, byteCount: number): void {
    const at = this.#reserve(byteCount)
    this.#slab.write(text, at, byteCount, 'utf8')
  }
}

function stringBytes(text: string): number {
  const byteCount = Buffer.byteLength(text)
  if (byteCount > MAX_STRING_BYTES)
    throw new EncodeError(`a string of ${byteCount} bytes is too long`)
  return byteCount
}

/** A text for people, cut to what a string can hold. */
export function clipped(text: string): string {
  if (text.length * 3 <= MAX_STRING_BYTES || Buffer.byteLength(text) <= MAX_STRING_BYTES)
    return text
  return `${text.slice(0, CLIPPED_CHARACTERS)}...`
}

/** Three bytes each at most, with room for the dots. */
const CLIPPED_CHARACTERS = 10_000

function recordBytes(value: Buffer | readonly Buffer[]): number {
  if (Buffer.isBuffer(value)) return value.length
  let sum = 0
  for (const chunk of value) sum += chunk.length
  return sum
}

function varintBytes(value: number): number {
  if (value < 0x80) return 1
  if (value < 0x4000) return 2
  if (value < 0x20_0000) return 3
  return value < 0x1000_0000 ? 4 : 5
}

function putVarint(buffer: Buffer, start: number, value: number): void {
  let at = start
  let rest = value
  while (rest > 0x7f) {
    buffer[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  buffer[at] = rest
}
