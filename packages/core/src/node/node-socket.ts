// One connection over net.Socket. Writes of one turn are collected and leave as one gather write:
// small ones copied together, large ones by reference.
//
// Invariant: `onFlushed` callbacks run in order of their writes, each once, at the latest when the
// socket closes; `onClose` runs once, after them and after everything else.

import type net from 'node:net'
import { assert } from '../assert.ts'
import type { Socket, SocketHandlers } from '../env.ts'
import { NetError } from '../errors.ts'
import type { ReadBuffers } from './read-buffers.ts'

/** Above this `write` asks the caller to wait. */
const HIGH_WATER_BYTES = 256 * 1024
/** At or below this a caller that waits is told to go on. */
const LOW_WATER_BYTES = 64 * 1024
/** Up to this many bytes a copy is cheaper than a list of buffers. */
const JOIN_BYTES = 16 * 1024

export class NodeSocket implements Socket {
  readonly remoteAddress: string
  readonly remotePort: number
  readonly localAddress: string
  readonly localPort: number
  readonly #socket: net.Socket
  readonly #reads: ReadBuffers | null
  #handlers: SocketHandlers | null = null
  #pending: Buffer[] = []
  #pendingBytes = 0
  /** Given to the stream, callback not yet seen. */
  #sentBytes = 0
  #pendingFlushed: (() => void)[] = []
  readonly #unflushed: (readonly (() => void)[])[] = []
  #isFlushScheduled = false
  #needsDrain = false
  #isEnding = false
  #error: Error | null = null

  /** Without `reads` the socket makes a buffer for each read by itself. */
  constructor(socket: net.Socket, reads: ReadBuffers | null) {
    this.#socket = socket
    this.#reads = reads
    this.remoteAddress = plainAddress(socket.remoteAddress)
    this.remotePort = socket.remotePort ?? 0
    this.localAddress = plainAddress(socket.localAddress)
    this.localPort = socket.localPort ?? 0
    socket.on('error', error => {
      this.#error = error
    })
  }

  get bufferedBytes(): number {
    return this.#pendingBytes + this.#sentBytes
  }

  start(handlers: SocketHandlers, options: { readonly isLent?: boolean } = {}): void {
    assert(this.#handlers === null, 'socket started twice')
    if (options.isLent === true) this.#reads?.startLending()
    this.#handlers = handlers
    const socket = this.#socket
    socket.on('end', () => handlers.onEnd())
    socket.on('close', () => this.#onClose())
    if (this.#reads === null) socket.on('data', (chunk: Buffer) => handlers.onData(chunk))
    else this.#reads.onChunk = chunk => handlers.onData(chunk)
  }

  giveBack(bytes: number): void {
    this.#reads?.giveBack(bytes)
  }

  readBriefly(bytes: number): void {
    this.#reads?.readBriefly(bytes)
  }

  write(chunks: readonly Buffer[], onFlushed?: () => void): boolean {
    if (this.#isEnding || this.#socket.destroyed) {
      if (onFlushed !== undefined) process.nextTick(onFlushed)
      return false
    }
    for (const chunk of chunks) {
      this.#pending.push(chunk)
      this.#pendingBytes += chunk.length
    }
    if (onFlushed !== undefined) this.#pendingFlushed.push(onFlushed)
    if (!this.#isFlushScheduled) {
      this.#isFlushScheduled = true
      // After this callback of the event loop and the microtasks it leaves behind.
      process.nextTick(flushSocket, this)
    }
    if (this.bufferedBytes <= HIGH_WATER_BYTES) return true
    this.#needsDrain = true
    return false
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  end(): void {
    if (this.#isEnding) return
    this.#isEnding = true
    this.flush()
    this.#socket.end()
  }

  destroy(): void {
    this.#isEnding = true
    this.#socket.destroy()
  }

  /** Hands what was queued in this turn to the stream. */
  flush(): void {
    this.#isFlushScheduled = false
    const chunks = this.#pending
    if (chunks.length === 0 || this.#socket.destroyed) return
    const bytes = this.#pendingBytes
    this.#pending = []
    this.#pendingBytes = 0
    this.#sentBytes += bytes
    this.#unflushed.push(this.#pendingFlushed)
    this.#pendingFlushed = []
    const onWritten = () => this.#onWritten(bytes)
    const [first] = chunks
    if (first !== undefined && chunks.length === 1) {
      this.#socket.write(first, onWritten)
    } else if (bytes <= JOIN_BYTES) {
      this.#socket.write(Buffer.concat(chunks, bytes), onWritten)
    } else {
      this.#socket.cork()
      const last = chunks.length - 1
      chunks.forEach((chunk, i) => {
        this.#socket.write(chunk, i === last ? onWritten : undefined)
      })
      this.#socket.uncork()
    }
  }

  #onWritten(bytes: number): void {
    this.#sentBytes -= bytes
    for (const onFlushed of this.#unflushed.shift() ?? []) onFlushed()
    if (!this.#needsDrain || this.#socket.destroyed || this.bufferedBytes > LOW_WATER_BYTES) return
    this.#needsDrain = false
    this.#handlers?.onDrain()
  }

  #onClose(): void {
    this.#isEnding = true
    this.#pending = []
    this.#pendingBytes = 0
    this.#unflushed.push(this.#pendingFlushed)
    this.#pendingFlushed = []
    for (const callbacks of this.#unflushed.splice(0)) {
      for (const onFlushed of callbacks) onFlushed()
    }
    const error = this.#error
    const code = (error as NodeJS.ErrnoException | null)?.code ?? 'EIO'
    this.#handlers?.onClose(error === null ? null : new NetError(code, error.message, error))
  }
}

function flushSocket(socket: NodeSocket): void {
  socket.flush()
}

/** IPv4 addresses of a dual-stack socket come as ::ffff:a.b.c.d. */
function plainAddress(address: string | undefined): string {
  if (address === undefined) return ''
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
