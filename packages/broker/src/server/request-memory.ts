// Bounds the bytes of requests that a node holds for all its connections together (docs/traps.md H3,
// P10): frames being collected and requests being worked on. Above the limit connections stop being
// read, in the kernel's hands, until bytes are given back.
//
// So that half-received frames cannot block each other for ever: when nothing but half frames holds
// the memory, the connection that waited longest may go on; and a connection that holds a half frame
// and sends nothing for a while is closed.

export interface MemoryUser {
  /** May read on; asks again with `mayRead` as its bytes arrive. */
  resumeReading(): void
}

export class RequestMemory {
  readonly #limitBytes: number
  #heldBytes = 0
  /** Requests being worked on: each of them will give bytes back without any reading. */
  #activeRequests = 0
  readonly #waiting = new Set<MemoryUser>()
  #exempt: MemoryUser | null = null

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  get heldBytes(): number {
    return this.#heldBytes
  }

  get isFull(): boolean {
    return this.#heldBytes > this.#limitBytes
  }

  hold(bytes: number): void {
    this.#heldBytes += bytes
  }

  requestStarted(): void {
    this.#activeRequests++
  }

  requestEnded(): void {
    this.#activeRequests--
  }

  /** False: stop reading; `resumeReading` will be called. */
  mayRead(user: MemoryUser): boolean {
    if (!this.isFull || this.#exempt === user) return true
    if (this.#activeRequests === 0 && this.#exempt === null) {
      this.#exempt = user
      return true
    }
    this.#waiting.add(user)
    return false
  }

  release(bytes: number): void {
    this.#heldBytes -= bytes
    this.#wake()
  }

  /** The user holds no half frame any more. */
  frameCompleted(user: MemoryUser): void {
    if (this.#exempt !== user) return
    this.#exempt = null
    this.#wake()
  }

  /** The user is gone. */
  leave(user: MemoryUser): void {
    this.#waiting.delete(user)
    if (this.#exempt === user) this.#exempt = null
    this.#wake()
  }

  #wake(): void {
    if (this.#waiting.size === 0) return
    if (this.isFull) {
      if (this.#activeRequests > 0 || this.#exempt !== null) return
      const first = this.#waiting.values().next().value
      if (first === undefined) return
      this.#waiting.delete(first)
      this.#exempt = first
      first.resumeReading()
      return
    }
    for (const user of [...this.#waiting]) {
      if (this.isFull) return
      this.#waiting.delete(user)
      user.resumeReading()
    }
  }
}
