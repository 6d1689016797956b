// One request from dispatch to its answer: the context that its handler sees, and its place in the
// order of the connection's answers.
//
// Invariant: exactly one of respond, respondNothing and close is called by the handler; a second call
// is a bug of ours. Once the connection is gone answers are dropped, and their `onSent` still runs.

import { AssertionError, assert } from '@weir/core'
import { encodeResponseFrame, FRAME_SIZE_BYTES } from '@weir/protocol'
import type { ApiRow } from './api-row.ts'
import type {
  ClientConnection,
  ListenerInfo,
  Principal,
  RequestContext,
} from './request-context.ts'

/** What a request needs of its connection. */
export interface AnswerSink extends ClientConnection {
  readonly listener: ListenerInfo
  readonly principal: Principal
  onAnswered(): void
  /** The answer of a handler does not fit its table. */
  onUnencodable(request: PendingRequest, error: unknown): void
  fail(reason: string): void
}

export interface RequestHead {
  readonly clientId: string | null
  readonly apiVersion: number
  readonly correlationId: number
  readonly receivedMs: number
  /** Of header and body as they came. */
  readonly frameBytes: number
}

export class PendingRequest implements RequestContext {
  readonly connection: AnswerSink
  readonly row: ApiRow
  readonly clientId: string | null
  readonly apiVersion: number
  readonly correlationId: number
  readonly receivedMs: number
  readonly frameBytes: number
  /** Header and body as they came, of requests that may be passed on to another node. */
  frame: Buffer = NO_FRAME
  /** Once answered: the bytes to send, none for acks=0. */
  chunks: readonly Buffer[] = NO_CHUNKS
  onSent: (() => void) | undefined = undefined
  /** Until it is answered: counted in the memory of the node, and lent by the socket. */
  heldBytes = 0
  lentBytes = 0
  isAnswered = false
  #onNextRequest: (() => void) | null = null

  constructor(connection: AnswerSink, row: ApiRow, head: RequestHead) {
    this.connection = connection
    this.row = row
    this.clientId = head.clientId
    this.apiVersion = head.apiVersion
    this.correlationId = head.correlationId
    this.receivedMs = head.receivedMs
    this.frameBytes = head.frameBytes
  }

  get apiKey(): number {
    return this.row.definition.key
  }

  get listener(): ListenerInfo {
    return this.connection.listener
  }

  get principal(): Principal {
    return this.connection.principal
  }

  respond(response: unknown, onSent?: () => void): void {
    this.#answered()
    if (!this.connection.isOpen) {
      onSent?.()
      return
    }
    const { definition } = this.row
    try {
      this.chunks = encodeResponseFrame(
        definition,
        this.apiVersion,
        this.correlationId,
        response as Record<string, unknown>,
      )
    } catch (error) {
      // Whoever answers is often a timer or a disk: what is wrong with this answer ends this
      // connection, and nothing else; without it the peer would wait for ever.
      if (error instanceof AssertionError) throw error
      onSent?.()
      this.connection.onUnencodable(this, error)
      return
    }
    this.onSent = onSent
    this.connection.onAnswered()
  }

  /** Answers with what another node has encoded: header and body. */
  respondEncoded(bytes: Buffer): void {
    this.#answered()
    if (!this.connection.isOpen) return
    const size = Buffer.alloc(FRAME_SIZE_BYTES)
    size.writeInt32BE(bytes.length)
    this.chunks = [size, bytes]
    this.connection.onAnswered()
  }

  onNextRequest(listener: () => void): void {
    this.#onNextRequest = listener
  }

  /** Another request of the connection waits for this one. */
  nextRequestWaits(): void {
    const listener = this.#onNextRequest
    this.#onNextRequest = null
    if (!this.isAnswered) listener?.()
  }

  respondNothing(): void {
    this.#answered()
    this.connection.onAnswered()
  }

  close(reason: string): void {
    this.#answered()
    this.connection.fail(`${this.row.definition.name} v${this.apiVersion}: ${reason}`)
  }

  #answered(): void {
    assert(!this.isAnswered, 'request answered twice', {
      api: this.row.definition.name,
      correlationId: this.correlationId,
    })
    this.isAnswered = true
  }
}

const NO_CHUNKS: readonly Buffer[] = []
const NO_FRAME = Buffer.alloc(0)
