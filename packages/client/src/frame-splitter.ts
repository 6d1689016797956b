// Bytes of a connection -> whole frames without their size prefix. A frame that arrived in one chunk
// is a slice of it; one that came in pieces is joined once. Announced sizes are never allocated ahead.

/** Larger answers than a broker can send: the peer is not a Kafka broker. */
const MAX_FRAME_BYTES = 512 * 1024 * 1024
const SIZE_BYTES = 4

export class FrameSplitter {
  #chunks: Buffer[] = []
  #bufferedBytes = 0
  /** Bytes of the frame that is being collected, with its prefix; 0 while that is not known. */
  #wantedBytes = 0

  /** Calls `onFrame` for every frame that is complete now; false if a size makes no sense. */
  push(chunk: Buffer, onFrame: (frame: Buffer) => void): boolean {
    this.#chunks.push(chunk)
    this.#bufferedBytes += chunk.length
    while (this.#bufferedBytes >= Math.max(this.#wantedBytes, SIZE_BYTES)) {
      const data = this.#joined()
      const size = data.readInt32BE(0)
      if (size < SIZE_BYTES || size > MAX_FRAME_BYTES) return false
      this.#wantedBytes = SIZE_BYTES + size
      if (data.length < this.#wantedBytes) return true
      const rest = data.subarray(this.#wantedBytes)
      const frame = data.subarray(SIZE_BYTES, this.#wantedBytes)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#bufferedBytes = rest.length
      this.#wantedBytes = 0
      onFrame(frame)
    }
    return true
  }

  #joined(): Buffer {
    const [only] = this.#chunks
    const data =
      this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks)
    this.#chunks = [data]
    return data
  }
}
