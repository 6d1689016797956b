// What a leader knows about one follower and how much it may send it.
//
//   probe      the match is not known: one message, then wait for the answer or the next heartbeat
//   replicate  messages are sent ahead of the answers, bounded in number and bytes
//   snapshot   the entries it needs are compacted: chunks of a snapshot, one at a time
//
// Invariant: matchIndex < nextIndex. matchIndex falls only if the follower says its disk lost data.

import type { SnapshotMeta } from './types.ts'

/** Heartbeats that are answered without news of a chunk before it is sent again. */
const CHUNK_RESEND_BEATS = 3

export type ProgressState = 'probe' | 'replicate' | 'snapshot'

export interface FlowLimits {
  readonly maxInflightMessages: number
  readonly maxInflightBytes: number
}

export class Progress {
  state: ProgressState = 'probe'
  matchIndex = 0
  nextIndex: number
  /** It answered since the last check of the quorum. */
  isActive = false
  /** Ticks since it was last heard of; observers are dropped by it. */
  silentTicks = 0
  /** The newest batch of reads that it confirmed. */
  readSequence = 0
  /** In state snapshot: which one, and the offset of the chunk that comes next. */
  snapshot: SnapshotMeta | null = null
  snapshotOffset = 0
  #chunkBeats = 0
  /** In state probe and snapshot: a message is out; nothing more until an answer or heartbeat. */
  isPaused = false
  readonly #limits: FlowLimits
  #inflight: { lastIndex: number; bytes: number }[] = []
  #inflightBytes = 0

  constructor(nextIndex: number, limits: FlowLimits) {
    this.nextIndex = nextIndex
    this.#limits = limits
  }

  get inflightBytes(): number {
    return this.#inflightBytes
  }

  get canSend(): boolean {
    if (this.state !== 'replicate') return !this.isPaused
    return (
      this.#inflight.length < this.#limits.maxInflightMessages &&
      this.#inflightBytes < this.#limits.maxInflightBytes
    )
  }

  /** What may be told to this follower of the commit index: never more than it surely has. */
  commitFor(commitIndex: number): number {
    return Math.min(this.matchIndex, commitIndex)
  }

  #reset(state: ProgressState): void {
    this.state = state
    this.isPaused = false
    this.#inflight = []
    this.#inflightBytes = 0
  }

  becomeProbe(): void {
    this.#reset('probe')
    this.nextIndex = this.matchIndex + 1
    this.snapshot = null
  }

  becomeReplicate(): void {
    this.#reset('replicate')
    this.nextIndex = this.matchIndex + 1
  }

  becomeSnapshot(snapshot: SnapshotMeta): void {
    this.#reset('snapshot')
    this.snapshot = snapshot
    this.snapshotOffset = 0
    this.#chunkBeats = 0
  }

  /** The follower wants the chunk at this offset. */
  nextChunk(offset: number): void {
    this.snapshotOffset = offset
    this.#chunkBeats = 0
    this.isPaused = false
  }

  /** It answered a heartbeat: what it was sent before may be lost, so one message may go again. */
  beat(): void {
    if (this.state === 'snapshot') {
      this.#chunkBeats++
      if (this.#chunkBeats < CHUNK_RESEND_BEATS) return
      this.#chunkBeats = 0
    }
    this.isPaused = false
    if (this.state === 'replicate' && !this.canSend) this.#freeOne()
  }

  /** After sending entries up to `lastIndex`; without entries only the pause counts. */
  sent(lastIndex: number, bytes: number): void {
    if (this.state !== 'replicate') {
      this.isPaused = true
      return
    }
    if (bytes === 0) return
    this.nextIndex = lastIndex + 1
    this.#inflight.push({ lastIndex, bytes })
    this.#inflightBytes += bytes
  }

  /** It has everything up to `index`. False if that is no news. */
  acknowledge(index: number): boolean {
    let done = 0
    for (const message of this.#inflight) {
      if (message.lastIndex > index) break
      this.#inflightBytes -= message.bytes
      done++
    }
    if (done > 0) this.#inflight.splice(0, done)
    if (this.nextIndex <= index) this.nextIndex = index + 1
    if (index <= this.matchIndex) return false
    this.matchIndex = index
    this.isPaused = false
    return true
  }

  /**
   * It does not have the entry `rejected`; `hintIndex` is where its log may agree. False if the
   * answer belongs to a message of the past.
   */
  reject(rejected: number, hintIndex: number): boolean {
    if (this.state === 'replicate') {
      if (rejected <= this.matchIndex) return false
      this.nextIndex = this.matchIndex + 1
      return true
    }
    if (this.nextIndex - 1 !== rejected) return false
    this.nextIndex = Math.max(Math.min(rejected, hintIndex + 1), this.matchIndex + 1)
    this.isPaused = false
    return true
  }

  /** Its disk lost entries that it had acknowledged: start again from what it says it has. */
  forget(hintIndex: number): void {
    this.matchIndex = 0
    this.becomeProbe()
    this.nextIndex = hintIndex + 1
  }

  /** A full window is opened for one message, so that a lost answer cannot stop it for ever. */
  #freeOne(): void {
    const first = this.#inflight.shift()
    if (first !== undefined) this.#inflightBytes -= first.bytes
  }
}
