// Bytes as they come from a socket, read as a stream: answers of megabytes are walked without being
// put together.

export class ByteStream {
  #chunks: Buffer[] = []
  #at = 0
  #length = 0

  /** Bytes that are there and not yet read. */
  get length(): number {
    return this.#length
  }

  push(chunk: Buffer): void {
    // Invariant: no chunk in the list is empty, or has been read to its end.
    if (chunk.length === 0) return
    this.#chunks.push(chunk)
    this.#length += chunk.length
  }

  /** The next bytes; null, and nothing read, if there are fewer. */
  read(count: number): Buffer | null {
    if (count > this.#length) return null
    const first = this.#chunks[0]
    if (first !== undefined && this.#at + count <= first.length) {
      const bytes = first.subarray(this.#at, this.#at + count)
      this.skip(count)
      return bytes
    }
    const bytes = Buffer.allocUnsafe(count)
    let filled = 0
    while (filled < count) {
      const chunk = this.#chunks[0] as Buffer
      const end = Math.min(chunk.length, this.#at + count - filled)
      filled += chunk.copy(bytes, filled, this.#at, end)
      this.skip(end - this.#at)
    }
    return bytes
  }

  /** Passes over up to `count` bytes and answers how many there were. */
  skip(count: number): number {
    let left = Math.min(count, this.#length)
    const skipped = left
    this.#length -= left
    while (left > 0) {
      const chunk = this.#chunks[0] as Buffer
      const here = Math.min(left, chunk.length - this.#at)
      this.#at += here
      left -= here
      if (this.#at < chunk.length) break
      this.#chunks.shift()
      this.#at = 0
    }
    return skipped
  }
}
