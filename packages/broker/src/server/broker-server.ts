// The listener of a node: accepts connections, bounds their number, closes idle ones, and ends them
// in order when the node stops.

import type { Clock, Env, Listener, Socket, Timer } from '@weir/core'
import { Connection, type ConnectionHost } from './connection.ts'
import type { Dispatcher } from './dispatch.ts'
import { LogThrottle } from './log-throttle.ts'
import type { PendingRequest } from './pending-request.ts'
import type { ListenerInfo } from './request-context.ts'
import type { RequestMemory } from './request-memory.ts'
import { RequestStats } from './request-stats.ts'
import { RequestTurns } from './request-turns.ts'

/** Limits that may change while the server runs: asked for whenever they matter. */
export interface ServerLimits {
  readonly maxRequestBytes: number
  readonly maxConnections: number
  readonly maxConnectionsFrom: (address: string) => number
  readonly maxIdleMs: number
}

export interface BrokerServerOptions {
  readonly env: Env
  readonly dispatcher: Dispatcher
  readonly memory: RequestMemory
  readonly info: ListenerInfo
  readonly limits: () => ServerLimits
  /** Unique within the node's life, over all of its listeners; never 0. */
  readonly newConnectionId: () => number
  readonly onConnectionClosed: (connectionId: number) => void
}

const SWEEP_MS = 5_000
/** A peer that gets no further while memory is short: with half a frame, or with unread answers. */
const STALLED_MS = 10_000
/** Unsent answers of all connections above which peers that do not read are cut off. */
const UNSENT_LIMIT_BYTES = 256 * 1024 * 1024

export class BrokerServer implements ConnectionHost {
  readonly dispatcher: Dispatcher
  readonly memory: RequestMemory
  readonly listener: ListenerInfo
  readonly requestStats = new RequestStats()
  readonly turns: RequestTurns
  /** Since the start: accepted, refused because there were too many, closed for what the peer did. */
  acceptedCount = 0
  refusedCount = 0
  failedCount = 0
  readonly #env: Env
  readonly #clock: Clock
  readonly #peerLog: LogThrottle
  readonly #limits: () => ServerLimits
  readonly #newConnectionId: () => number
  readonly #onConnectionClosed: (connectionId: number) => void
  readonly #connections = new Set<Connection>()
  readonly #countByAddress = new Map<string, number>()
  #socketListener: Listener | null = null
  #sweepTimer: Timer | null = null
  #isServing = false
  #isStopping = false
  #onAllClosed: (() => void) | null = null

  constructor(options: BrokerServerOptions) {
    this.#env = options.env
    this.#clock = options.env.clock
    this.turns = new RequestTurns(options.env.clock)
    this.#peerLog = new LogThrottle(options.env.clock, options.env.log)
    this.dispatcher = options.dispatcher
    this.memory = options.memory
    this.listener = options.info
    this.#limits = options.limits
    this.#newConnectionId = options.newConnectionId
    this.#onConnectionClosed = options.onConnectionClosed
  }

  get connectionCount(): number {
    return this.#connections.size
  }

  get maxRequestBytes(): number {
    return this.#limits().maxRequestBytes
  }

  nowMs(): number {
    return this.#clock.monotonicMs()
  }

  after(delayMs: number, fn: () => void): void {
    this.#clock.after(delayMs, fn)
  }

  soon(fn: () => void): void {
    this.#clock.soon(fn)
  }

  /** Starts to accept; answers the port. Rejects with NetError (EADDRINUSE ...). */
  async listen(host: string, port: number): Promise<number> {
    const listener = await this.#env.net.listen({ host, port }, socket => this.#accept(socket))
    this.#socketListener = listener
    this.#scheduleSweep()
    return listener.port
  }

  /** Begins to answer; connections that were accepted before have waited. */
  open(): void {
    this.#isServing = true
    for (const connection of [...this.#connections]) connection.resumeReading()
  }

  get isServing(): boolean {
    return this.#isServing
  }

  /** Stops accepting at once; answers what is in flight for up to `graceMs`, then cuts the rest. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true
    this.#sweepTimer?.cancel()
    await this.#socketListener?.close()
    for (const connection of [...this.#connections]) connection.finish()
    if (this.#connections.size === 0) return
    await new Promise<void>(resolve => {
      const timer = this.#clock.after(graceMs, () => {
        for (const connection of [...this.#connections]) connection.destroy()
      })
      this.#onAllClosed = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  onBadPeer(connection: Connection, reason: string): void {
    this.failedCount++
    this.#peerLog.warn('closing a connection', {
      peer: `${connection.remoteAddress}:${connection.remotePort}`,
      reason,
    })
  }

  onUnencodable(request: PendingRequest, error: unknown): void {
    const { definition } = request.row
    const api = `${definition.name} v${request.apiVersion}`
    this.#env.log.error(`the answer to ${api} cannot be encoded`, { error })
  }

  onClosed(connection: Connection): void {
    this.#connections.delete(connection)
    const address = connection.remoteAddress
    const count = (this.#countByAddress.get(address) ?? 1) - 1
    if (count === 0) this.#countByAddress.delete(address)
    else this.#countByAddress.set(address, count)
    this.#onConnectionClosed(connection.id)
    if (this.#connections.size === 0) this.#onAllClosed?.()
  }

  #accept(socket: Socket): void {
    const { remoteAddress } = socket
    const limits = this.#limits()
    const count = this.#countByAddress.get(remoteAddress) ?? 0
    const isTooMany =
      this.#connections.size >= limits.maxConnections ||
      count >= limits.maxConnectionsFrom(remoteAddress)
    if (isTooMany || this.#isStopping) {
      if (isTooMany) {
        this.refusedCount++
        this.#peerLog.warn('refusing a connection: too many are open', { peer: remoteAddress })
      }
      socket.destroy()
      return
    }
    this.acceptedCount++
    this.#countByAddress.set(remoteAddress, count + 1)
    this.#connections.add(new Connection(this, socket, this.#newConnectionId()))
  }

  #scheduleSweep(): void {
    if (this.#isStopping) return
    this.#sweepTimer = this.#clock.after(SWEEP_MS, () => {
      this.#sweep()
      this.#scheduleSweep()
    })
  }

  #sweep(): void {
    const nowMs = this.nowMs()
    const { maxIdleMs } = this.#limits()
    const isFull = this.memory.isFull
    let unsentBytes = 0
    for (const connection of this.#connections) unsentBytes += connection.unsentBytes
    for (const connection of this.#connections) {
      const silentMs = nowMs - connection.lastActiveMs
      if (silentMs > maxIdleMs && connection.isIdle) connection.destroy()
      else if (isFull && silentMs > STALLED_MS && connection.hasHalfFrame) {
        this.onBadPeer(connection, 'half a request and nothing more while memory is short')
        connection.destroy()
      } else if (unsentBytes > UNSENT_LIMIT_BYTES && silentMs > STALLED_MS && connection.isSlow) {
        this.onBadPeer(connection, 'answers that are not read while memory is short')
        connection.destroy()
      }
    }
  }
}
