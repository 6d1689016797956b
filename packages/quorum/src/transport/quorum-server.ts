// A listener that serves the private API alone: for nodes without a broker around them, tests and
// benchmarks. A node with a controller listener serves `Transport.accept()` there.

import { type Env, errorMessage, type Listener, type Socket } from '@weir/core'
import { decodeMessage, decodeRequestHeader, encodeResponseFrame } from '@weir/protocol'
import type { Endpoint } from './endpoint.ts'
import { FrameCollector } from './frames.ts'
import { quorumApi } from './private-api.ts'
import type { Transport } from './transport.ts'

export class QuorumServer {
  readonly #env: Env
  readonly #transport: () => Transport
  readonly #sockets = new Set<Socket>()
  #listener: Listener | null = null

  constructor(env: Env, transport: () => Transport) {
    this.#env = env
    this.#transport = transport
  }

  get port(): number {
    return this.#listener?.port ?? 0
  }

  async listen(host: string, port: number): Promise<void> {
    this.#listener = await this.#env.net.listen({ host, port }, socket => this.#serve(socket))
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket)
    const endpoint = this.#transport().accept()
    const frames = new FrameCollector()
    // One request of a connection at a time, as on the controller listener.
    let last: Promise<void> = Promise.resolve()
    socket.start({
      onData: chunk => {
        const complete = frames.push(chunk)
        if (complete === null) {
          socket.destroy()
          return
        }
        for (const frame of complete) last = last.then(() => this.#answer(socket, endpoint, frame))
        this.#env.log.background(last, 'requests of a node')
      },
      onEnd: () => socket.destroy(),
      onDrain: () => {},
      onClose: () => {
        endpoint.closed()
        this.#sockets.delete(socket)
      },
    })
  }

  async #answer(socket: Socket, endpoint: Endpoint, frame: Buffer): Promise<void> {
    try {
      const header = decodeRequestHeader(frame)
      if (header.requestApiKey !== quorumApi.key || header.requestApiVersion !== 0)
        throw new Error(`unknown API ${header.requestApiKey} v${header.requestApiVersion}`)
      const request = decodeMessage(quorumApi.request, 0, frame, header.bodyStart)
      const body = await endpoint.handle(request.body)
      if (!this.#sockets.has(socket)) return
      socket.write(encodeResponseFrame(quorumApi, 0, header.correlationId, { body }))
    } catch (error) {
      this.#env.log.warn('a request between nodes that cannot be served', {
        nodeId: endpoint.peerId,
        reason: errorMessage(error),
      })
      socket.destroy()
    }
  }

  async close(): Promise<void> {
    await this.#listener?.close()
    for (const socket of this.#sockets) socket.destroy()
  }
}
