// A client for tests: frames in and out over any Net, each answer with the request that it is for. It
// can also send what no client should.

import type { Env, Socket } from '@weir/core'
import {
  type ApiDefinition,
  type Decoded,
  decodeMessage,
  decodeResponseHeader,
  encodeRequestFrame,
  type Fields,
  type Init,
  type Message,
} from '@weir/protocol'
import { FrameAssembler } from '../server/frame-assembler.ts'

const MAX_FRAME_BYTES = 256 * 1024 * 1024

interface Waiting {
  readonly key: number
  readonly version: number
  readonly correlationId: number
  readonly done: (frame: Buffer, bodyStart: number) => void
  readonly fail: (error: Error) => void
}

export class WireClient {
  readonly #socket: Socket
  readonly #assembler = new FrameAssembler(MAX_FRAME_BYTES)
  readonly #waiting: Waiting[] = []
  /** Frames that nobody asked for with `request`. */
  readonly frames: Buffer[] = []
  /** Correlation ids of all answers in the order of their arrival. */
  readonly answered: number[] = []
  isClosed = false
  hasEnded = false
  #nextCorrelationId = 1

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.start({
      onData: chunk => this.#onData(chunk),
      onEnd: () => {
        this.hasEnded = true
        socket.end()
      },
      onDrain: () => undefined,
      onClose: () => this.#onClose(),
    })
  }

  static async connect(env: Env, host: string, port: number): Promise<WireClient> {
    return new WireClient(await env.net.connect({ host, port, timeoutMs: 10_000 }))
  }

  /** True once the server has closed its side. */
  get isGone(): boolean {
    return this.isClosed || this.hasEnded
  }

  sendBytes(bytes: Buffer): void {
    this.#socket.write([bytes])
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  close(): void {
    this.#socket.destroy()
  }

  /** Sends a request and resolves with its answer; rejects if the connection closes first. */
  request<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    version: number,
    body: Init<Message<Q>>,
  ): Promise<Decoded<Message<S>>> {
    const correlationId = this.send(api, version, body)
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        key: api.key,
        version,
        correlationId,
        done: (frame, bodyStart) => resolve(decodeMessage(api.response, version, frame, bodyStart)),
        fail: reject,
      })
    })
  }

  /** Sends a request whose answer, if any, goes to `frames`; its correlation id. */
  send<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    version: number,
    body: Init<Message<Q>>,
  ): number {
    const correlationId = this.#nextCorrelationId++
    const options = { version, correlationId, clientId: 'wire-client' }
    this.#socket.write(encodeRequestFrame(api, options, body))
    return correlationId
  }

  #onData(chunk: Buffer): void {
    this.#assembler.push(chunk)
    for (;;) {
      const frame = this.#assembler.take()
      if (frame === null) return
      const correlationId = frame.readInt32BE(0)
      this.answered.push(correlationId)
      const first = this.#waiting[0]
      if (first?.correlationId !== correlationId) {
        this.frames.push(frame)
        continue
      }
      this.#waiting.shift()
      const { bodyStart } = decodeResponseHeader(first.key, first.version, frame)
      first.done(frame, bodyStart)
    }
  }

  #onClose(): void {
    this.isClosed = true
    for (const { fail } of this.#waiting) fail(new Error('the connection is closed'))
    this.#waiting.length = 0
  }
}
