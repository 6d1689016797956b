// Linearizable reads without writing: the leader notes its commit index, asks a majority whether it
// still leads, and only then lets the read go. No clock is involved.
//
// Reads are grouped: each carries a sequence number, heartbeats carry the newest, and an answer to
// one confirms all reads up to it. Sequences start again with each term of leadership.

/** Reads that wait for a majority; more are refused. */
const MAX_PENDING_READS = 10_000

export interface PendingRead {
  readonly sequence: number
  readonly context: number
  /** The node that asked. */
  readonly from: number
  /** The commit index when the read came in. */
  readonly index: number
}

export interface WaitingRead {
  readonly context: number
  readonly from: number
}

export class ReadQueue {
  #sequence = 0
  #pending: PendingRead[] = []
  /** Came in before the leader committed an entry of its term: the commit index may be old. */
  #early: WaitingRead[] = []

  get sequence(): number {
    return this.#sequence
  }

  get isEmpty(): boolean {
    return this.#pending.length === 0
  }

  get isFull(): boolean {
    return this.#pending.length + this.#early.length >= MAX_PENDING_READS
  }

  /** Whether reads may use the commit index: an entry of the leader's own term is committed. */
  isUsable(commitTerm: number | null, currentTerm: number): boolean {
    return commitTerm === currentTerm
  }

  addEarly(read: WaitingRead): void {
    this.#early.push(read)
  }

  takeEarly(): WaitingRead[] {
    const early = this.#early
    this.#early = []
    return early
  }

  add(read: WaitingRead, commitIndex: number): void {
    this.#sequence++
    this.#pending.push({ ...read, sequence: this.#sequence, index: commitIndex })
  }

  /** Takes out the reads that a majority has confirmed. */
  confirm(sequence: number): PendingRead[] {
    let count = 0
    while (count < this.#pending.length && (this.#pending[count]?.sequence ?? 0) <= sequence)
      count++
    return count === 0 ? [] : this.#pending.splice(0, count)
  }

  reset(): void {
    this.#sequence = 0
    this.#pending = []
    this.#early = []
  }
}
