// One connection to a broker: requests go out pipelined, answers come in their order.
//
// Invariants: the correlation ids of #inFlight ascend and an answer belongs to its head; after
// `#fail` nothing is in flight and every later request is refused. A request that timed out breaks
// the connection, because its answer would have to be waited for by all that follow.
import { type Env, errorMessage, NetError, type Socket, type Timer } from '@weir/core'
import {
  type ApiDefinition,
  type Decoded,
  DecodeError,
  decodeMessage,
  decodeResponseHeader,
  encodeRequestFrame,
  type Fields,
  type Init,
  type Message,
} from '@weir/protocol'
import { type Address, formatAddress } from './address.ts'
import { type ApiVersionRange, negotiateApiVersions, type VersionTable } from './api-versions.ts'
import { ClientError } from './errors.ts'
import { FrameSplitter } from './frame-splitter.ts'

export interface ConnectionOptions {
  readonly clientId: string
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
  /** Of the first answer, which says which versions there are; requestTimeoutMs if left out. */
  readonly handshakeTimeoutMs?: number
}

export interface RequestOptions {
  /** Caps within what both sides have; inclusive. */
  readonly minVersion?: number
  readonly maxVersion?: number
  readonly timeoutMs?: number
}

interface InFlight {
  readonly correlationId: number
  readonly apiName: string
  readonly timer: Timer
  readonly onFrame: (frame: Buffer) => void
  readonly onError: (error: ClientError) => void
}

export class Connection {
  readonly address: string
  readonly #env: Env
  readonly #socket: Socket
  readonly #options: ConnectionOptions
  readonly #splitter = new FrameSplitter()
  readonly #inFlight: InFlight[] = []
  #versions: VersionTable = new Map()
  #nextCorrelationId = 0
  #failure: ClientError | null = null

  private constructor(env: Env, socket: Socket, address: string, options: ConnectionOptions) {
    this.#env = env
    this.#socket = socket
    this.#options = options
    this.address = address
    socket.start({
      onData: chunk => this.#onData(chunk),
      onEnd: () => this.#fail(this.#closedError('the broker closed the connection')),
      onDrain: () => {},
      onClose: error =>
        this.#fail(
          this.#closedError(
            error === null ? 'the connection was closed' : errorMessage(error),
            error ?? undefined,
          ),
        ),
    })
  }

  /** Connects and asks for the API versions. Throws ClientError or KafkaError. */
  static async open(env: Env, to: Address, options: ConnectionOptions): Promise<Connection> {
    const address = formatAddress(to)
    let socket: Socket
    try {
      socket = await env.net.connect({ ...to, timeoutMs: options.connectTimeoutMs })
    } catch (error) {
      const code = error instanceof NetError ? error.code : ''
      const reason = REASONS.get(code) ?? errorMessage(error)
      throw new ClientError('connect', `cannot connect to ${address}: ${reason}`, {
        address,
        cause: error,
      })
    }
    const connection = new Connection(env, socket, address, options)
    try {
      const { handshakeTimeoutMs = options.requestTimeoutMs } = options
      connection.#versions = await negotiateApiVersions(connection, handshakeTimeoutMs)
    } catch (error) {
      connection.close()
      throw error
    }
    return connection
  }

  get isOpen(): boolean {
    return this.#failure === null
  }

  get localAddress(): string {
    return formatAddress({ host: this.#socket.localAddress, port: this.#socket.localPort })
  }

  /** What the broker advertises, by API key. */
  get versions(): VersionTable {
    return this.#versions
  }

  hasApi(api: { readonly key: number }): boolean {
    return this.#versions.has(api.key)
  }

  /** The highest version that both sides have. Throws ClientError 'unsupported' if there is none. */
  versionOf(api: ApiRange, options: RequestOptions = {}): number {
    const range = this.#versions.get(api.key)
    if (range === undefined) {
      throw new ClientError('unsupported', `${this.address} does not support ${api.name}`, this)
    }
    const version = Math.min(api.maxVersion, range.maxVersion, options.maxVersion ?? api.maxVersion)
    const floor = Math.max(api.minVersion, range.minVersion, options.minVersion ?? 0)
    if (version < floor) {
      throw new ClientError(
        'unsupported',
        `${this.address} has ${api.name} ${range.minVersion}-${range.maxVersion}, which is too far from what this client has`,
        this,
      )
    }
    return version
  }

  /** Sends in the highest common version; `body` may depend on it. Throws ClientError. */
  async request<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    body: Init<Message<Q>> | ((version: number) => Init<Message<Q>>),
    options: RequestOptions = {},
  ): Promise<Decoded<Message<S>>> {
    const version = this.versionOf(api, options)
    const value = typeof body === 'function' ? body(version) : body
    return await this.requestAt(api, version, value, options.timeoutMs)
  }

  /** Sends in exactly this version. */
  requestAt<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    version: number,
    body: Init<Message<Q>>,
    timeoutMs: number = this.#options.requestTimeoutMs,
  ): Promise<Decoded<Message<S>>> {
    const { name } = api
    const decode = (frame: Buffer): Decoded<Message<S>> => {
      const { bodyStart } = decodeResponseHeader(api.key, version, frame)
      return decodeMessage(api.response, version, frame, bodyStart)
    }
    return this.exchange(api, version, body, { timeoutMs, decode, name })
  }

  /** As `requestAt`, with the whole frame (header included) given to `decode`. */
  exchange<Q extends Fields, S extends Fields, R>(
    api: ApiDefinition<Q, S>,
    version: number,
    body: Init<Message<Q>>,
    how: { timeoutMs?: number; decode: (frame: Buffer) => R; name: string },
  ): Promise<R> {
    return new Promise<R>((resolve, reject) => {
      if (this.#failure !== null) {
        reject(this.#failure)
        return
      }
      const correlationId = this.#write(api, version, body)
      const timeoutMs = how.timeoutMs ?? this.#options.requestTimeoutMs
      const timer = this.#env.clock.after(timeoutMs, () => {
        this.#fail(
          new ClientError(
            'timeout',
            `${this.address} did not answer ${how.name} within ${timeoutMs} ms`,
            { address: this.address, isOfController: api.isOfController },
          ),
        )
      })
      this.#inFlight.push({
        correlationId,
        apiName: how.name,
        timer,
        onFrame: frame => resolve(how.decode(frame)),
        onError: reject,
      })
    })
  }

  /**
   * For requests that get no answer: Produce with acks=0. Resolves when the network has taken it, or
   * the connection is lost meanwhile, which nobody can tell from its success.
   */
  async sendOneWay<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    version: number,
    body: Init<Message<Q>>,
  ): Promise<void> {
    if (this.#failure !== null) throw this.#failure
    await new Promise<void>(resolve => this.#write(api, version, body, resolve))
  }

  close(): void {
    this.#fail(new ClientError('ended', `the connection to ${this.address} was closed here`, this))
  }

  #write<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    version: number,
    body: Init<Message<Q>>,
    onFlushed?: () => void,
  ): number {
    const correlationId = this.#nextCorrelationId
    this.#nextCorrelationId = (correlationId + 1) & 0x7fffffff
    const { clientId } = this.#options
    const frame = encodeRequestFrame(api, { version, correlationId, clientId }, body)
    this.#socket.write(frame, onFlushed)
    return correlationId
  }

  #onData(chunk: Buffer): void {
    const isSound = this.#splitter.push(chunk, frame => this.#onFrame(frame))
    if (!isSound) this.#fail(this.#closedError('it does not speak the Kafka protocol'))
  }

  #onFrame(frame: Buffer): void {
    const request = this.#inFlight[0]
    const correlationId = frame.readInt32BE(0)
    if (request === undefined || request.correlationId !== correlationId) {
      this.#fail(this.#closedError(`unexpected answer with correlation id ${correlationId}`))
      return
    }
    this.#inFlight.shift()
    request.timer.cancel()
    try {
      request.onFrame(frame)
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error
      const what = `the answer to ${request.apiName} does not parse: ${error.message}`
      const failure = this.#closedError(what, error)
      request.onError(failure)
      this.#fail(failure)
    }
  }

  #closedError(reason: string, cause?: unknown): ClientError {
    return new ClientError('closed', `connection to ${this.address} lost: ${reason}`, {
      address: this.address,
      cause,
    })
  }

  #fail(error: ClientError): void {
    if (this.#failure !== null) return
    this.#failure = error
    this.#socket.destroy()
    for (const request of this.#inFlight.splice(0)) {
      request.timer.cancel()
      request.onError(error)
    }
  }
}

type ApiRange = ApiVersionRange & { readonly key: number; readonly name: string }

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'nothing listens there'],
  ['ENOTFOUND', 'no such host'],
  ['EAI_AGAIN', 'the name cannot be resolved'],
  ['ETIMEDOUT', 'no answer in time'],
  ['EHOSTUNREACH', 'the host cannot be reached'],
  ['ENETUNREACH', 'the network cannot be reached'],
])
