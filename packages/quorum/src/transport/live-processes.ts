// Which process is behind the id of each other node, and whether it lives: two processes under one id,
// on two disks or on copies of one, would each promise what the other does not know.
//
// Who came first stays as long as it lives: a connection of it is open, and something came by it a
// moment ago. So one that was killed does not keep its successor out (its connections are closed), and one
// that stands still, or lost its power unheard, does so for a moment only.

import type { Clock } from '@weir/core'

export interface NodeProcess {
  readonly nodeId: number
  /** Made anew at each start. */
  readonly processId: string
  readonly directoryId: string
}

interface Seen {
  readonly process: NodeProcess
  connectionCount: number
  /** Of these, those that were made to the address of the node. */
  reachedCount: number
  heardMs: number
}

/** Nodes say something more often than this while they live and are connected. */
const ALIVE_MS = 2_000

export class LiveProcesses {
  readonly #clock: Clock
  /** The last that came, while it has connections. */
  readonly #seen = new Map<number, Seen>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Another process that lives under the id of this one; null if there is none. */
  rivalOf({ nodeId, processId }: NodeProcess): NodeProcess | null {
    const seen = this.#seen.get(nodeId)
    if (seen === undefined || seen.process.processId === processId) return null
    return this.#clock.monotonicMs() - seen.heardMs < ALIVE_MS ? seen.process : null
  }

  /** The same for one that was reached at the address of the node: it gives way to such a one only. */
  rivalOfReached(process: NodeProcess): NodeProcess | null {
    const isReached = (this.#seen.get(process.nodeId)?.reachedCount ?? 0) > 0
    return isReached ? this.rivalOf(process) : null
  }

  /** A connection with this process works from now on. `isReached`: made to its address. */
  opened(process: NodeProcess, isReached: boolean): void {
    let seen = this.#seen.get(process.nodeId)
    if (seen?.process.processId !== process.processId) {
      seen = { process, connectionCount: 0, reachedCount: 0, heardMs: 0 }
      this.#seen.set(process.nodeId, seen)
    }
    seen.connectionCount++
    if (isReached) seen.reachedCount++
    seen.heardMs = this.#clock.monotonicMs()
  }

  heard(process: NodeProcess): void {
    const seen = this.#of(process)
    if (seen !== null) seen.heardMs = this.#clock.monotonicMs()
  }

  closed(process: NodeProcess, isReached: boolean): void {
    const seen = this.#of(process)
    if (seen === null) return
    seen.connectionCount--
    if (isReached) seen.reachedCount--
    if (seen.connectionCount === 0) this.#seen.delete(process.nodeId)
  }

  /** False once another process has come in the place of this one. */
  isCurrent(process: NodeProcess): boolean {
    return this.#of(process) !== null
  }

  #of({ nodeId, processId }: NodeProcess): Seen | null {
    const seen = this.#seen.get(nodeId)
    return seen?.process.processId === processId ? seen : null
  }
}
