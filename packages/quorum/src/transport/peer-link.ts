// The connection of this node to one other, for messages one way. Made when there is something to
// send, made again with back-off, and never waited for: what cannot be sent is dropped, since the
// consensus sends again what matters.

import { type Env, errorMessage, type Socket, type Timer } from '@weir/core'
import { decodeMessage, decodeResponseHeader, encodeRequestFrame } from '@weir/protocol'
import {
  decodeTransportResponse,
  encodeTransportRequest,
  type HelloReply,
  type Message,
} from '@weir/raft'
import { FrameCollector } from './frames.ts'
import type { Identity, Refusal } from './identity.ts'
import { quorumApi, TRANSPORT_VERSION } from './private-api.ts'

const CONNECT_TIMEOUT_MS = 1000
const HELLO_TIMEOUT_MS = 2000
const MIN_BACKOFF_MS = 20
const MAX_BACKOFF_MS = 1000
const REFUSED_BACKOFF_MS = 3000
/** Another process under this node's id may end at any time. */
const RIVAL_BACKOFF_MS = 500
/** A request that is not answered for so long: the other end is gone, though nobody said so. */
const ANSWER_TIMEOUT_MS = 2000
/** Not to reach a node that was never reached is told after this. */
const STARTING_TOGETHER_MS = 3_000
const WATCH_EVERY_MS = 500
/** Bytes that wait for the peer before messages are dropped. */
const MAX_BUFFERED_BYTES = 16 * 1024 * 1024
const MAX_QUEUED_MESSAGES = 4096

export interface LinkEvents {
  /** In force here, for the hello. */
  voters(): readonly number[]
  /** Null if the peer is whom we look for. */
  refusalOf(reply: HelloReply): Refusal | null
  /** By this node, or by the peer. */
  refused(refusal: Refusal, isByPeer: boolean): void
  /** Nobody answered the hello. */
  notReached(): void
  welcomed(reply: HelloReply): void
  /** An answer of one who was welcomed. */
  received(messages: readonly Message[]): void
  /** The connection to one who was welcomed is no more. `isBroken`: this node did not end it. */
  ended(isBroken: boolean): void
}

type LinkState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'connecting' }
  | { readonly kind: 'greeting'; readonly socket: Socket; readonly timer: Timer }
  | { readonly kind: 'ready'; readonly socket: Socket; readonly timer: Timer }
  | { readonly kind: 'waiting'; readonly timer: Timer }

export class PeerLink {
  readonly #env: Env
  readonly #own: Identity
  readonly #peerId: number
  readonly #events: LinkEvents
  /** A link that polls always has one request out, which brings messages for this node. */
  readonly #isPolling: boolean
  #address: { readonly host: string; readonly port: number }
  #state: LinkState = { kind: 'idle' }
  #queue: Message[] = []
  #isFlushing = false
  #backoffMs = MIN_BACKOFF_MS
  #correlationId = 0
  /** When the requests that have no answer yet were sent, oldest first. */
  #unansweredMs: number[] = []
  #lastTrouble = ''
  readonly #madeMs: number
  #wasReady = false
  #isClosed = false

  constructor(
    env: Env,
    own: Identity,
    peer: {
      readonly id: number
      readonly host: string
      readonly port: number
      readonly isPolling: boolean
    },
    events: LinkEvents,
  ) {
    this.#env = env
    this.#own = own
    this.#peerId = peer.id
    this.#address = { host: peer.host, port: peer.port }
    this.#isPolling = peer.isPolling
    this.#events = events
    this.#madeMs = env.clock.monotonicMs()
  }

  get isReady(): boolean {
    return this.#state.kind === 'ready'
  }

  /** Another address holds from the next connection on. */
  moveTo(host: string, port: number): void {
    this.#address = { host, port }
  }

  /** Connects if it is not connected. */
  wake(): void {
    if (this.#state.kind === 'idle') this.#connect()
  }

  /** The node was heard of: it is there, and need not be waited for. */
  peerIsUp(): void {
    if (this.#state.kind !== 'waiting' || this.#isClosed) return
    this.#state.timer.cancel()
    this.#backoffMs = MIN_BACKOFF_MS
    this.#connect()
  }

  /** Sends soon, or drops. */
  send(message: Message): void {
    this.wake()
    if (this.#state.kind === 'waiting' || this.#queue.length >= MAX_QUEUED_MESSAGES) return
    this.#queue.push(message)
    if (this.#state.kind === 'ready') this.#flushSoon(this.#state.socket)
  }

  close(): void {
    this.#isClosed = true
    const state = this.#state
    this.#state = { kind: 'waiting', timer: this.#env.clock.after(0, () => {}) }
    this.#queue = []
    if (state.kind === 'greeting' || state.kind === 'ready') state.socket.destroy()
    if (state.kind !== 'idle' && state.kind !== 'connecting') state.timer.cancel()
    if (state.kind === 'ready') this.#events.ended(false)
  }

  /** Connects, or lets the peer know that this node lives, unless it hears of it all the same. */
  keepAlive(): void {
    this.wake()
    if (this.#state.kind !== 'ready' || this.#unansweredMs.length > 0) return
    this.#request(this.#state.socket, { hello: null, messages: [], isPoll: false })
  }

  #flushSoon(socket: Socket): void {
    if (this.#isFlushing) return
    this.#isFlushing = true
    this.#env.clock.soon(() => {
      this.#isFlushing = false
      const messages = this.#queue
      this.#queue = []
      const isReady = this.#state.kind === 'ready' && this.#state.socket === socket
      if (messages.length === 0 || !isReady) return
      if (socket.bufferedBytes > MAX_BUFFERED_BYTES) return
      this.#request(socket, { hello: null, messages, isPoll: false })
    })
  }

  #request(socket: Socket, request: Parameters<typeof encodeTransportRequest>[0]): void {
    this.#correlationId = (this.#correlationId + 1) % 0x7fffffff
    const body = encodeTransportRequest(request)
    const options = {
      version: 0,
      correlationId: this.#correlationId,
      clientId: `node-${this.#own.nodeId}`,
    }
    this.#unansweredMs.push(this.#env.clock.monotonicMs())
    socket.write(encodeRequestFrame(quorumApi, options, { body }))
  }

  /** Ends a connection whose other end does not answer any more, at the latest in a while. */
  #watch(socket: Socket): Timer {
    return this.#env.clock.after(WATCH_EVERY_MS, () => {
      if (this.#state.kind !== 'ready' || this.#state.socket !== socket) return
      const oldestMs = this.#unansweredMs[0] ?? Number.POSITIVE_INFINITY
      if (this.#env.clock.monotonicMs() - oldestMs > ANSWER_TIMEOUT_MS) {
        this.#closed(socket, new Error(`no answer in ${ANSWER_TIMEOUT_MS} ms`))
        socket.destroy()
      } else this.#state = { kind: 'ready', socket, timer: this.#watch(socket) }
    })
  }

  #connect(): void {
    this.#state = { kind: 'connecting' }
    const options = { ...this.#address, timeoutMs: CONNECT_TIMEOUT_MS }
    this.#env.net.connect(options).then(
      socket => this.#greet(socket),
      error => this.#connectFailed(errorMessage(error)),
    )
  }

  /** Nodes that start together do not all listen at once: that is no trouble yet. */
  #connectFailed(reason: string): void {
    const isStarting =
      !this.#wasReady && this.#env.clock.monotonicMs() - this.#madeMs < STARTING_TOGETHER_MS
    if (!isStarting) this.#trouble(reason)
    this.#waitAndRetry(this.#nextBackoff())
    this.#events.notReached()
  }

  #nextBackoff(): number {
    const delayMs = this.#backoffMs * (0.5 + this.#env.random.fraction())
    this.#backoffMs = Math.min(this.#backoffMs * 2, MAX_BACKOFF_MS)
    return delayMs
  }

  #refusedBackoff({ kind }: Refusal): number {
    switch (kind) {
      case 'misfit':
      case 'other-cluster':
        return REFUSED_BACKOFF_MS
      case 'rival':
        return RIVAL_BACKOFF_MS
      case 'busy':
        return this.#nextBackoff()
    }
  }

  #greet(socket: Socket): void {
    if (this.#state.kind !== 'connecting') {
      socket.destroy()
      return
    }
    const timer = this.#env.clock.after(HELLO_TIMEOUT_MS, () => {
      this.#closed(socket, new Error(`no answer in ${HELLO_TIMEOUT_MS} ms`))
      socket.destroy()
    })
    this.#state = { kind: 'greeting', socket, timer }
    const frames = new FrameCollector()
    this.#unansweredMs = []
    socket.start({
      onData: chunk => {
        const complete = frames.push(chunk)
        if (complete === null) socket.destroy()
        else for (const frame of complete) this.#answered(socket, frame)
      },
      onEnd: () => socket.destroy(),
      onDrain: () => {},
      onClose: error => this.#closed(socket, error),
    })
    const hello = {
      version: TRANSPORT_VERSION,
      clusterId: this.#own.clusterId(),
      nodeId: this.#own.nodeId,
      directoryId: this.#own.directoryId,
      toNodeId: this.#peerId,
      address: this.#own.address,
      voters: this.#events.voters(),
      processId: this.#own.processId,
    }
    this.#request(socket, { hello, messages: [], isPoll: false })
  }

  #answered(socket: Socket, frame: Buffer): void {
    this.#unansweredMs.shift()
    try {
      const { bodyStart } = decodeResponseHeader(quorumApi.key, 0, frame)
      const { body } = decodeMessage(quorumApi.response, 0, frame, bodyStart)
      const response = decodeTransportResponse(body)
      if (response.hello !== null) this.#greeted(socket, response.hello)
      if (this.#state.kind !== 'ready' || this.#state.socket !== socket) return
      this.#events.received(response.messages)
      if (this.#isPolling) this.#request(socket, { hello: null, messages: [], isPoll: true })
    } catch (error) {
      this.#trouble(`an answer that does not parse: ${errorMessage(error)}`)
      socket.destroy()
    }
  }

  #greeted(socket: Socket, reply: HelloReply): void {
    if (this.#state.kind !== 'greeting' || this.#state.socket !== socket) return
    this.#state.timer.cancel()
    const refusal =
      reply.refusal === ''
        ? this.#events.refusalOf(reply)
        : { kind: reply.refusalKind, reason: reply.refusal }
    if (refusal !== null) {
      this.#retry(refusal.reason, this.#refusedBackoff(refusal))
      socket.destroy()
      this.#events.refused(refusal, reply.refusal !== '')
      return
    }
    this.#state = { kind: 'ready', socket, timer: this.#watch(socket) }
    this.#backoffMs = MIN_BACKOFF_MS
    this.#lastTrouble = ''
    this.#wasReady = true
    this.#events.welcomed(reply)
    if (this.#queue.length > 0) this.#flushSoon(socket)
  }

  #closed(socket: Socket, error: Error | null): void {
    const state = this.#state
    const isOurs = (state.kind === 'greeting' || state.kind === 'ready') && state.socket === socket
    if (!isOurs) return
    state.timer.cancel()
    this.#retry(error === null ? 'the connection was closed' : error.message, this.#nextBackoff())
    if (state.kind === 'ready') this.#events.ended(true)
    else this.#events.notReached()
  }

  #retry(reason: string, delayMs: number): void {
    this.#trouble(reason)
    this.#waitAndRetry(delayMs)
  }

  #waitAndRetry(delayMs: number): void {
    this.#queue = []
    const timer = this.#env.clock.after(delayMs, () => {
      if (this.#state.kind === 'waiting' && this.#state.timer === timer) {
        this.#state = { kind: 'idle' }
        if (this.#isPolling) this.#connect()
      }
    })
    this.#state = { kind: 'waiting', timer }
  }

  /** Once, until it works or another trouble comes. */
  #trouble(reason: string): void {
    if (reason === this.#lastTrouble) return
    this.#lastTrouble = reason
    const { host, port } = this.#address
    this.#env.log.warn('no connection to another node of the quorum', {
      nodeId: this.#peerId,
      address: `${host}:${port}`,
      reason,
    })
  }
}
