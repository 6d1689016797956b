// Requests over one connection, decoded; answers come in their order.

import type { Env, Socket } from '@weir/core'
import {
  type ApiDefinition,
  type Decoded,
  decodeMessage,
  decodeResponseHeader,
  encodeRequestFrame,
  type Fields,
  type InitFields,
  type Message,
} from '@weir/protocol'
import { BenchError } from './bench-error.ts'
import { ByteStream } from './byte-stream.ts'
import { CLIENT_ID } from './requests.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface CallOptions {
  readonly version: number
  readonly timeoutMs?: number
}

interface Waiting {
  resolve(frame: Buffer): void
  reject(error: Error): void
}

const CONNECT_TIMEOUT_MS = 5_000
const CALL_TIMEOUT_MS = 35_000

/** HOST:PORT, the first of several separated by commas. */
export function parseBootstrap(text: string): Address {
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text.split(',')[0]?.trim() ?? '')
  if (match === null) throw new BenchError(`'${text}' is not HOST:PORT`)
  return { host: match[1] ?? '', port: Number(match[2]) }
}

export class Rpc {
  readonly #env: Env
  readonly #socket: Socket
  readonly #stream = new ByteStream()
  readonly #waiting: Waiting[] = []
  #frameBytes = -1
  #isClosed = false

  /** Throws NetError. */
  static async connect(env: Env, address: Address): Promise<Rpc> {
    const socket = await env.net.connect({ ...address, timeoutMs: CONNECT_TIMEOUT_MS })
    return new Rpc(env, socket)
  }

  constructor(env: Env, socket: Socket) {
    this.#env = env
    this.#socket = socket
    socket.start({
      onData: chunk => this.#onData(chunk),
      onEnd: () => this.close(),
      onDrain: () => undefined,
      onClose: () => this.#fail('the broker closed the connection'),
    })
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Rejects with BenchError when there is no answer; the connection is closed then. */
  async call<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    { version, timeoutMs = CALL_TIMEOUT_MS }: CallOptions,
    body: InitFields<Q>,
  ): Promise<Decoded<Message<S>>> {
    if (this.#isClosed) throw new BenchError('the broker closed the connection')
    const answer = new Promise<Buffer>((resolve, reject) => {
      this.#waiting.push({ resolve, reject })
    })
    const timer = this.#env.clock.after(timeoutMs, () => {
      this.#fail(`no answer to ${api.name} in ${timeoutMs} ms`)
      this.close()
    })
    const options = { version, correlationId: 1, clientId: CLIENT_ID }
    this.#socket.write(encodeRequestFrame(api, options, body))
    try {
      const frame = await answer
      const { bodyStart } = decodeResponseHeader(api.key, version, frame)
      return decodeMessage(api.response, version, frame, bodyStart)
    } finally {
      timer.cancel()
    }
  }

  close(): void {
    this.#socket.destroy()
    this.#fail('the connection was closed')
  }

  #fail(reason: string): void {
    this.#isClosed = true
    for (const { reject } of this.#waiting.splice(0)) reject(new BenchError(reason))
  }

  #onData(chunk: Buffer): void {
    this.#stream.push(chunk)
    for (;;) {
      if (this.#frameBytes < 0) this.#frameBytes = this.#stream.read(4)?.readInt32BE() ?? -1
      const frame = this.#frameBytes < 0 ? null : this.#stream.read(this.#frameBytes)
      if (frame === null) return
      this.#frameBytes = -1
      this.#waiting.shift()?.resolve(Buffer.from(frame))
    }
  }
}
