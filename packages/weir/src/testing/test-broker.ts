// One broker of a test: a node in a life that can be ended and begun again, on the same port and disk.

import { hostname } from 'node:os'
import { type FaultPlan, WeirNode } from '@weir/broker'
import { type Env, OperatorError } from '@weir/core'
import { loadSettings } from '@weir/settings'
import { Life } from './life.ts'

export interface TestBrokerOptions {
  readonly id: number
  /** What all lives of the broker share: clock, disk, network. */
  readonly world: Env
  readonly host: string
  /** 0 for any free one; kept once the broker has started. */
  readonly port: number
  /** Names and values as in server.properties, without the address of clients. */
  readonly settings: ReadonlyMap<string, string>
  /** More addresses to listen at, as in `listeners`. */
  readonly listeners?: readonly string[]
  readonly faults: FaultPlan
}

export class TestBroker {
  readonly id: number
  readonly host: string
  readonly #options: TestBrokerOptions
  #port: number
  #life: Life | null = null
  #node: WeirNode | null = null

  constructor(options: TestBrokerOptions) {
    this.#options = options
    this.id = options.id
    this.host = options.host
    this.#port = options.port
  }

  get port(): number {
    return this.#port
  }

  /** HOST:PORT. */
  get address(): string {
    return `${hostInUrl(this.host)}:${this.#port}`
  }

  get isRunning(): boolean {
    return this.#node !== null
  }

  /** Throws if it does not run. */
  get node(): WeirNode {
    if (this.#node === null) throw new Error(`broker ${this.id} is not running`)
    return this.#node
  }

  /** Resolves when clients are served. Throws OperatorError for what the caller can mend. */
  async start(): Promise<void> {
    if (this.#life !== null) throw new Error(`broker ${this.id} is running`)
    const { id, world, faults, listeners = [] } = this.#options
    const { settings } = loadSettings({
      given: this.#options.settings,
      flags: new Map([['listeners', [`PLAINTEXT://${this.address}`, ...listeners].join(',')]]),
    })
    const life = new Life(world)
    this.#life = life
    try {
      const node = await WeirNode.start(life.env, {
        settings,
        hostName: hostname(),
        onFatal: error => failLoudly(life, error),
        interceptor: services =>
          faults.interceptorOf({
            brokerId: id,
            clock: life.env.clock,
            topicName: topicId => services.metadata.topicById(topicId)?.name ?? null,
          }),
      })
      const [listener] = node.listeners
      if (listener === undefined) throw new OperatorError('the node has no listener for clients')
      this.#port = listener.port
      this.#node = node
    } catch (error) {
      await this.kill()
      throw error
    }
  }

  /** In order: what is in flight is answered, everything is written, leaders are handed over. */
  async stop(): Promise<void> {
    await this.#node?.stop()
    await this.kill()
  }

  /** As kill -9: connections are cut, nothing more is written. Resolves when all of it is gone. */
  async kill(): Promise<void> {
    this.#node = null
    await this.#life?.end()
    this.#life = null
  }

  /** Resolves when no disk call is under way. */
  async settled(): Promise<void> {
    await this.#life?.settled()
  }
}

/** Nothing can be promised any more, and the caller must not go on as if it could. */
function failLoudly(life: Life, error: Error): void {
  if (!life.isAlive) return
  queueMicrotask(() => {
    throw error
  })
}

export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
