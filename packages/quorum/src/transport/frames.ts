// Bytes of a connection -> whole frames, without their size. Announced sizes are not allocated ahead.

import { FRAME_SIZE_BYTES } from '@weir/protocol'
import { MAX_FRAME_BYTES } from './private-api.ts'

export class FrameCollector {
  #chunks: Buffer[] = []
  #bytes = 0

  /** The frames that are complete now; null if a size makes no sense: close the connection. */
  push(chunk: Buffer): Buffer[] | null {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    const frames: Buffer[] = []
    for (;;) {
      if (this.#bytes < FRAME_SIZE_BYTES) return frames
      const data = this.#joined(FRAME_SIZE_BYTES)
      const size = data.readInt32BE(0)
      if (size < 0 || size > MAX_FRAME_BYTES) return null
      const end = FRAME_SIZE_BYTES + size
      if (this.#bytes < end) return frames
      const whole = this.#joined(end)
      frames.push(whole.subarray(FRAME_SIZE_BYTES, end))
      const rest = whole.subarray(end)
      this.#chunks = rest.length > 0 ? [rest, ...this.#chunks.slice(1)] : this.#chunks.slice(1)
      this.#bytes -= end
    }
  }

  /** The first chunk, made to hold at least `length` bytes. */
  #joined(length: number): Buffer {
    const first = this.#chunks[0] ?? Buffer.alloc(0)
    if (first.length >= length) return first
    const joined = Buffer.concat(this.#chunks)
    this.#chunks = [joined]
    return joined
  }
}
