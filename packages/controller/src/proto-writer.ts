// Writes protobuf into one growing buffer. protobufjs's writer keeps a list of operations, which is
// most of the time when a hundred thousand small records are encoded.

const FIRST_BYTES = 256

export class ProtoWriter {
  #bytes = Buffer.allocUnsafe(FIRST_BYTES)
  #length = 0

  /** Up to 2^53. */
  varint(value: number): void {
    this.#reserve(8)
    let rest = value
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#bytes[this.#length++] = rest
  }

  /** 32 bits, zigzag. */
  sint32(value: number): void {
    this.varint(((value << 1) ^ (value >> 31)) >>> 0)
  }

  /** Length and bytes. */
  string(text: string): void {
    const length = Buffer.byteLength(text)
    this.varint(length)
    this.#reserve(length)
    this.#length += this.#bytes.write(text, this.#length)
  }

  /** Begins something that is preceded by its length; `end` needs what this answers. */
  begin(): number {
    this.#reserve(1)
    return this.#length++
  }

  end(start: number): void {
    const length = this.#length - start - 1
    if (length < 0x80) {
      this.#bytes[start] = length
      return
    }
    // Rare: the length needs more than the byte that was kept free for it.
    const body = Buffer.from(this.#bytes.subarray(start + 1, this.#length))
    this.#length = start
    this.varint(length)
    this.#reserve(length)
    body.copy(this.#bytes, this.#length)
    this.#length += length
  }

  /** All that was written; the writer must not be used any more. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  #reserve(count: number): void {
    if (this.#length + count <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + count))
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}
