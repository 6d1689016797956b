// One client connection: bytes to frames to requests, answers back in the order of the requests.
//
// Rules (docs/traps.md H1, H3): Produce requests may overlap, bounded in number and bytes; every
// other request runs alone. While a request cannot start, a little more is read and then nothing; a
// peer that does not read its answers is not read from either. Bytes held are counted in the node's
// RequestMemory until the request that they belong to is answered.
//
// The bytes are lent by the socket and go back when a request is answered. Only a Produce request is
// then done with its frame, as the log copies what is not large: all others get a copy to keep.

import { assert, type Socket } from '@weir/core'
import { produceApi } from '@weir/protocol'
import type { Dispatcher } from './dispatch.ts'
import { FrameAssembler, FrameError } from './frame-assembler.ts'
import type { FrameStream } from './frame-stream.ts'
import type { AnswerSink, PendingRequest } from './pending-request.ts'
import { ANONYMOUS, type ListenerInfo, type Principal } from './request-context.ts'
import type { MemoryUser, RequestMemory } from './request-memory.ts'
import type { RequestStats } from './request-stats.ts'
import type { RequestTurns, TurnUser } from './request-turns.ts'

/** Overlapping requests of one connection. */
const MAX_IN_FLIGHT = 64
/** Bytes of overlapping requests of one connection; one may be larger. */
const MAX_IN_FLIGHT_BYTES = 8 * 1024 * 1024
/** What is read beyond a request that cannot start yet. */
const READ_AHEAD_BYTES = 128 * 1024
/** After our half of the connection is closed, how long the peer may take to close its own. */
const LINGER_MS = 1_000
const SIZE_BYTES = 4
/** Batches of large frames stay in them; it has to be at most what the log takes as large. */
const MAX_LENT_FRAME_BYTES = 128 * 1024

/** The server as its connections see it. */
export interface ConnectionHost {
  readonly dispatcher: Dispatcher
  readonly memory: RequestMemory
  readonly turns: RequestTurns
  readonly listener: ListenerInfo
  readonly requestStats: RequestStats
  readonly maxRequestBytes: number
  /** False while the node starts: requests wait. */
  readonly isServing: boolean
  nowMs(): number
  after(delayMs: number, fn: () => void): void
  /** In the next turn of the event loop. */
  soon(fn: () => void): void
  /** The peer did something that closes its connection. */
  onBadPeer(connection: Connection, reason: string): void
  onUnencodable(request: PendingRequest, error: unknown): void
  onClosed(connection: Connection): void
}

export class Connection implements AnswerSink, MemoryUser, TurnUser {
  readonly id: number
  readonly principal: Principal = ANONYMOUS
  clientSoftwareName = ''
  clientSoftwareVersion = ''
  readonly #host: ConnectionHost
  readonly #socket: Socket
  readonly #assembler: FrameAssembler
  /** Started and not yet sent, oldest first. */
  readonly #inFlight: PendingRequest[] = []
  #inFlightBytes = 0
  /** A whole frame that has to wait for those in flight. */
  #heldFrame: Buffer | FrameStream | null = null
  /** Of the frame that is streamed, the bytes that are not lent. */
  #briefBytes = 0
  /** Bytes of this connection that the memory counts. */
  #heldBytes = 0
  #isPumping = false
  /** Others have had this turn of the event loop: nothing is begun before `onTurn`. */
  #awaitsTurn = false
  #isReading = true
  #isPeerSlow = false
  #hasPeerEnded = false
  /** No further request is started; the connection ends after the answers. */
  #isClosing = false
  #hasEnded = false
  #isOpen = true
  #lastActiveMs: number

  constructor(host: ConnectionHost, socket: Socket, id: number) {
    this.#host = host
    this.#socket = socket
    this.id = id
    this.#assembler = new FrameAssembler(host.maxRequestBytes, (start, frameBytes) =>
      host.dispatcher.stream(start, frameBytes),
    )
    this.#lastActiveMs = host.nowMs()
    socket.start(
      {
        onData: chunk => this.#onData(chunk),
        onEnd: () => this.#onEnd(),
        onDrain: () => this.#onDrain(),
        onClose: () => this.#onClose(),
      },
      { isLent: true },
    )
  }

  get listener(): ListenerInfo {
    return this.#host.listener
  }

  get remoteAddress(): string {
    return this.#socket.remoteAddress
  }

  get remotePort(): number {
    return this.#socket.remotePort
  }

  get localAddress(): string {
    return this.#socket.localAddress
  }

  get localPort(): number {
    return this.#socket.localPort
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** Monotonic time of the last bytes in or out. */
  get lastActiveMs(): number {
    return this.#lastActiveMs
  }

  /** Nothing is being worked on for this peer, or it does not take its answers. */
  get isIdle(): boolean {
    return this.#inFlight.length === 0 || this.#isPeerSlow
  }

  /** The peer does not read its answers as fast as they come. */
  get isSlow(): boolean {
    return this.#isPeerSlow
  }

  /** Answers that the kernel has not taken. */
  get unsentBytes(): number {
    return this.#socket.bufferedBytes
  }

  get hasHalfFrame(): boolean {
    return this.#assembler.isMidFrame && this.#heldFrame === null
  }

  setClientSoftware(name: string, version: string): void {
    this.clientSoftwareName = name
    this.clientSoftwareVersion = version
  }

  /** The peer sent what cannot be answered: after what is in flight, the connection closes. */
  fail(reason: string): void {
    if (!this.#isOpen) return
    if (!this.#isClosing) this.#host.onBadPeer(this, reason)
    this.finish()
    this.onAnswered()
  }

  onUnencodable(request: PendingRequest, error: unknown): void {
    this.#host.onUnencodable(request, error)
    this.fail(`${request.row.definition.name} v${request.apiVersion}: internal error`)
  }

  /** Starts no more requests and closes once those in flight are answered. */
  finish(): void {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#pause()
    this.#maybeEnd()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  resumeReading(): void {
    this.#pump(this.#host.nowMs())
  }

  onTurn(): void {
    this.#awaitsTurn = false
    this.#pump(this.#host.nowMs(), true)
    this.#maybeEnd()
  }

  /** A request in flight is answered: sends what is next in order, starts what waited. */
  onAnswered(): void {
    if (!this.#isOpen || this.#inFlight[0]?.isAnswered !== true) return
    const nowMs = this.#host.nowMs()
    this.#lastActiveMs = nowMs
    for (;;) {
      const request = this.#inFlight[0]
      if (request === undefined || !request.isAnswered) break
      this.#inFlight.shift()
      this.#send(request)
      const { row, receivedMs, frameBytes } = request
      this.#host.requestStats.record(row, nowMs - receivedMs, frameBytes)
    }
    this.#pump()
    this.#maybeEnd()
  }

  #send(request: PendingRequest): void {
    if (request.chunks.length > 0) {
      if (!this.#socket.write(request.chunks, request.onSent)) this.#isPeerSlow = true
    }
    this.#inFlightBytes -= request.frameBytes
    this.#host.memory.requestEnded()
    this.#release(request.heldBytes)
    this.#socket.giveBack(request.lentBytes)
  }

  #onData(chunk: Buffer): void {
    this.#lastActiveMs = this.#host.nowMs()
    if (this.#isClosing) return
    this.#heldBytes += chunk.length
    this.#host.memory.hold(chunk.length)
    this.#assembler.push(chunk)
    this.#pump()
    if (this.#assembler.isJoining) this.#goOnWithLargeFrame()
  }

  /** Of a large frame one chunk a turn: who sends such does not slow the others down. */
  #goOnWithLargeFrame(): void {
    const { missingBytes } = this.#assembler
    if (missingBytes > 0 && this.#briefBytes === 0) {
      this.#briefBytes = missingBytes
      this.#socket.readBriefly(missingBytes)
    }
    this.#releaseDropped()
    if (!this.#isReading) return
    this.#pause()
    this.#host.soon(() => this.#updateReading())
  }

  #onEnd(): void {
    this.#hasPeerEnded = true
    // A thousand members that leave a group, and close, are work, too.
    if (this.#awaitsTurn || this.#mustWaitForTurn()) return
    const startedMs = this.#host.nowMs()
    this.#pump(startedMs)
    this.#maybeEnd()
    this.#host.turns.worked(startedMs, this.#host.nowMs())
  }

  #onDrain(): void {
    this.#isPeerSlow = false
    this.#lastActiveMs = this.#host.nowMs()
    this.#pump()
    this.#maybeEnd()
  }

  #onClose(): void {
    this.#isOpen = false
    for (const request of this.#inFlight) {
      this.#host.memory.requestEnded()
      // An answer that waited for an earlier one will not be sent.
      if (request.isAnswered) request.onSent?.()
    }
    this.#inFlight.length = 0
    this.#heldFrame = null
    this.#release(this.#heldBytes)
    this.#host.memory.leave(this)
    this.#host.turns.leave(this)
    this.#host.onClosed(this)
  }

  /**
   * Starts as many requests as may start. Not recursive: a request that is answered at once returns here.
   * `sinceMs`: when this round of work began, for the share of the turn.
   */
  #pump(sinceMs = this.#lastActiveMs, hasTurn = false): void {
    if (this.#isPumping || !this.#isOpen) return
    this.#isPumping = true
    let hasBegun = hasTurn
    try {
      while (this.#host.isServing && !this.#isClosing && !this.#isPeerSlow && !this.#awaitsTurn) {
        const frame = this.#heldFrame ?? this.#takeFrame()
        if (frame === null) break
        if (!this.#mayStart(frame)) {
          this.#heldFrame = frame
          this.#inFlight[0]?.nextRequestWaits()
          break
        }
        if (!hasBegun && this.#mustWaitForTurn()) {
          this.#heldFrame = frame
          break
        }
        hasBegun = true
        this.#heldFrame = null
        this.#start(frame)
      }
    } finally {
      this.#isPumping = false
    }
    if (hasBegun) this.#host.turns.worked(sinceMs, this.#host.nowMs())
    this.#updateReading()
  }

  #mustWaitForTurn(): boolean {
    this.#awaitsTurn = !this.#host.turns.mayWork(this)
    return this.#awaitsTurn
  }

  #takeFrame(): Buffer | FrameStream | null {
    try {
      return this.#assembler.take() ?? this.#assembler.takeStream()
    } catch (error) {
      if (!(error instanceof FrameError)) throw error
      this.fail(error.message)
      return null
    }
  }

  #mayStart(frame: Buffer | FrameStream): boolean {
    const { length } = this.#inFlight
    if (length === 0) return true
    if (length >= MAX_IN_FLIGHT || this.#inFlightBytes > MAX_IN_FLIGHT_BYTES) return false
    // Those in flight either all overlap or there is only one, which does not.
    return this.#inFlight[0]?.row.overlaps === true && this.#host.dispatcher.mayOverlap(frame)
  }

  #start(frame: Buffer | FrameStream): void {
    const { dispatcher, memory } = this.#host
    const outcome = dispatcher.read(this, keepable(frame), this.#lastActiveMs)
    if (outcome.kind === 'unreadable') {
      this.fail(outcome.reason)
      return
    }
    const { request } = outcome
    request.heldBytes = request.frameBytes + SIZE_BYTES
    request.lentBytes = request.heldBytes
    if (!Buffer.isBuffer(frame)) {
      this.#releaseDropped()
      request.heldBytes -= frame.droppedBytes
      request.lentBytes -= this.#briefBytes
      this.#briefBytes = 0
    }
    this.#inFlight.push(request)
    this.#inFlightBytes += request.frameBytes
    memory.requestStarted()
    if (outcome.kind === 'request') dispatcher.run(request, outcome.body)
    else dispatcher.refuseVersion(request)
  }

  #updateReading(): void {
    if (!this.#isOpen || this.#isClosing) return
    const isBlocked = this.#isPeerSlow || this.#heldFrame !== null || !this.#host.isServing
    const mayRead =
      (!isBlocked || this.#assembler.heldBytes < READ_AHEAD_BYTES) &&
      !this.#isPeerSlow &&
      this.#host.memory.mayRead(this)
    if (!mayRead) this.#pause()
    else if (!this.#isReading) {
      this.#isReading = true
      this.#socket.resume()
    }
    if (this.#assembler.heldBytes === 0) this.#host.memory.frameCompleted(this)
  }

  #pause(): void {
    if (!this.#isReading) return
    this.#isReading = false
    this.#socket.pause()
  }

  #maybeEnd(): void {
    if (!this.#isOpen || this.#hasEnded || this.#inFlight.length > 0 || this.#awaitsTurn) return
    const isAllRead = this.#hasPeerEnded && this.#heldFrame === null && !this.#isPeerSlow
    if (!this.#isClosing && !isAllRead) return
    this.#hasEnded = true
    this.#isClosing = true
    this.#socket.end()
    // What the peer still sends is read and dropped: unread bytes would make the kernel reset the
    // connection, and the last answers with it.
    this.#isReading = true
    this.#socket.resume()
    this.#host.after(LINGER_MS, () => this.#socket.destroy())
  }

  #releaseDropped(): void {
    const dropped = this.#assembler.takeDroppedBytes()
    if (dropped > 0) this.#release(dropped)
  }

  #release(bytes: number): void {
    // After the connection closed everything was given back at once.
    if (this.#heldBytes === 0) return
    assert(bytes <= this.#heldBytes, 'more bytes given back than held', {
      bytes,
      heldBytes: this.#heldBytes,
    })
    this.#heldBytes -= bytes
    this.#host.memory.release(bytes)
  }
}

/** The frame, or a copy of it if it lies in lent memory and may be looked at after the answer. */
function keepable(frame: Buffer | FrameStream): Buffer | FrameStream {
  if (!Buffer.isBuffer(frame)) return frame
  const isJoined = frame.length === frame.buffer.byteLength
  if (isJoined || (frame.length < MAX_LENT_FRAME_BYTES && isProduce(frame))) return frame
  return Buffer.from(frame)
}

function isProduce(frame: Buffer): boolean {
  return frame.length >= 2 && frame.readInt16BE(0) === produceApi.key
}
