// One connection that produces: a fixed number of requests in flight, or requests at fixed times.
//
// Latency counts from when a request was due. In flight that is when the one before it was answered;
// at a rate it is its place in the timetable, also if the broker was too slow for it to be sent then.

import { assert, type Env, type Socket } from '@weir/core'
import { ByteStream } from './byte-stream.ts'
import type { Meter } from './meter.ts'
import { readProduceAnswer } from './requests.ts'

export interface ProduceLoadOptions {
  /** Sent in turn. */
  readonly requests: readonly Buffer[]
  /** Payload bytes that one answered request counts for. */
  readonly payloadBytes: number
  readonly maxInFlight: number
  /** Requests a second of this connection; null: as many as fit in flight. */
  readonly requestsPerSecond: number | null
  /** Called with the first offset of each answered request and when it was due. */
  readonly onAnswer?: (baseOffset: number, dueMs: number) => void
}

export class ProduceLoad {
  readonly #env: Env
  readonly #socket: Socket
  readonly #meter: Meter
  readonly #options: ProduceLoadOptions
  readonly #stream = new ByteStream()
  /** When the requests in flight were due, oldest first. */
  readonly #due: number[] = []
  #nextRequest = 0
  #nextDueMs = 0
  #frameBytes = -1
  #isRunning = false
  #isClosed = false

  constructor(env: Env, socket: Socket, meter: Meter, options: ProduceLoadOptions) {
    this.#env = env
    this.#socket = socket
    this.#meter = meter
    this.#options = options
    socket.start({
      onData: chunk => this.#onData(chunk),
      onEnd: () => socket.destroy(),
      onDrain: () => undefined,
      onClose: error => this.#onClose(error),
    })
  }

  get inFlight(): number {
    return this.#due.length
  }

  start(): void {
    this.#isRunning = true
    const nowMs = this.#env.clock.monotonicMs()
    this.#nextDueMs = nowMs
    if (this.#options.requestsPerSecond === null) this.#send(this.#options.maxInFlight, nowMs)
    else this.#keepTime()
  }

  /** Sends nothing more; what is in flight is still answered. */
  stop(): void {
    this.#isRunning = false
  }

  close(): void {
    this.#isClosed = true
    this.#socket.destroy()
  }

  #send(count: number, dueMs: number): void {
    if (count <= 0) return
    const chunks: Buffer[] = []
    for (let i = 0; i < count; i++) {
      chunks.push(this.#take())
      this.#due.push(dueMs)
    }
    this.#socket.write(chunks)
  }

  #take(): Buffer {
    const { requests } = this.#options
    const request = requests[this.#nextRequest]
    assert(request !== undefined, 'a load without requests')
    this.#nextRequest = (this.#nextRequest + 1) % requests.length
    return request
  }

  /** Sends what is due by the timetable. Looks at the clock in every turn: timers are too coarse. */
  #keepTime(): void {
    if (!this.#isRunning || this.#isClosed) return
    const intervalMs = 1_000 / (this.#options.requestsPerSecond ?? 1)
    const nowMs = this.#env.clock.monotonicMs()
    while (this.#nextDueMs <= nowMs && this.#due.length < this.#options.maxInFlight) {
      this.#send(1, this.#nextDueMs)
      this.#nextDueMs += intervalMs
    }
    this.#env.clock.soon(() => this.#keepTime())
  }

  #onData(chunk: Buffer): void {
    this.#stream.push(chunk)
    const nowMs = this.#env.clock.monotonicMs()
    let answered = 0
    for (;;) {
      if (this.#frameBytes < 0) this.#frameBytes = this.#stream.read(4)?.readInt32BE() ?? -1
      if (this.#frameBytes < 0) break
      const frame = this.#stream.read(this.#frameBytes)
      if (frame === null) break
      this.#frameBytes = -1
      answered++
      this.#count(frame, nowMs)
    }
    const isPaced = this.#options.requestsPerSecond !== null
    if (this.#isRunning && !isPaced && this.#meter.error === null) this.#send(answered, nowMs)
  }

  #count(frame: Buffer, nowMs: number): void {
    const dueMs = this.#due.shift() ?? nowMs
    const { error, baseOffset } = readProduceAnswer(frame)
    if (!this.#meter.accept(error, 'produce')) return
    this.#meter.requests++
    this.#meter.bytes += this.#options.payloadBytes
    this.#meter.latency.record(nowMs - dueMs)
    this.#options.onAnswer?.(baseOffset, dueMs)
  }

  #onClose(error: Error | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#meter.error ??= `the broker closed a connection${error === null ? '' : `: ${error.message}`}`
  }
}
