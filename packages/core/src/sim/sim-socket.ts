// One end of a simulated connection. Bytes go: write queue of the program -> kernel buffer (bounded,
// copied there, `onFlushed`) -> the wire -> receive queue -> `onData`. A receiver that pauses fills
// the kernel buffer, then the sender's queue grows and its `write` answers false.
//
// Invariant: #unreadBytes <= WINDOW_BYTES: what is on the wire or waits at the receiver.

import { assert } from '../assert.ts'
import type { Socket, SocketHandlers } from '../env.ts'
import { NetError } from '../errors.ts'
import type { Life } from './schedule.ts'
import type { SimNetwork } from './sim-net.ts'

const WINDOW_BYTES = 256 * 1024
const HIGH_WATER_BYTES = 64 * 1024

interface Addresses {
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
}

interface QueuedWrite {
  readonly chunks: readonly Buffer[]
  /** What is left of chunks that were copied already. */
  readonly isCopy: boolean
  readonly onFlushed: (() => void) | undefined
}

type ReadState = 'new' | 'flowing' | 'paused'

export class SimSocket implements Socket {
  readonly life: Life
  readonly localAddress: string
  readonly localPort: number
  readonly remoteAddress: string
  readonly remotePort: number
  readonly #network: SimNetwork
  #peer: SimSocket | null = null
  #handlers: SocketHandlers | null = null
  #readState: ReadState = 'new'
  #queue: QueuedWrite[] = []
  #bufferedBytes = 0
  #unreadBytes = 0
  #lastArrivalMs = 0
  #received: Buffer[] = []
  #isLending = false
  #lent: Buffer[] = []
  #briefBytes = 0
  #isPumping = false
  #needsDrain = false
  #isEnding = false
  #hasSentEnd = false
  #hasReceivedEnd = false
  #hasReportedEnd = false
  /** It closed before anybody could be told. */
  #unreportedClose: { readonly error: Error | null } | null = null
  #isClosed = false

  constructor(network: SimNetwork, life: Life, addresses: Addresses) {
    this.#network = network
    this.life = life
    this.localAddress = addresses.localAddress
    this.localPort = addresses.localPort
    this.remoteAddress = addresses.remoteAddress
    this.remotePort = addresses.remotePort
    network.sockets.add(this)
  }

  get bufferedBytes(): number {
    return this.#bufferedBytes
  }

  get peerMachine(): string {
    return this.#peer?.life.machine ?? ''
  }

  connectTo(peer: SimSocket): void {
    this.#peer = peer
  }

  start(handlers: SocketHandlers, options: { readonly isLent?: boolean } = {}): void {
    assert(this.#handlers === null, 'socket started twice')
    this.#handlers = handlers
    this.#isLending = options.isLent === true
    this.#readState = 'flowing'
    // The other end may have died before the connection was handed over.
    const closed = this.#unreportedClose
    if (closed === null) this.#later('socket-start', () => this.#deliverReceived())
    else this.#later('socket-close', () => handlers.onClose(closed.error))
  }

  assertStarted(): void {
    const isStarted = this.#handlers !== null || this.#isClosed
    assert(isStarted, 'socket was not started in the turn in which it was received')
  }

  /** Overwrites the bytes, so that who still looks at them finds nonsense. */
  giveBack(bytes: number): void {
    let left = bytes
    while (left > 0) {
      const oldest = this.#lent[0]
      assert(oldest !== undefined, 'more bytes given back than were lent', { bytes, left })
      const here = Math.min(left, oldest.length)
      oldest.fill(0xdb, 0, here)
      left -= here
      if (here === oldest.length) this.#lent.shift()
      else this.#lent[0] = oldest.subarray(here)
    }
  }

  readBriefly(bytes: number): void {
    assert(this.#isLending, 'bytes are read briefly only where they are lent')
    this.#briefBytes += bytes
  }

  write(chunks: readonly Buffer[], onFlushed?: () => void): boolean {
    if (this.#isClosed || this.#isEnding || !this.life.isAlive) {
      if (onFlushed !== undefined) this.#later('flushed', onFlushed)
      return false
    }
    this.#queue.push({ chunks, isCopy: false, onFlushed })
    for (const chunk of chunks) this.#bufferedBytes += chunk.length
    this.#schedulePump()
    if (this.#bufferedBytes <= HIGH_WATER_BYTES) return true
    this.#needsDrain = true
    return false
  }

  pause(): void {
    if (this.#readState === 'flowing') this.#readState = 'paused'
  }

  resume(): void {
    if (this.#readState !== 'paused') return
    this.#readState = 'flowing'
    this.#later('socket-resume', () => this.#deliverReceived())
  }

  end(): void {
    if (this.#isClosed || this.#isEnding) return
    this.#isEnding = true
    this.#schedulePump()
  }

  destroy(): void {
    if (this.#isClosed) return
    const peer = this.#peer
    const isOrderly = this.#hasSentEnd
    this.#close(null)
    if (peer === null || isOrderly) return
    this.#toPeer('socket-closed', () => {
      // Bytes that were on the wire before arrive first; then the peer sees the end.
      peer.#receiveEnd()
    })
  }

  /** Both ends see the connection die. */
  reset(reason: string): void {
    const error = new NetError('ECONNRESET', reason)
    const peer = this.#peer
    this.#later('socket-reset', () => this.#close(error))
    if (peer !== null) peer.#later('socket-reset', () => peer.#close(error))
  }

  /** The machine of this end is gone; the other one is told, or finds out when it sends. */
  die(isSilent: boolean): void {
    this.#isClosed = true
    this.#network.sockets.delete(this)
    if (!isSilent) this.#resetPeer()
  }

  #resetPeer(): void {
    const peer = this.#peer
    if (peer === null) return
    this.#toPeer('socket-reset', () => {
      peer.#close(new NetError('ECONNRESET', 'connection reset by peer'))
    })
  }

  #schedulePump(): void {
    if (this.#isPumping) return
    this.#isPumping = true
    this.#later('socket-pump', () => {
      this.#isPumping = false
      this.#pump()
    })
  }

  /** Hands queued bytes to the kernel as far as the window allows. */
  #pump(): void {
    const flushed: (() => void)[] = []
    while (!this.#isClosed && this.#unreadBytes < WINDOW_BYTES) {
      const next = this.#queue.shift()
      if (next === undefined) break
      const [first] = next.chunks
      const bytes = next.isCopy && first !== undefined ? first : Buffer.concat(next.chunks)
      const room = WINDOW_BYTES - this.#unreadBytes
      if (bytes.length > room) {
        const rest = [bytes.subarray(room)]
        this.#queue.unshift({ chunks: rest, isCopy: true, onFlushed: next.onFlushed })
        this.#transmit(bytes.subarray(0, room))
        break
      }
      if (bytes.length > 0) this.#transmit(bytes)
      if (next.onFlushed !== undefined) flushed.push(next.onFlushed)
    }
    for (const onFlushed of flushed) onFlushed()
    if (this.#isClosed || this.#queue.length > 0) return
    if (this.#isEnding && !this.#hasSentEnd) this.#sendEnd()
    else if (this.#needsDrain) {
      this.#needsDrain = false
      this.#handlers?.onDrain()
    }
  }

  #transmit(bytes: Buffer): void {
    const peer = this.#peer
    this.#bufferedBytes -= bytes.length
    this.#unreadBytes += bytes.length
    let rest = bytes
    while (rest.length > 0) {
      const { random, faults } = this.#network
      const isSplit = rest.length > 1 && random.chance(faults.splitChance)
      const count = isSplit ? 1 + random.below(rest.length - 1) : rest.length
      const piece = rest.subarray(0, count)
      rest = rest.subarray(count)
      if (peer !== null) this.#toPeer('socket-data', () => peer.#receive(piece))
    }
  }

  #sendEnd(): void {
    this.#hasSentEnd = true
    const peer = this.#peer
    if (peer !== null) this.#toPeer('socket-end', () => peer.#receiveEnd())
    if (this.#hasReportedEnd) this.#close(null)
  }

  #receive(bytes: Buffer): void {
    if (this.#isClosed) {
      // Nobody is here any more: the kernel answers with a reset.
      this.#resetPeer()
      return
    }
    this.#received.push(bytes)
    this.#deliverReceived()
  }

  #receiveEnd(): void {
    this.#hasReceivedEnd = true
    this.#deliverReceived()
  }

  #deliverReceived(): void {
    while (this.#readState === 'flowing' && !this.#isClosed) {
      const bytes = this.#takeReceived()
      if (bytes === undefined) break
      this.#peer?.consumed(bytes.length)
      this.#deliver(bytes)
    }
    if (this.#received.length > 0 || this.#readState !== 'flowing' || this.#isClosed) return
    if (!this.#hasReceivedEnd || this.#hasReportedEnd) return
    this.#hasReportedEnd = true
    this.#handlers?.onEnd()
    if (this.#hasSentEnd) this.#close(null)
  }

  /** What came together, but for bytes that are read briefly: they come by themselves. */
  #takeReceived(): Buffer | undefined {
    const first = this.#received[0]
    if (first === undefined || this.#briefBytes === 0 || first.length <= this.#briefBytes) {
      return this.#received.shift()
    }
    this.#received[0] = first.subarray(this.#briefBytes)
    return first.subarray(0, this.#briefBytes)
  }

  #deliver(bytes: Buffer): void {
    const isBrief = this.#briefBytes > 0
    if (isBrief) this.#briefBytes -= bytes.length
    else if (this.#isLending) this.#lent.push(bytes)
    this.#handlers?.onData(bytes)
    // Who still looks at them finds nonsense.
    if (isBrief) bytes.fill(0xdb)
  }

  /** The other end took bytes out of its kernel buffer. */
  consumed(bytes: number): void {
    this.#unreadBytes -= bytes
    if (this.#isClosed) return
    if (this.#queue.length > 0 || (this.#isEnding && !this.#hasSentEnd)) this.#schedulePump()
  }

  #close(error: Error | null): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#network.sockets.delete(this)
    const queue = this.#queue
    this.#queue = []
    this.#bufferedBytes = 0
    this.#received = []
    this.#later('socket-close', () => {
      for (const { onFlushed } of queue) onFlushed?.()
      if (this.#handlers === null) this.#unreportedClose = { error }
      else this.#handlers.onClose(error)
    })
  }

  #later(label: string, run: () => void): void {
    this.#network.schedule.add(this.life, 0, label, run)
  }

  /** In order with everything that was sent on this connection before. */
  #toPeer(label: string, run: () => void): void {
    const peer = this.#peer
    if (peer === null) return
    const { schedule } = this.#network
    if (!peer.life.isAlive) {
      this.#sendToTheDead(peer.life.machine)
      return
    }
    const arrivalMs = Math.max(schedule.nowMs + this.#network.latencyMs(), this.#lastArrivalMs)
    this.#lastArrivalMs = arrivalMs
    const delivery = { to: peer.life, label, run }
    this.#network.deliver(this.life.machine, arrivalMs - schedule.nowMs, delivery)
  }

  /** A machine that runs again does not know the connection and says so; one that is off is silent. */
  #sendToTheDead(machine: string): void {
    if (this.#network.lifeOn(machine) === null) return
    const run = () => this.#close(new NetError('ECONNRESET', 'connection reset by peer'))
    const delivery = { to: this.life, label: 'socket-reset', run }
    this.#network.deliver(machine, 2 * this.#network.latencyMs(), delivery)
  }
}
