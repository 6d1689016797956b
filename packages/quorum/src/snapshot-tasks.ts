// Snapshots of a running node: taken when the log has grown enough, and sent to followers chunk by
// chunk. Both go on beside the rounds of the driver; what touches the log waits for its turn.

import { DiskError, type Env, errorMessage } from '@weir/core'
import type { Message, Raft } from '@weir/raft'
import type { StateMachine } from './state-machine.ts'
import type { QuorumStorage } from './storage/quorum-storage.ts'
import { SNAPSHOT_CHUNK_BYTES } from './storage/snapshot-file.ts'

/** Where messages go. Sending never waits and may drop. */
export interface MessageSink {
  send(message: Message): void
}

export interface SnapshotOptions {
  /** A snapshot is taken when the log has grown by this much since the last. */
  readonly snapshotBytes: number
  /** Entries that stay in the log behind a snapshot, for followers that are a little late. */
  readonly trailingEntries: number
}

export interface SnapshotParts {
  readonly raft: Raft
  readonly storage: QuorumStorage
  readonly machine: StateMachine
  readonly sink: MessageSink
  betweenRounds(task: () => Promise<void>): void
  failed(error: unknown): void
}

export class SnapshotTasks {
  readonly #env: Env
  readonly #options: SnapshotOptions
  readonly #parts: SnapshotParts
  #bytesSinceLast = 0
  #task: Promise<void> | null = null
  #isStopped = false

  constructor(env: Env, options: SnapshotOptions, parts: SnapshotParts) {
    this.#env = env
    this.#options = options
    this.#parts = parts
  }

  applied(bytes: number): void {
    this.#bytesSinceLast += bytes
  }

  restored(): void {
    this.#bytesSinceLast = 0
  }

  stop(): void {
    this.#isStopped = true
  }

  /** Resolves when nothing is under way any more. */
  async stopped(): Promise<void> {
    await this.#task
  }

  maybeTake(): void {
    if (this.#bytesSinceLast < this.#options.snapshotBytes) return
    if (this.#task !== null || this.#isStopped) return
    if (this.#parts.raft.appliedIndex < 1) return
    this.#task = this.take()
      .catch(error => this.#failed(error))
      .finally(() => {
        this.#task = null
      })
  }

  /** For a snapshot there may be no space, and the node goes on without it. */
  #failed(error: unknown): void {
    if (!(error instanceof DiskError) || error.code !== 'ENOSPC') {
      this.#parts.failed(error)
      return
    }
    this.#env.log.warn('no space for a snapshot of the metadata', { error: error.message })
    this.#bytesSinceLast = this.#options.snapshotBytes / 2
  }

  /** Saves the state as it is now and forgets entries that it covers. */
  async take(): Promise<void> {
    const { raft, storage, machine } = this.#parts
    this.#bytesSinceLast = 0
    const meta = raft.snapshotMeta()
    const data: Buffer[] = []
    for (const part of machine.snapshot()) {
      data.push(part)
      // A large state does not hold up what else there is to do.
      await new Promise<void>(resolve => this.#env.clock.soon(resolve))
      if (this.#isStopped) return
    }
    const snapshot = { ...meta, bytes: data.reduce((sum, part) => sum + part.length, 0) }
    await storage.snapshots.save(snapshot, data)
    if (this.#isStopped) return
    const compactTo = Math.min(
      snapshot.index,
      Math.max(raft.firstIndex - 1, snapshot.index - this.#options.trailingEntries),
    )
    this.#parts.betweenRounds(async () => {
      raft.compact(snapshot, compactTo)
      await storage.trimTo(compactTo)
    })
  }

  /** Fills a message with its chunk and sends it. */
  async send(message: Message & { readonly type: 'snapshot' }): Promise<void> {
    const { raft, storage, sink } = this.#parts
    const { snapshot, offset, to } = message
    let data: Buffer | null = null
    try {
      data = await storage.snapshots.readChunk(snapshot.index, offset)
    } catch (error) {
      // It is rotten: a new one replaces it.
      this.#env.log.error('a snapshot cannot be sent', { error: errorMessage(error) })
      this.#bytesSinceLast = this.#options.snapshotBytes
    }
    if (this.#isStopped) return
    if (data === null) {
      raft.reportSnapshotFailure(to)
      this.maybeTake()
      return
    }
    const isLast = offset + SNAPSHOT_CHUNK_BYTES >= snapshot.bytes
    sink.send({ ...message, data, isLast })
  }
}
