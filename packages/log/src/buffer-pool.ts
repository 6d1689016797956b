// Buffers for reads from disk, reused: a fresh one for each fetch costs more in page faults than the
// read itself. Sizes are powers of two; what is larger than the largest class is not kept.
//
// Invariant: at most `keptBytes` are held while nobody uses them.

const SMALLEST_SHIFT = 14
const LARGEST_SHIFT = 23

export class BufferPool {
  readonly #free: Buffer[][] = []
  readonly #keptBytes: number
  #freeBytes = 0

  constructor(keptBytes: number) {
    this.#keptBytes = keptBytes
    for (let shift = SMALLEST_SHIFT; shift <= LARGEST_SHIFT; shift++) this.#free.push([])
  }

  get freeBytes(): number {
    return this.#freeBytes
  }

  /** At least `bytes` long, with old contents. */
  acquire(bytes: number): Buffer {
    const shift = shiftFor(bytes)
    if (shift > LARGEST_SHIFT) return Buffer.allocUnsafeSlow(bytes)
    const buffer = this.#free[shift - SMALLEST_SHIFT]?.pop()
    if (buffer === undefined) return Buffer.allocUnsafeSlow(2 ** shift)
    this.#freeBytes -= buffer.length
    return buffer
  }

  /** The buffer as `acquire` gave it, not a slice. */
  release(buffer: Buffer): void {
    const shift = shiftFor(buffer.length)
    if (shift > LARGEST_SHIFT || buffer.length !== 2 ** shift) return
    if (this.#freeBytes + buffer.length > this.#keptBytes) return
    this.#freeBytes += buffer.length
    this.#free[shift - SMALLEST_SHIFT]?.push(buffer)
  }
}

function shiftFor(bytes: number): number {
  return Math.max(SMALLEST_SHIFT, 32 - Math.clz32(Math.max(1, bytes) - 1))
}
