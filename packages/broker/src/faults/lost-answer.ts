// The context of a request that is handled as always, and whose answer is lost: its connection ends
// when the answer is there. What a client sees of a broker that dies after the write.

import type { PendingRequest } from '../server/pending-request.ts'
import type {
  ClientConnection,
  ListenerInfo,
  Principal,
  RequestContext,
} from '../server/request-context.ts'

export class LostAnswer implements RequestContext {
  readonly connection: ClientConnection
  readonly listener: ListenerInfo
  readonly principal: Principal
  readonly clientId: string | null
  readonly apiKey: number
  readonly apiVersion: number
  readonly correlationId: number
  readonly receivedMs: number
  readonly #request: PendingRequest

  constructor(request: PendingRequest) {
    this.#request = request
    this.connection = request.connection
    this.listener = request.listener
    this.principal = request.principal
    this.clientId = request.clientId
    this.apiKey = request.apiKey
    this.apiVersion = request.apiVersion
    this.correlationId = request.correlationId
    this.receivedMs = request.receivedMs
  }

  respond(_response: unknown, onSent?: () => void): void {
    onSent?.()
    this.respondNothing()
  }

  onNextRequest(listener: () => void): void {
    this.#request.onNextRequest(listener)
  }

  respondNothing(): void {
    this.#request.close('a fault lost the answer')
  }

  close(reason: string): void {
    this.#request.close(reason)
  }
}
