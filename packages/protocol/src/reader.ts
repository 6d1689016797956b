// Reads the primitive types of the wire format from one frame. Invariant: never beyond `end`, and
// nothing is thrown but DecodeError. Lengths and counts are checked before anything is made.

import { MAX_ELEMENTS } from './schema.ts'
import { readUuid, UUID_BYTES } from './uuid.ts'

/** Bytes from outside that do not follow the format. The request gets INVALID_REQUEST or its connection is closed. */
export class DecodeError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'DecodeError'
  }
}

const SHORT_TEXT_BYTES = 16
/** Kafka's limit, also where the length prefix could say more. */
const MAX_STRING_BYTES = 32_767
/** A broken byte is read as U+FFFD, which takes three when it is sent on. */
const REPLACEMENT_BYTES = 3

export class Reader {
  readonly #buffer: Buffer
  readonly #end: number
  #at: number
  #elementsLeft: number

  /**
   * Reads from `start` (inclusive) to `end` (exclusive). `maxElements` bounds the array elements of
   * all arrays together: 100 MiB of three-byte elements would become gigabytes of objects.
   */
  constructor(buffer: Buffer, start = 0, end = buffer.length, maxElements = MAX_ELEMENTS) {
    this.#buffer = buffer
    this.#elementsLeft = maxElements
    this.#at = start
    this.#end = end
  }

  /** Position of the next byte in the buffer. */
  get offset(): number {
    return this.#at
  }

  get remaining(): number {
    return this.#end - this.#at
  }

  skip(byteCount: number): void {
    this.#take(byteCount)
  }

  bool(): boolean {
    return this.#buffer[this.#take(1)] !== 0
  }

  int8(): number {
    return ((this.#buffer[this.#take(1)] as number) << 24) >> 24
  }

  int16(): number {
    const at = this.#take(2)
    const buffer = this.#buffer
    return (((buffer[at] as number) << 24) >> 16) | (buffer[at + 1] as number)
  }

  uint16(): number {
    const at = this.#take(2)
    const buffer = this.#buffer
    return ((buffer[at] as number) << 8) | (buffer[at + 1] as number)
  }

  int32(): number {
    return this.#word(this.#take(4))
  }

  int64(): number {
    const at = this.#take(8)
    const value = this.#word(at) * 0x1_0000_0000 + (this.#word(at + 4) >>> 0)
    if (!Number.isSafeInteger(value)) {
      throw new DecodeError(`int64 ${this.#buffer.readBigInt64BE(at)} at ${at} is beyond 2^53`)
    }
    return value
  }

  looseInt64(): number {
    const at = this.#take(8)
    return this.#word(at) * 0x1_0000_0000 + (this.#word(at + 4) >>> 0)
  }

  bigint64(): bigint {
    return this.#buffer.readBigInt64BE(this.#take(8))
  }

  float64(): number {
    return this.#buffer.readDoubleBE(this.#take(8))
  }

  uuid(): string {
    return readUuid(this.#buffer, this.#take(UUID_BYTES))
  }

  /** At most five bytes and 32 bits. */
  unsignedVarint(): number {
    const buffer = this.#buffer
    const start = this.#at
    let at = start
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= this.#end) throw this.#tooShort(1)
      const byte = buffer[at++] as number
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) {
        this.#at = at
        return value >>> 0
      }
    }
    throw new DecodeError(`varint at ${start} is longer than 32 bits`)
  }

  string(): string {
    const length = this.int16()
    if (length < 0) throw this.#null('string')
    return this.#text(length)
  }

  nullableString(): string | null {
    const length = this.int16()
    return length < 0 ? this.#onlyMinusOne(length) : this.#text(length)
  }

  compactString(): string {
    const length = this.unsignedVarint()
    if (length === 0) throw this.#null('string')
    return this.#text(length - 1)
  }

  compactNullableString(): string | null {
    const length = this.unsignedVarint()
    return length === 0 ? null : this.#text(length - 1)
  }

  bytes(): Buffer {
    const length = this.int32()
    if (length < 0) throw this.#null('bytes')
    return this.#slice(length)
  }

  nullableBytes(): Buffer | null {
    const length = this.int32()
    return length < 0 ? this.#onlyMinusOne(length) : this.#slice(length)
  }

  compactBytes(): Buffer {
    const length = this.unsignedVarint()
    if (length === 0) throw this.#null('bytes')
    return this.#slice(length - 1)
  }

  compactNullableBytes(): Buffer | null {
    const length = this.unsignedVarint()
    return length === 0 ? null : this.#slice(length - 1)
  }

  /** The count of an array whose elements take at least `minBytes` each. */
  count(minBytes: number): number {
    const count = this.int32()
    if (count < 0) throw this.#null('array')
    return this.#checkCount(count, minBytes)
  }

  /** As `count`, with -1 for null. */
  nullableCount(minBytes: number): number {
    const count = this.int32()
    if (count < 0) {
      this.#onlyMinusOne(count)
      return -1
    }
    return this.#checkCount(count, minBytes)
  }

  compactCount(minBytes: number): number {
    const count = this.unsignedVarint()
    if (count === 0) throw this.#null('array')
    return this.#checkCount(count - 1, minBytes)
  }

  compactNullableCount(minBytes: number): number {
    const count = this.unsignedVarint()
    return count === 0 ? -1 : this.#checkCount(count - 1, minBytes)
  }

  /** The marker byte before a nullable struct. */
  isPresent(): boolean {
    return this.int8() >= 0
  }

  /** The number of tagged fields: each has a tag and a size of one byte or more. */
  tagCount(): number {
    const count = this.unsignedVarint()
    if (count > this.remaining >> 1) throw this.#tooShort(count * 2)
    return count
  }

  /** The size of one tagged field, which is known to be there. */
  tagSize(): number {
    const size = this.unsignedVarint()
    if (size > this.remaining) throw this.#tooShort(size)
    return size
  }

  /** After a known tagged field: its content ended where its size said. */
  expectAt(offset: number): void {
    if (this.#at !== offset) {
      throw new DecodeError(`tagged field ends at ${this.#at}, its size says ${offset}`)
    }
  }

  skipTags(): void {
    const count = this.tagCount()
    for (let i = 0; i < count; i++) {
      this.unsignedVarint()
      this.skip(this.tagSize())
    }
  }

  #take(byteCount: number): number {
    const at = this.#at
    if (byteCount > this.#end - at) throw this.#tooShort(byteCount)
    this.#at = at + byteCount
    return at
  }

  #word(at: number): number {
    const buffer = this.#buffer
    return (
      ((buffer[at] as number) << 24) |
      ((buffer[at + 1] as number) << 16) |
      ((buffer[at + 2] as number) << 8) |
      (buffer[at + 3] as number)
    )
  }

  #slice(length: number): Buffer {
    const at = this.#take(length)
    return this.#buffer.subarray(at, at + length)
  }

  #text(length: number): string {
    const at = this.#take(length)
    if (length > SHORT_TEXT_BYTES) return this.#longText(at, length)
    // Below this size a loop over ASCII is quicker than the call into the runtime.
    const buffer = this.#buffer
    let text = ''
    for (let i = at; i < at + length; i++) {
      const byte = buffer[i] as number
      if (byte >= 0x80) return buffer.toString('utf8', at, at + length)
      text += String.fromCharCode(byte)
    }
    return text
  }

  /** What is accepted here can be sent on in any version: 32,767 bytes at most, also when repaired. */
  #longText(at: number, length: number): string {
    const text = this.#buffer.toString('utf8', at, at + length)
    if (length * REPLACEMENT_BYTES <= MAX_STRING_BYTES) return text
    if (length > MAX_STRING_BYTES || Buffer.byteLength(text) > MAX_STRING_BYTES) {
      throw new DecodeError(`string of ${length} bytes at ${at} is too long`)
    }
    return text
  }

  #checkCount(count: number, minBytes: number): number {
    if (count * minBytes > this.#end - this.#at) throw this.#tooShort(count * minBytes)
    this.#elementsLeft -= count
    if (this.#elementsLeft < 0) {
      throw new DecodeError(`too many array elements in one message, ${count} before ${this.#at}`)
    }
    return count
  }

  #onlyMinusOne(length: number): null {
    if (length !== -1) throw new DecodeError(`length ${length} before ${this.#at}`)
    return null
  }

  #null(what: string): DecodeError {
    return new DecodeError(`null or negative ${what} before ${this.#at}`)
  }

  #tooShort(byteCount: number): DecodeError {
    return new DecodeError(
      `${byteCount} bytes needed at ${this.#at}, ${this.#end - this.#at} are left`,
    )
  }
}
