// Where a connection's bytes are read to. By itself Node makes a buffer of 64 KiB for each read, which
// costs three times the CPU of the read (0.5 against 0.16 CPU s/GB) and makes the garbage collector
// mark the heap for every 64 MiB that come in.
//
// Small reads go to one buffer of the whole process and are copied out: an idle connection holds no
// memory. A connection that fills it reads into slabs of its own, one chunk behind the other without
// a gap: a receiver sees that, and has a frame of many chunks without copying it together. Slabs whose
// bytes were all given back go round. Who takes what it needs out of each chunk at once reads briefly:
// everything through the one buffer, without a copy.

import net from 'node:net'
import { assert } from '../assert.ts'

const SHARED_BYTES = 64 * 1024
/** A read of this size shows a connection that sends in bulk. */
const BULK_BYTES = 32 * 1024
const SLAB_BYTES = 1024 * 1024
/** Of one read: what a connection may bring at most before its receiver can stop it. */
const MAX_READ_BYTES = 256 * 1024

/** libuv reads and calls back at once, so no two connections ever need it at the same time. */
const shared = Buffer.allocUnsafeSlow(SHARED_BYTES)

/** Free slabs of the process at most. */
const MAX_FREE_SLABS = 16

const freeSlabs: Buffer[] = []

/** Bytes that were delivered one after the other out of the same memory and are not yet given back. */
interface LentBytes {
  /** Null: copied out of the shared buffer. */
  readonly slab: Buffer | null
  bytes: number
  /** Nothing more is read into the slab. */
  isRetired: boolean
}

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
  #isLending = false
  /** Of the bytes to come, those that nobody keeps. */
  #briefBytes = 0
  /** Oldest first. */
  readonly #lent: LentBytes[] = []

  /** From now on every byte will be given back. */
  startLending(): void {
    this.#isLending = true
  }

  /** Called by the receiver of a chunk: where the read after it goes was not decided yet. */
  readBriefly(bytes: number): void {
    assert(this.#isLending, 'bytes are read briefly only where they are lent')
    this.#briefBytes += bytes
  }

  giveBack(bytes: number): void {
    let left = bytes
    while (left > 0) {
      const oldest = this.#lent[0]
      assert(oldest !== undefined, 'more bytes given back than were lent', { bytes, left })
      const here = Math.min(left, oldest.bytes)
      oldest.bytes -= here
      left -= here
      if (oldest.bytes > 0) return
      if (this.#lent.length === 1 && !oldest.isRetired) {
        assert(left === 0, 'more bytes given back than were lent', { bytes, left })
        return
      }
      this.#lent.shift()
      recycle(oldest)
    }
  }

  /** Where the next read goes. */
  #next(): Buffer {
    if (this.#briefBytes > 0) {
      this.#retireSlab()
      return this.#briefBytes < SHARED_BYTES ? shared.subarray(0, this.#briefBytes) : shared
    }
    if (!this.#isBulk) {
      this.#retireSlab()
      return shared
    }
    if (this.#slab === null || SLAB_BYTES - this.#slabAt < SHARED_BYTES) {
      this.#retireSlab()
      this.#slab = freeSlabs.pop() ?? Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#slabAt = 0
    }
    return this.#slab.subarray(this.#slabAt, this.#slabAt + MAX_READ_BYTES)
  }

  /** What the last read brought. */
  #take(bytes: number): Buffer {
    if (this.#briefBytes > 0) {
      this.#briefBytes -= bytes
      return shared.subarray(0, bytes)
    }
    this.#isBulk = bytes >= BULK_BYTES
    if (this.#isLending) this.#lend(bytes)
    if (this.#slab === null) return Buffer.from(shared.subarray(0, bytes))
    const chunk = this.#slab.subarray(this.#slabAt, this.#slabAt + bytes)
    this.#slabAt += bytes
    return chunk
  }

  #lend(bytes: number): void {
    const newest = this.#lent.at(-1)
    if (newest !== undefined && newest.slab === this.#slab && !newest.isRetired) {
      newest.bytes += bytes
    } else {
      this.#lent.push({ slab: this.#slab, bytes, isRetired: false })
    }
  }

  /** Nothing more is read into the slab: it goes round as soon as all of it was given back. */
  #retireSlab(): void {
    const newest = this.#lent.at(-1)
    if (newest !== undefined && newest.slab !== null && newest.slab === this.#slab) {
      newest.isRetired = true
      if (newest.bytes === 0) {
        this.#lent.pop()
        recycle(newest)
      }
    }
    this.#slab = null
  }
}

function recycle({ slab }: LentBytes): void {
  if (slab !== null && freeSlabs.length < MAX_FREE_SLABS) freeSlabs.push(slab)
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
