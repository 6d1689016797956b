// A frame into a request, a request to its handler, and what a handler throws into an answer. The
// only place that catches KafkaError.
//
// What cannot be answered closes its connection with a reason, as in Kafka: unknown API, version out
// of range (but for ApiVersions), a header or body that does not parse. A broken invariant of ours
// goes to `onFatal`; anything else that a handler throws ends that connection only.

import { AssertionError, assert, errorMessage, type Logger } from '@weir/core'
import {
  DecodeError,
  decodeMessage,
  decodeRequestHeader,
  decodeResponseHeader,
  errorCode,
  KafkaError,
} from '@weir/protocol'
import type { RequestForwarder } from '../metadata/request-forwarder.ts'
import type { ControlServices } from '../services.ts'
import type { ApiRow } from './api-row.ts'
import type { FrameStream } from './frame-stream.ts'
import { type AnswerSink, PendingRequest } from './pending-request.ts'
import { DEFERRED, type ListenerKind, type RequestContext } from './request-context.ts'
import type { RequestInterceptor } from './request-interceptor.ts'

const API_VERSIONS_KEY = 18
const API_KEY_BYTES = 2

export type DispatchOutcome =
  | { readonly kind: 'request'; readonly request: PendingRequest; readonly body: unknown }
  /** ApiVersions in a version of the future. */
  | { readonly kind: 'unsupportedVersion'; readonly request: PendingRequest }
  | { readonly kind: 'unreadable'; readonly reason: string }

export interface DispatcherOptions {
  readonly rows: readonly ApiRow[]
  readonly listenerKind: ListenerKind
  /** Those of the listener: a broker's have more. */
  readonly services: ControlServices
  /** On a broker's listeners: takes what the active controller has to answer. */
  readonly forwarder?: RequestForwarder
  /** A broken invariant: the node has to stop. */
  readonly onFatal: (error: Error) => void
  /** Sees each request before its handler; none unless given. */
  readonly interceptor?: RequestInterceptor | undefined
}

export class Dispatcher {
  /** Indexed by API key. */
  readonly #rows: readonly (ApiRow | undefined)[]
  readonly #services: ControlServices
  readonly #forwarder: RequestForwarder | null
  readonly #log: Logger
  readonly #onFatal: (error: Error) => void
  readonly #interceptor: RequestInterceptor | null

  constructor(options: DispatcherOptions) {
    const rows: (ApiRow | undefined)[] = []
    for (const row of options.rows) {
      if (row.listeners.includes(options.listenerKind)) rows[row.definition.key] = row
    }
    this.#rows = rows
    this.#services = options.services
    this.#forwarder = options.forwarder ?? null
    this.#log = options.services.env.log
    this.#onFatal = options.onFatal
    this.#interceptor = options.interceptor ?? null
  }

  /** Whether requests like this one may run beside others of their connection. */
  mayOverlap(frame: Buffer | FrameStream): boolean {
    if (!Buffer.isBuffer(frame)) return this.#rows[frame.header.requestApiKey]?.overlaps ?? false
    if (frame.length < API_KEY_BYTES) return false
    return this.#rows[frame.readInt16BE(0)]?.overlaps ?? false
  }

  /** Reads a large frame that begins with `start`, at least four bytes; null: not this one. */
  stream(start: Buffer, frameBytes: number): FrameStream | null {
    const row = this.#rows[start.readInt16BE(0)]
    const version = start.readInt16BE(API_KEY_BYTES)
    if (row === undefined || row.stream === null) return null
    if (version < row.minVersion || version > row.maxVersion) return null
    return row.stream(this.#services as never, version, frameBytes)
  }

  /** Reads a frame; runs nothing. */
  read(connection: AnswerSink, frame: Buffer | FrameStream, receivedMs: number): DispatchOutcome {
    try {
      return Buffer.isBuffer(frame)
        ? this.#read(connection, frame, receivedMs)
        : this.#readStreamed(connection, frame, receivedMs)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      return { kind: 'unreadable', reason: `request that does not parse: ${error.message}` }
    }
  }

  #read(connection: AnswerSink, frame: Buffer, receivedMs: number): DispatchOutcome {
    const header = decodeRequestHeader(frame)
    const { requestApiKey: key, requestApiVersion: version } = header
    const row = this.#rows[key]
    if (row === undefined) return { kind: 'unreadable', reason: `unknown API ${key} v${version}` }
    const head = {
      clientId: header.clientId,
      apiVersion: version,
      correlationId: header.correlationId,
      receivedMs,
      frameBytes: frame.length,
    }
    if (version < row.minVersion || version > row.maxVersion) {
      if (key === API_VERSIONS_KEY) {
        const request = new PendingRequest(connection, row, { ...head, apiVersion: 0 })
        return { kind: 'unsupportedVersion', request }
      }
      const served = `${row.minVersion} to ${row.maxVersion}`
      const reason = `${row.definition.name} v${version} is not served, only ${served}`
      return { kind: 'unreadable', reason }
    }
    const body = decodeMessage(row.definition.request, version, frame, header.bodyStart)
    const request = new PendingRequest(connection, row, head)
    if (row.definition.isOfController) request.frame = frame
    return { kind: 'request', request, body }
  }

  /** API and version were looked at before it was read. */
  #readStreamed(
    connection: AnswerSink,
    { header, body, frameBytes }: FrameStream,
    receivedMs: number,
  ): DispatchOutcome {
    const row = this.#rows[header.requestApiKey]
    assert(row !== undefined, 'a streamed request without a row')
    const request = new PendingRequest(connection, row, {
      clientId: header.clientId,
      apiVersion: header.requestApiVersion,
      correlationId: header.correlationId,
      receivedMs,
      frameBytes,
    })
    return { kind: 'request', request, body }
  }

  /** Calls the handler; whatever happens, the request is answered or its connection closed. */
  run(request: PendingRequest, body: unknown): void {
    if (this.#interceptor !== null) {
      const run = (context: RequestContext = request) => this.#run(request, body, context)
      if (this.#interceptor.intercept(request, body, run)) return
    }
    this.#run(request, body, request)
  }

  #run(request: PendingRequest, body: unknown, context: RequestContext): void {
    if (this.#forwarder !== null && request.row.definition.isOfController) {
      this.#forward(this.#forwarder, request, { body, context })
      return
    }
    try {
      const result = request.row.handle(this.#services as never, context, body)
      if (result === DEFERRED) return
      if (result instanceof Promise) {
        result.then(
          response => this.#respond(request, body, { context, response }),
          error => this.#fail(request, body, error),
        )
        return
      }
      context.respond(result)
    } catch (error) {
      this.#fail(request, body, error)
    }
  }

  #forward(
    forwarder: RequestForwarder,
    request: PendingRequest,
    { body, context }: { readonly body: unknown; readonly context: RequestContext },
  ): void {
    const answerHere = () => request.row.handle(this.#services as never, context, body)
    forwarder.forward(request, body, answerHere).then(
      answer => {
        if (answer.kind === 'response') {
          this.#respond(request, body, { context, response: answer.response })
        } else if (context === request) request.respondEncoded(answer.bytes)
        else
          this.#respond(request, body, { context, response: decodeAnswer(request, answer.bytes) })
      },
      error => this.#fail(request, body, error),
    )
  }

  /** The answer of v0 to a version of ApiVersions that is not served: error and one row. */
  refuseVersion(request: PendingRequest): void {
    const { minVersion, maxVersion } = request.row
    request.respond({
      errorCode: errorCode('UNSUPPORTED_VERSION'),
      apiKeys: [{ apiKey: API_VERSIONS_KEY, minVersion, maxVersion }],
    })
  }

  #respond(
    request: PendingRequest,
    body: unknown,
    { context, response }: { readonly context: RequestContext; readonly response: unknown },
  ): void {
    try {
      if (response !== DEFERRED) context.respond(response)
    } catch (error) {
      this.#fail(request, body, error)
    }
  }

  #fail(request: PendingRequest, body: unknown, error: unknown): void {
    if (error instanceof AssertionError) {
      this.#onFatal(error)
      return
    }
    const api = `${request.row.definition.name} v${request.apiVersion}`
    if (request.isAnswered) {
      this.#log.error(`${api} failed after its answer`, { error })
      return
    }
    if (!(error instanceof KafkaError)) {
      this.#log.error(`${api} failed`, { error, peer: request.connection.remoteAddress })
      request.close(`internal error: ${errorMessage(error)}`)
      return
    }
    const { errorResponse } = request.row
    if (errorResponse === null) {
      request.close(`${error.errorName}: ${error.message}`)
      return
    }
    const failure = { errorCode: errorCode(error.errorName), message: error.message }
    request.respond(errorResponse(body, failure))
  }
}

/** For somebody who sits between the handler and the client. */
function decodeAnswer({ row, apiVersion }: PendingRequest, bytes: Buffer): unknown {
  const { bodyStart } = decodeResponseHeader(row.definition.key, apiVersion, bytes)
  return decodeMessage(row.definition.response, apiVersion, bytes, bodyStart)
}
