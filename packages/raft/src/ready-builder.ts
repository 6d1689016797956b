// Collects what the driver has to do, and keeps track of what it was told to write.
//
// Invariant: a message that promises a term, a vote or entries is among `promises`, which leave
// after the hard state and entries of the same round are synced.

import { assert } from '@weir/core'
import type { RaftState } from './state.ts'
import type { HardState, Message, Ready } from './types.ts'

const NO_HARD_STATE: HardState = {
  term: 0,
  vote: null,
  commitIndex: 0,
  acked: { term: 0, index: 0 },
}

export class ReadyBuilder {
  readonly #state: RaftState
  /** The last one handed to the driver. */
  #written: HardState
  /** The last entry handed to the driver: the log on disk may reach so far. */
  #writtenIndex: number
  #outstanding: Ready | null = null

  constructor(state: RaftState, hardState: HardState | null) {
    this.#state = state
    this.#written = hardState ?? NO_HARD_STATE
    this.#writtenIndex = state.log.lastIndex
  }

  hasWork(): boolean {
    const { outbox, chunks, uninstalled, readStates, log } = this.#state
    return (
      this.#outstanding === null &&
      (outbox.length > 0 ||
        chunks.length > 0 ||
        uninstalled !== null ||
        readStates.length > 0 ||
        log.stableIndex < log.lastIndex ||
        log.appliedIndex < log.commitIndex ||
        this.#mustSync(this.#hardState()))
    )
  }

  #hardState(): HardState {
    const { term, vote, log } = this.#state
    return { term, vote, commitIndex: log.commitIndex, acked: this.#state.promised() }
  }

  #mustSync(next: HardState): boolean {
    const { term, vote, acked } = this.#written
    return (
      next.term !== term ||
      next.vote !== vote ||
      next.acked.term !== acked.term ||
      next.acked.index !== acked.index
    )
  }

  take(): Ready {
    assert(this.#outstanding === null, 'ready() before advance()')
    const state = this.#state
    const { log, uninstalled } = state
    const entries = log.unstable()
    const first = entries[0]
    const hardState = this.#hardState()
    const isCut = uninstalled === null && first !== undefined && first.index <= this.#writtenIndex
    // Invariant: it is written while the old entries are still there, so it commits none of them.
    const truncation = isCut
      ? {
          ...hardState,
          commitIndex: Math.min(hardState.commitIndex, first.index - 1),
          acked: state.promisedBeforeCut(first.index - 1),
        }
      : null
    const mustSync = truncation !== null || this.#mustSync(hardState)
    const isChanged = mustSync || hardState.commitIndex !== this.#written.commitIndex
    const { messages, promises } = this.#splitMessages()
    this.#written = hardState
    this.#writtenIndex = log.lastIndex
    const ready: Ready = {
      messages,
      chunks: state.chunks,
      snapshot: uninstalled,
      truncation,
      entries,
      hardState: isChanged ? hardState : null,
      mustSync,
      promises,
      committed: log.between(log.appliedIndex + 1, log.commitIndex + 1, state.limits.maxApplyBytes),
      reads: state.readStates,
    }
    state.chunks = []
    state.readStates = []
    this.#outstanding = ready
    return ready
  }

  /**
   * A leader's messages do not depend on what it writes itself, once its term is on disk; its own
   * copy counts only after `advance()`. All others wait.
   */
  #splitMessages(): { messages: Message[]; promises: Message[] } {
    const messages: Message[] = []
    const promises: Message[] = []
    for (const message of this.#state.outbox)
      (this.#isFree(message) ? messages : promises).push(message)
    this.#state.outbox = []
    return { messages, promises }
  }

  #isFree(message: Message): boolean {
    switch (message.type) {
      case 'append':
      case 'heartbeat':
      case 'snapshot':
      case 'timeout-now':
      case 'read-reply':
        return message.term <= this.#written.term
      default:
        return false
    }
  }

  finish(): Ready {
    const ready = this.#outstanding
    assert(ready !== null, 'advance() without ready()')
    this.#outstanding = null
    const { log } = this.#state
    const last = ready.entries.at(-1)
    if (last !== undefined) log.markStable({ term: last.term, index: last.index })
    if (ready.snapshot !== null && ready.snapshot === this.#state.uninstalled)
      this.#state.uninstalled = null
    this.#state.maybeHealed()
    return ready
  }
}
