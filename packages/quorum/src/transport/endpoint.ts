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

export interface EndpointHost {
  /** The answer to a hello; a refusal closes the connection after it. */
  greet(hello: Hello): HelloReply
  /** Whether that disk is the one that came last under the id. */
  isCurrent(nodeId: number, directoryId: string): boolean
  received(message: Message): void
  /** Messages for a node that cannot be reached, now or when there are some. */
  poll(nodeId: number): Promise<readonly Message[]>
}

export interface EndpointAnswer {
  readonly body: Buffer
  /** Close the connection once this is sent. */
  readonly closes: boolean
}

const NO_MESSAGES: readonly Message[] = []

export class Endpoint {
  readonly #host: EndpointHost
  readonly #ownId: number
  #peerId: number | null = null
  #directoryId = ''

  constructor(host: EndpointHost, ownId: number) {
    this.#host = host
    this.#ownId = ownId
  }

  /** The node at the other end, once it said hello. */
  get peerId(): number | null {
    return this.#peerId
  }

  /** Rejects with RaftCodecError for what no node would send: close the connection. */
  async handle(body: Buffer): Promise<EndpointAnswer> {
    const request = decodeTransportRequest(body)
    let hello: HelloReply | null = null
    if (request.hello !== null) {
      hello = this.#host.greet(request.hello)
      if (hello.refusal !== '') return this.#answer(hello, NO_MESSAGES, true)
      this.#peerId = request.hello.nodeId
      this.#directoryId = request.hello.directoryId
    }
    const peerId = this.#peerId
    if (peerId === null) throw new RaftCodecError('messages before the hello')
    // Another one has come under its id since: what this one has says nothing of that one's log.
    if (!this.#host.isCurrent(peerId, this.#directoryId)) {
      return this.#answer(hello, NO_MESSAGES, true)
    }
    for (const message of request.messages) {
      if (message.from !== peerId || message.to !== this.#ownId)
        throw new RaftCodecError(
          `node ${peerId} sends a message of ${message.from} to ${message.to}`,
        )
      this.#host.received(message)
    }
    const messages = request.isPoll ? await this.#host.poll(peerId) : NO_MESSAGES
    return this.#answer(hello, messages, false)
  }

  #answer(hello: HelloReply | null, messages: readonly Message[], closes: boolean): EndpointAnswer {
    return { body: encodeTransportResponse({ hello, messages }), closes }
  }
}
