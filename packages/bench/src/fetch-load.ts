// One connection that fetches one partition, one request at a time. Records are not decoded: only the
// headers of batches are read, to know the next offset.

import type { Env, Socket } from '@weir/core'
import { ByteStream } from './byte-stream.ts'
import type { Meter } from './meter.ts'
import { FetchRequest, type FetchTemplate, fetchHeaderBytes, readFetchHeader } from './requests.ts'

export interface FetchLoadOptions extends FetchTemplate {
  readonly startOffset: number
  /** At the end of the partition begin again at offset 0; otherwise wait for more. */
  readonly startsOver: boolean
  /** Called with each batch: its first offset and the one after its last. */
  readonly onBatch?: (baseOffset: number, endOffset: number, nowMs: number) => void
}

/** baseOffset, batchLength, leader epoch, magic, CRC, attributes, lastOffsetDelta. */
const BATCH_PREFIX_BYTES = 27
const LOG_OVERHEAD_BYTES = 12

type ReadState =
  | { readonly kind: 'size' }
  | { readonly kind: 'header'; readonly frameBytes: number }
  | { readonly kind: 'batch' }
  | { readonly kind: 'skip'; bytes: number; readonly next: 'batch' | 'end' }

export class FetchLoad {
  readonly #env: Env
  readonly #socket: Socket
  readonly #meter: Meter
  readonly #options: FetchLoadOptions
  readonly #request: FetchRequest
  readonly #headerBytes: number
  readonly #stream = new ByteStream()
  #state: ReadState = { kind: 'size' }
  #recordBytesLeft = 0
  #nextOffset: number
  #highWatermark = 0
  #sentMs = 0
  #isRunning = false
  #isClosed = false

  constructor(env: Env, socket: Socket, meter: Meter, options: FetchLoadOptions) {
    this.#env = env
    this.#socket = socket
    this.#meter = meter
    this.#options = options
    this.#request = new FetchRequest(options)
    this.#headerBytes = fetchHeaderBytes(options.topic)
    this.#nextOffset = options.startOffset
    socket.start({
      onData: chunk => this.#onData(chunk),
      onEnd: () => socket.destroy(),
      onDrain: () => undefined,
      onClose: error => this.#onClose(error),
    })
  }

  start(): void {
    this.#isRunning = true
    this.#send()
  }

  stop(): void {
    this.#isRunning = false
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  #send(): void {
    this.#sentMs = this.#env.clock.monotonicMs()
    this.#socket.write([this.#request.from(this.#nextOffset)])
  }

  #onData(chunk: Buffer): void {
    this.#stream.push(chunk)
    while (this.#meter.error === null && this.#step());
  }

  /** Takes one piece of the answer; false when more bytes have to come first. */
  #step(): boolean {
    switch (this.#state.kind) {
      case 'size': {
        const size = this.#stream.read(4)
        if (size === null) return false
        this.#state = { kind: 'header', frameBytes: size.readInt32BE() }
        return true
      }
      case 'header':
        return this.#readHeader(this.#state.frameBytes)
      case 'batch':
        return this.#readBatch()
      case 'skip': {
        this.#state.bytes -= this.#stream.skip(this.#state.bytes)
        if (this.#state.bytes > 0) return false
        if (this.#state.next === 'batch') this.#state = { kind: 'batch' }
        else this.#finish()
        return true
      }
    }
  }

  #readHeader(frameBytes: number): boolean {
    const header = this.#stream.read(this.#headerBytes)
    if (header === null) return false
    const { error, highWatermark, recordBytes } = readFetchHeader(header, this.#options.topic)
    this.#meter.accept(error, 'fetch')
    this.#highWatermark = highWatermark
    // An answer without records has -1, for null.
    this.#recordBytesLeft = Math.max(0, recordBytes)
    if (this.#recordBytesLeft !== frameBytes - this.#headerBytes) {
      this.#meter.error ??= 'a fetch was answered in an unexpected form'
      return false
    }
    this.#meter.bytes += this.#recordBytesLeft
    this.#state = { kind: 'batch' }
    return true
  }

  #readBatch(): boolean {
    if (this.#recordBytesLeft < BATCH_PREFIX_BYTES) {
      this.#state = { kind: 'skip', bytes: this.#recordBytesLeft, next: 'end' }
      return true
    }
    const prefix = this.#stream.read(BATCH_PREFIX_BYTES)
    if (prefix === null) return false
    const left = this.#recordBytesLeft - BATCH_PREFIX_BYTES
    const batchBytes = LOG_OVERHEAD_BYTES + prefix.readInt32BE(8)
    const rest = batchBytes - BATCH_PREFIX_BYTES
    if (rest > left) {
      // A batch that was cut off at the end counts as not read.
      this.#state = { kind: 'skip', bytes: left, next: 'end' }
      return true
    }
    const baseOffset = Number(prefix.readBigInt64BE())
    const endOffset = baseOffset + prefix.readInt32BE(23) + 1
    this.#nextOffset = endOffset
    this.#options.onBatch?.(baseOffset, endOffset, this.#env.clock.monotonicMs())
    this.#recordBytesLeft = left - rest
    this.#state = { kind: 'skip', bytes: rest, next: 'batch' }
    return true
  }

  #finish(): void {
    this.#state = { kind: 'size' }
    this.#meter.requests++
    this.#meter.latency.record(this.#env.clock.monotonicMs() - this.#sentMs)
    if (this.#options.startsOver && this.#nextOffset >= this.#highWatermark) this.#nextOffset = 0
    if (this.#isRunning) this.#send()
  }

  #onClose(error: Error | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#meter.error ??= `the broker closed a connection${error === null ? '' : `: ${error.message}`}`
  }
}
