// Clients that a broker has to bear: idle, deaf, greedy, and such that promise what they do not send.
// They run in a process of their own, so that they do not slow down what is measured.

import type { Env, Socket } from '@weir/core'
import { FetchRequest, produceRequest } from '../requests.ts'
import { type Address, parseBootstrap } from '../rpc.ts'

export type BadPeerKind = 'idle' | 'deaf' | 'greedy' | 'wide' | 'announcing'

export const BAD_PEERS: Readonly<Record<BadPeerKind, string>> = {
  idle: '1,000 connections that say nothing',
  deaf: '200 that fetch and never read the answers',
  greedy: 'one that sends requests of 100 MB, one after the other',
  wide: 'one that sends requests of 100 MB for 100 partitions',
  announcing: '1,000 that announce 100 MiB and send one byte of it',
}

const IDLE_COUNT = 1_000
const DEAF_COUNT = 200
/** Requests that a deaf peer has asked before it stops reading. */
const DEAF_REQUESTS = 50
const ANNOUNCING_COUNT = 1_000
const ANNOUNCED_BYTES = 100 * 1024 * 1024
const GREEDY_BYTES = 100_000_000
export const WIDE_PARTITIONS = 100
const FETCH_BYTES = 1 << 20
const CONNECT_TIMEOUT_MS = 5_000

export interface BadPeersOptions {
  readonly kind: BadPeerKind
  readonly bootstrap: string
  /** A topic with one partition that holds some megabytes. */
  readonly topic: string
  /** One with `WIDE_PARTITIONS`; only for 'wide'. */
  readonly wideTopic: string
}

/** Resolves when all of them are at it; they go on until `close`. */
export class BadPeers {
  readonly #env: Env
  readonly #options: BadPeersOptions
  readonly #address: Address
  readonly #sockets: Socket[] = []
  /** Connections that the broker has closed. */
  closedCount = 0
  /** Of the greedy one. */
  answerCount = 0

  private constructor(env: Env, options: BadPeersOptions) {
    this.#env = env
    this.#options = options
    this.#address = parseBootstrap(options.bootstrap)
  }

  static async start(env: Env, options: BadPeersOptions): Promise<BadPeers> {
    const peers = new BadPeers(env, options)
    await peers.#start()
    return peers
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  async #start(): Promise<void> {
    switch (this.#options.kind) {
      case 'idle':
        for (let i = 0; i < IDLE_COUNT; i++) await this.#connect()
        return
      case 'deaf':
        for (let i = 0; i < DEAF_COUNT; i++) this.#askAndNeverRead(await this.#connect())
        return
      case 'announcing': {
        const promise = Buffer.alloc(5)
        promise.writeInt32BE(ANNOUNCED_BYTES)
        for (let i = 0; i < ANNOUNCING_COUNT; i++) (await this.#connect()).write([promise])
        return
      }
      case 'greedy':
        await this.#sendForEver(this.#tooLarge())
        return
      case 'wide':
        await this.#sendForEver(this.#wide())
    }
  }

  async #connect(onData: () => void = () => undefined): Promise<Socket> {
    const { host, port } = this.#address
    const socket = await this.#env.net.connect({ host, port, timeoutMs: CONNECT_TIMEOUT_MS })
    socket.start({
      onData,
      onEnd: () => socket.destroy(),
      onDrain: () => undefined,
      onClose: () => {
        this.closedCount++
      },
    })
    this.#sockets.push(socket)
    return socket
  }

  #askAndNeverRead(socket: Socket): void {
    const { topic } = this.#options
    const template = { topic, partition: 0, maxBytes: FETCH_BYTES, maxWaitMs: 500 }
    const request = new FetchRequest(template).from(0)
    socket.pause()
    for (let i = 0; i < DEAF_REQUESTS; i++) socket.write([request])
  }

  /** One batch that is larger than any topic allows: it is refused, and the next one comes. */
  #tooLarge(): Buffer {
    const recordBytes = 1_000_000
    return this.#produce(this.#options.topic, GREEDY_BYTES / recordBytes, recordBytes, 1)
  }

  /** As large in all, but every batch is one that its partition takes. */
  #wide(): Buffer {
    const recordBytes = 1_000
    const recordCount = GREEDY_BYTES / WIDE_PARTITIONS / recordBytes
    return this.#produce(this.#options.wideTopic, recordCount, recordBytes, WIDE_PARTITIONS)
  }

  #produce(
    topic: string,
    recordCount: number,
    recordBytes: number,
    partitionCount: number,
  ): Buffer {
    const nowMs = this.#env.clock.nowMs()
    const template = { topic, partition: 0, acks: -1, recordCount, recordBytes, nowMs }
    return produceRequest(template, this.#env.random.bytes(recordBytes + 1), partitionCount)
  }

  async #sendForEver(request: Buffer): Promise<void> {
    const socket = await this.#connect(() => {
      this.answerCount++
      socket.write([request])
    })
    socket.write([request])
  }
}
