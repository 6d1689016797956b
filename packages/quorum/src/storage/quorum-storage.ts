// Everything that a node of the quorum keeps on its disk: entries, voter state, snapshots.
//
//   DIRECTORY/log/         the entries (a segment log)
//   DIRECTORY/voter-state  term, vote, and what was promised
//   DIRECTORY/snapshots/   snapshots of the state machine
//   DIRECTORY/reserve      space for the entries when the disk is full
//
// Invariant: after a crash at any point the three fit together again, or show that something which
// was promised is missing.

import { type Env, OperatorError } from '@weir/core'
import {
  bootstrapSnapshot,
  type Entry,
  type HardState,
  type Member,
  type Ready,
  type SnapshotMeta,
} from '@weir/raft'
import { EntryLog } from './entry-log.ts'
import { makeDirectory } from './files.ts'
import { type LoadedSnapshot, SnapshotStore } from './snapshot-store.ts'
import { SpaceReserve } from './space-reserve.ts'
import { VoterStateFile } from './voter-state-file.ts'

export interface Recovered {
  readonly hardState: HardState
  readonly snapshot: LoadedSnapshot | null
  /** What follows the snapshot. */
  readonly entries: readonly Entry[]
}

/** Where the log begins. */
const FIRST = { term: 1, index: 1 } as const

export class QuorumStorage {
  readonly log: EntryLog
  readonly snapshots: SnapshotStore
  readonly #voterState: VoterStateFile
  readonly #reserve: SpaceReserve
  /** It is made beside the start, which need not wait for its megabytes. */
  #reserving: Promise<void> = Promise.resolve()

  private constructor(
    log: EntryLog,
    snapshots: SnapshotStore,
    voterState: VoterStateFile,
    reserve: SpaceReserve,
  ) {
    this.log = log
    this.snapshots = snapshots
    this.#voterState = voterState
    this.#reserve = reserve
  }

  /**
   * Opens the directory. On the first start, and until the node has voted or got the log, it is made to
   * hold the first voters, or nothing if `voters` is empty: then the node waits to be sent the log. Rejects with an OperatorError if the
   * voter state is gone or damaged.
   */
  static async open(
    env: Env,
    directory: string,
    voters: readonly Member[],
    reserveBytes = 0,
  ): Promise<{ storage: QuorumStorage; recovered: Recovered }> {
    await makeDirectory(env, directory)
    // First the log: it locks the directory.
    const reserve = new SpaceReserve(env, directory, reserveBytes)
    const log = await EntryLog.open(env, `${directory}/log`, reserve)
    const snapshots = await SnapshotStore.open(env, `${directory}/snapshots`)
    const opened = await VoterStateFile.open(env, directory)
    const storage = new QuorumStorage(log, snapshots, opened.file, reserve)
    storage.#reserving = reserve.ensure()
    const known = opened.hardState
    const isKept = known !== null && !storage.#isUntouched(known)
    const hardState = isKept ? known : await storage.#initialise(directory, voters)
    const snapshot = await snapshots.load()
    const entries = await storage.#fit(snapshot?.meta ?? null, await log.load())
    return { storage, recovered: { hardState, snapshot, entries } }
  }

  /** Nothing was voted, promised or followed yet: the voters may still be others than at first. */
  #isUntouched({ term, vote, acked }: HardState): boolean {
    const isFirst = term <= FIRST.term && acked.index <= FIRST.index && vote === null
    const isEmpty = this.log.lastIndex < this.log.firstIndex
    return isFirst && isEmpty && (this.snapshots.newest?.index ?? 0) <= FIRST.index
  }

  async #initialise(directory: string, voters: readonly Member[]): Promise<HardState> {
    const newest = this.snapshots.newest
    if (this.log.lastIndex >= this.log.firstIndex)
      throw new OperatorError(
        `${directory} holds a log but no voter state: this node cannot know how it voted. ` +
          'Remove it from the cluster, empty its directory and add it again.',
      )
    if (newest !== null && newest.index > 1)
      throw new OperatorError(`${directory} holds a snapshot but no voter state`)
    const start = voters.length === 0 ? null : bootstrapSnapshot(voters)
    await this.snapshots.removeAll()
    if (start !== null) await this.snapshots.save(start, [])
    const acked = { term: start?.term ?? 0, index: start?.index ?? 0 }
    const hardState = { term: acked.term, vote: null, commitIndex: acked.index, acked }
    await this.#voterState.write(hardState)
    return hardState
  }

  /** The entries that continue the snapshot; what does not fit it is removed. */
  async #fit(snapshot: SnapshotMeta | null, entries: readonly Entry[]): Promise<Entry[]> {
    const base = snapshot?.index ?? 0
    const first = entries[0]
    const at = first === undefined ? -1 : base - first.index
    const isContinued =
      first === undefined
        ? this.log.lastIndex === base
        : at === -1 || (at >= 0 && entries[at]?.term === snapshot?.term)
    if (isContinued) return entries.slice(at + 1)
    await this.log.restartAfter(base)
    return []
  }

  /**
   * Writes what a round asks for, in its order; all of it is durable when resolved. After a
   * rejection the process has to end: what is on the disk is not known any more.
   */
  async write(ready: Ready): Promise<void> {
    for (const chunk of ready.chunks) await this.snapshots.receive(chunk)
    if (ready.snapshot !== null) {
      await this.snapshots.install(ready.snapshot)
      await this.log.restartAfter(ready.snapshot.index)
      await this.snapshots.removeOld()
    }
    const first = ready.entries[0]
    if (first !== undefined) {
      if (ready.truncation !== null) {
        await this.#voterState.write(ready.truncation)
        await this.log.cutFrom(first.index)
      }
      await this.log.write(ready.entries)
    }
    if (ready.hardState !== null && ready.mustSync) await this.#voterState.write(ready.hardState)
  }

  /** A snapshot is durable: entries up to `index` (inclusive) and older snapshots may go. */
  async trimTo(index: number): Promise<void> {
    await this.log.trimTo(index)
    await this.snapshots.removeOld()
    await this.#reserving
    await this.#reserve.ensure()
  }

  async close(): Promise<void> {
    await this.#reserving
    await this.log.close()
    await this.snapshots.close()
    await this.#voterState.close()
  }
}
