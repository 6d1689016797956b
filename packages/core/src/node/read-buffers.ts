// Where a connection's bytes are read to. By itself Node makes a buffer of 64 KiB for each read, which
// costs three times the CPU of the read (0.5 against 0.16 CPU s/GB) and makes the garbage collector
// mark the heap for every 64 MiB that come in.
//
// Small reads go to one buffer of the whole process and are copied out: an idle connection holds no
// memory. A connection that fills it reads into slabs of its own, one chunk behind the other without
// a gap: a receiver sees that, and has a frame of many chunks without copying it together.

import net from 'node:net'

const SHARED_BYTES = 64 * 1024
/** A read of this size shows a connection that sends in bulk. */
const BULK_BYTES = 32 * 1024
const SLAB_BYTES = 1024 * 1024
/** Of one read: what a connection may bring at most before its receiver can stop it. */
const MAX_READ_BYTES = 256 * 1024

/** libuv reads and calls back at once, so no two connections ever need it at the same time. */
const shared = Buffer.allocUnsafeSlow(SHARED_BYTES)

/** What Node hides: the handle below a socket. */
interface SocketInside {
  _handle: object | null
}

export class ReadBuffers {
  /** Gets every chunk; it belongs to the receiver. */
  onChunk: (chunk: Buffer) => void = () => undefined
  /** For `net.Socket` and `net.connect`. */
  readonly onread: net.OnReadOpts = {
    buffer: () => this.#next(),
    callback: bytes => {
      this.onChunk(this.#take(bytes))
      return true
    },
  }
  #slab: Buffer | null = null
  #slabAt = 0
  #isBulk = false

  /** Where the next read goes. */
  #next(): Buffer {
    if (!this.#isBulk) {
      this.#slab = null
      return shared
    }
    if (this.#slab === null || SLAB_BYTES - this.#slabAt < SHARED_BYTES) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#slabAt = 0
    }
    return this.#slab.subarray(this.#slabAt, this.#slabAt + MAX_READ_BYTES)
  }

  /** What the last read brought. */
  #take(bytes: number): Buffer {
    this.#isBulk = bytes >= BULK_BYTES
    if (this.#slab === null) return Buffer.from(shared.subarray(0, bytes))
    const chunk = this.#slab.subarray(this.#slabAt, this.#slabAt + bytes)
    this.#slabAt += bytes
    return chunk
  }
}

/** Windows fills the buffer of a read at any later moment: there a shared one would be overwritten. */
export const CAN_SHARE_READS = process.platform !== 'win32'

/**
 * A server cannot say where its connections read to. So the handle of an accepted socket, which must
 * not have been read from, moves to a new socket that can. Null: that is not possible here.
 */
export function adoptSocket(accepted: net.Socket, reads: ReadBuffers): net.Socket | null {
  const inside = accepted as unknown as SocketInside
  const handle = inside._handle
  if (!CAN_SHARE_READS || handle === null || handle === undefined) return null
  inside._handle = null
  const options = { handle, readable: true, writable: true, allowHalfOpen: true }
  return new net.Socket({ ...options, onread: reads.onread } as net.SocketConstructorOpts)
}
