// What the quorum replicates. Implemented by the controller's metadata (or by tests).

export interface CommittedEntry {
  readonly index: number
  readonly term: number
  /** Empty for entries of the consensus itself, which come too so that no index is missing. */
  readonly data: Buffer | null
}

export interface Leadership {
  readonly term: number
  readonly leaderId: number | null
  /**
   * This node leads and has applied everything that was committed before its term: it may decide.
   */
  readonly isActive: boolean
}

/** All methods are called in the order of the log, one at a time, and must not throw. */
export interface StateMachine {
  /** Committed entries; replaying them is the only way that the state changes. */
  apply(entries: readonly CommittedEntry[]): void
  /** Replaces the state by a snapshot that was taken after the entry `index`. No data: empty. */
  restore(data: readonly Buffer[], index: number, term: number): void
  /** The whole state as it is now, also if the pieces are taken later, between changes. */
  snapshot(): Iterable<Buffer>
  /** Called when any part of it changes. */
  leadershipChanged(leadership: Leadership): void
}
