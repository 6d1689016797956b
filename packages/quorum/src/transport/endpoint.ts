// The served side of the private API: one `Endpoint` for each connection that another node made to
// this one. The server around it (the controller listener) gives it the bodies of the requests.

import {
  decodeTransportRequest,
  encodeTransportResponse,
  type Hello,
  type HelloReply,
  type Message,
  RaftCodecError,
} from '@weir/raft'
import { processOf } from './identity.ts'
import type { LiveProcesses, NodeProcess } from './live-processes.ts'

export interface EndpointHost {
  readonly processes: LiveProcesses
  /** The answer to a hello; who is refused closes the connection. */
  greet(hello: Hello): HelloReply
  received(message: Message): void
  /** Messages for a node that cannot be reached, now or when there are some. */
  poll(nodeId: number): Promise<readonly Message[]>
}

const NO_MESSAGES: readonly Message[] = []

export class Endpoint {
  readonly #host: EndpointHost
  readonly #ownId: number
  #peer: NodeProcess | null = null
  #isClosed = false

  constructor(host: EndpointHost, ownId: number) {
    this.#host = host
    this.#ownId = ownId
  }

  /** The node at the other end, once it said hello. */
  get peerId(): number | null {
    return this.#peer?.nodeId ?? null
  }

  /**
   * Answers the body of a request with that of the response. Rejects with RaftCodecError for what is not to be
   * answered: close the connection.
   */
  async handle(body: Buffer): Promise<Buffer> {
    const request = decodeTransportRequest(body)
    let hello: HelloReply | null = null
    if (request.hello !== null) {
      hello = this.#host.greet(request.hello)
      if (hello.refusal !== '') return encodeTransportResponse({ hello, messages: NO_MESSAGES })
      this.#opened(processOf(request.hello))
    }
    const peer = this.#peer
    if (peer === null) throw new RaftCodecError('messages before the hello')
    // Another one has come under its id since: what this one has says nothing of that one's log.
    if (!this.#host.processes.isCurrent(peer))
      throw new RaftCodecError(
        `another process has come in the place of this one of node ${peer.nodeId}`,
      )
    this.#host.processes.heard(peer)
    const peerId = peer.nodeId
    for (const message of request.messages) {
      if (message.from !== peerId || message.to !== this.#ownId)
        throw new RaftCodecError(
          `node ${peerId} sends a message of ${message.from} to ${message.to}`,
        )
      this.#host.received(message)
    }
    const messages = request.isPoll ? await this.#host.poll(peerId) : NO_MESSAGES
    return encodeTransportResponse({ hello, messages })
  }

  #opened(process: NodeProcess): void {
    if (this.#peer !== null) this.#host.processes.closed(this.#peer, false)
    this.#peer = process
    if (!this.#isClosed) this.#host.processes.opened(process, false)
  }

  /** The connection is gone. */
  closed(): void {
    if (this.#peer !== null && !this.#isClosed) this.#host.processes.closed(this.#peer, false)
    this.#isClosed = true
  }
}
