// Calls of this node to the active controller, whoever that is: in this process if it is this node,
// else over one connection that follows the leadership of the quorum.
//
// A call may be tried again after it was taken: what is called has to bear that.

import { type Address, ClientError, Connection } from '@weir/client'
import type { Env } from '@weir/core'
import {
  type ApiDefinition,
  type Decoded,
  errorCode,
  type Fields,
  type Init,
  KafkaError,
  type Message,
} from '@weir/protocol'

/** Calls a handler of this node, as if its request had come by the controller listener. */
export interface LocalCaller {
  call<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    body: Init<Message<Q>>,
  ): Promise<Decoded<Message<S>>>
}

export interface ControllerChannelParts {
  readonly nodeId: number
  readonly isActive: () => boolean
  /** Null if unknown. */
  readonly leaderId: () => number | null
  readonly addressOf: (nodeId: number) => Address | null
  readonly local: LocalCaller
}

const CONNECT_TIMEOUT_MS = 1_000
const RETRY_MS = 20
const NOT_CONTROLLER = errorCode('NOT_CONTROLLER')

interface Link {
  readonly leaderId: number
  readonly address: Address
  readonly connecting: Promise<Connection>
  connection: Connection | null
}

export class ControllerChannel {
  readonly #env: Env
  readonly #parts: ControllerChannelParts
  #link: Link | null = null
  readonly #wakers = new Set<() => void>()
  #isClosed = false

  constructor(env: Env, parts: ControllerChannelParts) {
    this.#env = env
    this.#parts = parts
  }

  /**
   * Asks the active controller until one answers; rejects with KafkaError REQUEST_TIMED_OUT when the
   * time is up. Answers with an error other than NOT_CONTROLLER are answers.
   */
  async request<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    body: Init<Message<Q>>,
    timeoutMs: number,
  ): Promise<Decoded<Message<S>>> {
    return await this.until(timeoutMs, leftMs => this.attempt(api, body, leftMs))
  }

  /** Runs `attempt` until it does not reject with what passes. */
  async until<R>(timeoutMs: number, attempt: (leftMs: number) => Promise<R>): Promise<R> {
    const { clock } = this.#env
    const deadlineMs = clock.monotonicMs() + timeoutMs
    for (;;) {
      const leftMs = deadlineMs - clock.monotonicMs()
      if (leftMs <= 0 || this.#isClosed) {
        throw new KafkaError('REQUEST_TIMED_OUT', 'no active controller answered in time')
      }
      try {
        return await attempt(leftMs)
      } catch (error) {
        if (!passes(error)) throw error
      }
      await this.#change(RETRY_MS)
    }
  }

  /** Once. Rejects with KafkaError NOT_CONTROLLER or ClientError if nobody decides there. */
  async attempt<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    body: Init<Message<Q>>,
    timeoutMs: number,
  ): Promise<Decoded<Message<S>>> {
    const { isActive, local } = this.#parts
    if (isActive()) return decided(await local.call(api, body), 'this node')
    const connection = await this.#connection()
    const version = connection.versionOf(api)
    const response = await connection.requestAt(api, version, body, timeoutMs)
    return decided(response, connection.address)
  }

  /** The leader may be another: those who wait try again at once. */
  leadershipChanged(): void {
    const { leaderId, isActive } = this.#parts
    const leader = leaderId()
    if (this.#link !== null && (isActive() || (leader !== null && leader !== this.#link.leaderId)))
      this.#drop()
    for (const wake of [...this.#wakers]) wake()
  }

  close(): void {
    this.#isClosed = true
    this.#drop()
    this.leadershipChanged()
  }

  /** Resolves when the leadership changes, at the latest after `limitMs`. */
  #change(limitMs: number): Promise<void> {
    return new Promise(resolve => {
      const wake = () => {
        timer.cancel()
        this.#wakers.delete(wake)
        resolve()
      }
      const timer = this.#env.clock.after(limitMs, wake)
      this.#wakers.add(wake)
    })
  }

  async #connection(): Promise<Connection> {
    const { nodeId, leaderId, addressOf } = this.#parts
    const leader = leaderId()
    if (this.#isClosed || leader === null || leader === nodeId) {
      throw new KafkaError('NOT_CONTROLLER', 'no active controller is known')
    }
    const address = addressOf(leader)
    if (address === null) {
      throw new KafkaError('NOT_CONTROLLER', `the address of node ${leader} is not known`)
    }
    const link = this.#link
    const isSame =
      link?.leaderId === leader &&
      link.address.host === address.host &&
      link.address.port === address.port
    if (isSame && link.connection?.isOpen !== false) return await link.connecting
    this.#drop()
    return await this.#open(leader, address)
  }

  async #open(leaderId: number, address: Address): Promise<Connection> {
    const connecting = Connection.open(this.#env, address, {
      clientId: `node-${this.#parts.nodeId}`,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      requestTimeoutMs: CONNECT_TIMEOUT_MS,
    })
    const link: Link = { leaderId, address, connecting, connection: null }
    this.#link = link
    try {
      link.connection = await connecting
    } catch (error) {
      if (this.#link === link) this.#link = null
      throw error
    }
    // Nobody waits for it any more.
    if (this.#link !== link) link.connection.close()
    return link.connection
  }

  #drop(): void {
    const link = this.#link
    this.#link = null
    link?.connection?.close()
  }
}

/** An answer of a node that does not decide is none. */
function decided<R>(response: R, whose: string): R {
  if ((response as { readonly errorCode?: number }).errorCode === NOT_CONTROLLER) {
    throw new KafkaError('NOT_CONTROLLER', `${whose} is not the active controller`)
  }
  return response
}

/** The controller could not be reached or was another: the next attempt may succeed. */
export function passes(error: unknown): boolean {
  if (error instanceof KafkaError) return error.errorName === 'NOT_CONTROLLER'
  return error instanceof ClientError && error.kind !== 'unsupported'
}
