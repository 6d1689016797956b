// Requests that only the active controller can answer, asked of any broker: answered here if this node
// is the active controller, else passed on to it in an Envelope, byte for byte.
//
// Before the client gets its answer this node's image has what the answer tells (bounded): a client
// reads what it wrote, from the broker that it asked.

import type { Env } from '@weir/core'
import {
  type ApiDefinition,
  type Decoded,
  decodeMessage,
  decodeResponseHeader,
  defaultPrincipalData,
  encodeRequestFrame,
  encodeVersioned,
  errorName,
  type Fields,
  FRAME_SIZE_BYTES,
  type Init,
  KafkaError,
  type Message,
} from '@weir/protocol'
import { ANONYMOUS, type Principal, type RequestContext } from '../server/request-context.ts'
import type { ControllerChannel } from './controller-channel.ts'
import { forwardApi } from './node-apis.ts'
import type { QuorumController } from './quorum-controller.ts'

/** A request as it came, to be passed on. */
export interface ForwardableRequest extends RequestContext {
  /** Header and body, without the size. */
  readonly frame: Buffer
}

export type ForwardedAnswer =
  | { readonly kind: 'response'; readonly response: unknown }
  /** Header and body, without the size. */
  | { readonly kind: 'encoded'; readonly bytes: Buffer }

/** How long a client waits for its own node to follow. */
const FOLLOW_LIMIT_MS = 1_000
const DEFAULT_TIMEOUT_MS = 15_000
const MIN_TIMEOUT_MS = 1_000
const MAX_TIMEOUT_MS = 60_000

export class RequestForwarder {
  readonly #env: Env
  readonly #controller: QuorumController
  readonly #channel: ControllerChannel

  constructor(env: Env, controller: QuorumController, channel: ControllerChannel) {
    this.#env = env
    this.#controller = controller
    this.#channel = channel
  }

  /**
   * `answerHere` runs the handler, where this node is the active controller. Rejects as that does, and
   * with REQUEST_TIMED_OUT if no controller answered in time.
   */
  forward(
    request: ForwardableRequest,
    body: unknown,
    answerHere: () => unknown,
  ): Promise<ForwardedAnswer> {
    return this.#channel.until(timeoutOf(body), async leftMs => {
      if (this.#controller.isActive) return { kind: 'response', response: await answerHere() }
      return { kind: 'encoded', bytes: await this.#send(request, leftMs) }
    })
  }

  async #send(request: ForwardableRequest, leftMs: number): Promise<Buffer> {
    const { frame, principal, connection } = request
    return await this.#envelope({ frame, principal, host: connection.remoteAddress }, leftMs)
  }

  /** A request of this node itself that has to be in its image when it is answered. */
  async call<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    body: Init<Message<Q>>,
    timeoutMs: number,
  ): Promise<Decoded<Message<S>>> {
    const version = api.maxVersion
    const options = { version, correlationId: 0, clientId: null }
    const frame = Buffer.concat(encodeRequestFrame(api, options, body)).subarray(FRAME_SIZE_BYTES)
    return await this.#channel.until(timeoutMs, async leftMs => {
      if (this.#controller.isActive) return await this.#channel.attempt(api, body, leftMs)
      const bytes = await this.#envelope({ frame, principal: ANONYMOUS, host: '' }, leftMs)
      const { bodyStart } = decodeResponseHeader(api.key, version, bytes)
      return decodeMessage(api.response, version, bytes, bodyStart)
    })
  }

  async #envelope(
    { frame, principal, host }: { frame: Buffer; principal: Principal; host: string },
    leftMs: number,
  ): Promise<Buffer> {
    const answer = await this.#channel.attempt(
      forwardApi,
      {
        requestData: frame,
        requestPrincipal: encodePrincipal(principal),
        clientHostAddress: Buffer.from(host),
      },
      leftMs,
    )
    if (answer.errorCode !== 0 || answer.responseData === null) {
      const name = answer.errorCode === 0 ? 'UNKNOWN_SERVER_ERROR' : errorName(answer.errorCode)
      throw new KafkaError(name, 'the active controller could not take the request')
    }
    const hasFollowed = await this.#controller.whenApplied(answer.metadataIndex, FOLLOW_LIMIT_MS)
    if (!hasFollowed) {
      this.#env.log.warn('this node is behind the controller', {
        metadataIndex: answer.metadataIndex,
        appliedIndex: this.#controller.appliedIndex,
      })
    }
    return answer.responseData
  }
}

function timeoutOf(body: unknown): number {
  const { timeoutMs } = body as { readonly timeoutMs?: unknown }
  if (typeof timeoutMs !== 'number') return DEFAULT_TIMEOUT_MS
  return Math.min(MAX_TIMEOUT_MS, Math.max(MIN_TIMEOUT_MS, timeoutMs))
}

const PRINCIPAL_VERSION = 0

function encodePrincipal({ type, name }: Principal): Buffer {
  const fields = { type, name, tokenAuthenticated: false }
  return encodeVersioned(defaultPrincipalData, PRINCIPAL_VERSION, fields)
}
