// Calls of this node to itself: the handler that the controller listener would run, without a socket.
// Requests and answers go through the codec, so that both sides are what they would be from outside.

import {
  type ApiDefinition,
  type Decoded,
  decodeMessage,
  encodeToBuffer,
  errorCode,
  type Fields,
  type Init,
  KafkaError,
  type Message,
} from '@weir/protocol'
import type { ControlServices } from '../services.ts'
import type { ApiRow } from './api-row.ts'
import { ANONYMOUS, type ClientConnection, type RequestContext } from './request-context.ts'

/** The connection id of requests that came by none. */
export const NO_CONNECTION = 0

const IN_PROCESS: ClientConnection = Object.freeze({
  id: NO_CONNECTION,
  remoteAddress: '',
  remotePort: 0,
  localAddress: '',
  localPort: 0,
  clientSoftwareName: '',
  clientSoftwareVersion: '',
  isOpen: true,
  setClientSoftware: () => undefined,
})

export class LocalCalls {
  readonly #rows = new Map<number, ApiRow>()
  readonly #services: () => ControlServices

  constructor(rows: readonly ApiRow[], services: () => ControlServices) {
    for (const row of rows) {
      if (row.listeners.includes('controller')) this.#rows.set(row.definition.key, row)
    }
    this.#services = services
  }

  /** Rejects as the handler does, except where its table has an answer for the error. */
  async call<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    body: Init<Message<Q>>,
  ): Promise<Decoded<Message<S>>> {
    const row = this.#rows.get(api.key)
    if (row === undefined) throw new KafkaError('UNSUPPORTED_VERSION', `${api.name} is not served`)
    const version = Math.min(row.maxVersion, api.maxVersion)
    const request = decodeMessage(api.request, version, encodeToBuffer(api.request, version, body))
    const context = this.#context(api.key, version)
    const response = await this.#answer(row, context, request)
    const bytes = encodeToBuffer(api.response, version, response as Init<Message<S>>)
    return decodeMessage(api.response, version, bytes)
  }

  async #answer(row: ApiRow, context: RequestContext, request: unknown): Promise<unknown> {
    try {
      return await row.handle(this.#services() as never, context, request)
    } catch (error) {
      const isAnswer = error instanceof KafkaError && error.errorName !== 'NOT_CONTROLLER'
      if (!isAnswer || row.errorResponse === null) throw error
      const failure = { errorCode: errorCode(error.errorName), message: error.message }
      return row.errorResponse(request, failure)
    }
  }

  #context(apiKey: number, apiVersion: number): RequestContext {
    const neverCalled = () => {
      throw new Error('a request of the node itself is answered by its handler alone')
    }
    return {
      connection: IN_PROCESS,
      listener: { name: 'CONTROLLER', kind: 'controller' },
      principal: ANONYMOUS,
      clientId: null,
      apiKey,
      apiVersion,
      correlationId: 0,
      receivedMs: this.#services().env.clock.monotonicMs(),
      onNextRequest: () => undefined,
      respond: neverCalled,
      respondNothing: neverCalled,
      close: neverCalled,
    }
  }
}
