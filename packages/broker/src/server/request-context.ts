// What a handler knows about the request that it answers, and how it answers when not at once.
//
// A handler returns its response, a promise of it, or DEFERRED after arranging that
// `context.respond(...)` or `context.respondNothing()` is called exactly once, later or already. The
// last form costs no promise: Produce and Fetch use it.

/** Returned by a handler that answers through its context. */
export const DEFERRED: unique symbol = Symbol('deferred')

export type HandlerResult<Response> = Response | Promise<Response> | typeof DEFERRED

export interface Principal {
  /** 'User' for clients. */
  readonly type: string
  readonly name: string
}

/** Of clients that did not log in. */
export const ANONYMOUS: Principal = Object.freeze({ type: 'User', name: 'ANONYMOUS' })

export type ListenerKind = 'broker' | 'controller'

export interface ListenerInfo {
  /** As in advertised.listeners: 'PLAINTEXT'. */
  readonly name: string
  readonly kind: ListenerKind
}

/** What handlers may see of the connection that a request came by. */
export interface ClientConnection {
  /** Unique within the node's life. */
  readonly id: number
  readonly remoteAddress: string
  readonly remotePort: number
  /** The address by which the client reached the node. */
  readonly localAddress: string
  readonly localPort: number
  /** From ApiVersions v3+; empty before. */
  readonly clientSoftwareName: string
  readonly clientSoftwareVersion: string
  /** False once the connection is gone: nobody waits for the answer. */
  readonly isOpen: boolean
  setClientSoftware(name: string, version: string): void
}

export interface RequestContext {
  readonly connection: ClientConnection
  readonly listener: ListenerInfo
  readonly principal: Principal
  /** Null as the wire has it. */
  readonly clientId: string | null
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  /** Monotonic milliseconds at which the whole frame had arrived. */
  readonly receivedMs: number
  /**
   * Answers, once; only after returning DEFERRED or right before it. `onSent` is called when the
   * bytes of the answer are with the kernel, or will never be: pooled buffers go back then.
   */
  respond(response: unknown, onSent?: () => void): void
  /** Told once when another request of the connection has to wait for this one. */
  onNextRequest(listener: () => void): void
  /** Ends the request without an answer (acks=0). */
  respondNothing(): void
  /** Ends the request by closing the connection; the reason is logged with the peer's address. */
  close(reason: string): void
}
