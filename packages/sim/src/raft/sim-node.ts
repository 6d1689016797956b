// One node of the simulation: the real consensus core with a small driver around it that does the
// rounds of `Ready` on a simulated disk. Every sync takes time, in which the node may crash.

import type { SimRandom } from '@weir/core/sim'
import { type Entry, type Message, Raft, type RaftLimits, type Ready } from '@weir/raft'
import type { Checker, Operation } from './checker.ts'
import { RaftDisk, type StoredSnapshot } from './raft-disk.ts'
import { decodeState, EMPTY_STATE, encodeState, type MachineState } from './state-machine.ts'

const CHUNK_BYTES = 32
/** One proposal is accepted when nothing else is open, whatever its size. */
const MAX_PROPOSAL_BYTES = 256

/** Bugs of a driver that the simulation has to find; all false in a driver that is right. */
export interface DriverBugs {
  readonly sendsBeforeSync: boolean
  readonly emptiesLogBeforeSnapshot: boolean
  readonly ignoresSyncErrors: boolean
  readonly returnsAfterWipe: boolean
}

/** What a node needs of the world. */
export interface World {
  readonly checker: Checker
  readonly random: SimRandom
  readonly limits: RaftLimits
  readonly snapshotEvery: number
  readonly trailingEntries: number
  readonly bugs: DriverBugs
  after(delayMs: number, act: () => void): void
  send(message: Message): void
  crash(node: SimNode): void
  /** Whether the disk of the node was harmed by more than a crash. */
  isHarmed(id: number): boolean
}

export class SimNode {
  readonly id: number
  readonly disk = new RaftDisk()
  readonly #world: World
  #raft: Raft | null = null
  #state: MachineState = EMPTY_STATE
  /** Counts starts and crashes: what was begun before one does not go on after it. */
  #life = 0
  #isBusy = false
  #isKicking = false
  #isPaused = false
  #wasLeader = false
  #received: Buffer[] = []
  #snapshots: StoredSnapshot[] = []
  #proposals = new Map<number, { term: number; operation: Operation }>()
  #reads = new Map<number, Operation>()
  #readContext = 0
  syncMs = 1
  failNextSync = false

  constructor(id: number, world: World) {
    this.id = id
    this.#world = world
  }

  get isUp(): boolean {
    return this.#raft !== null
  }

  get raft(): Raft | null {
    return this.#isPaused ? null : this.#raft
  }

  /** Also while it is paused. */
  get anyRaft(): Raft | null {
    return this.#raft
  }

  get isLeader(): boolean {
    return this.raft?.role === 'leader'
  }

  start(): void {
    this.disk.recover()
    const { snapshot, entries, hardState } = this.disk
    this.#life++
    this.#isBusy = false
    this.#isPaused = false
    this.#wasLeader = false
    this.#snapshots = snapshot === null ? [] : [snapshot]
    this.#state = snapshot === null ? { ...EMPTY_STATE, index: 0 } : decodeState(snapshot.data)
    const random = this.#world.random
    this.#raft = new Raft({
      ...this.#world.limits,
      id: this.id,
      hardState,
      snapshot: snapshot?.meta ?? null,
      entries: [...entries],
      random: limit => random.below(limit),
    })
    if (this.#raft.status().isDamaged) this.#world.checker.damaged(this.id, this.#world)
    this.kick()
  }

  crash(): void {
    this.#life++
    this.#raft = null
    this.#proposals.clear()
    this.#reads.clear()
    this.#received = []
    this.disk.crash(this.#world.random)
  }

  pause(): void {
    this.#isPaused = true
  }

  resume(): void {
    this.#isPaused = false
    this.kick()
  }

  propose(data: readonly Buffer[]): void {
    const { raft } = this
    if (raft === null) return
    const operation = this.#world.checker.begin()
    const outcome = raft.propose(data)
    if (outcome.kind === 'appended') {
      for (let i = 0; i < data.length; i++)
        this.#proposals.set(outcome.firstIndex + i, { term: outcome.term, operation })
      this.#world.checker.accepted(
        this.id,
        raft.status().uncommittedBytes,
        this.#world.limits.maxUncommittedBytes + MAX_PROPOSAL_BYTES,
      )
    }
    this.kick()
  }

  read(): void {
    const { raft } = this
    if (raft === null) return
    this.#readContext++
    const operation = this.#world.checker.begin()
    if (raft.readIndex(this.#readContext)) this.#reads.set(this.#readContext, operation)
    this.kick()
  }

  /** Feeds the core, then does what comes of it. */
  act(feed: (raft: Raft) => void): void {
    const { raft } = this
    if (raft === null) return
    feed(raft)
    this.kick()
  }

  /** Does rounds until there is nothing to do, or one has to wait for the disk. */
  kick(): void {
    if (this.#isKicking) return
    this.#isKicking = true
    try {
      while (this.raft !== null && !this.#isBusy && this.raft.hasReady())
        this.#beginRound(this.raft)
    } finally {
      this.#isKicking = false
    }
  }

  #beginRound(raft: Raft): void {
    if (raft.role === 'leader' && !this.#wasLeader) this.#world.checker.becameLeader(raft)
    this.#wasLeader = raft.role === 'leader'
    this.#isBusy = true
    this.#round(raft, raft.ready())
  }

  #round(raft: Raft, ready: Ready): void {
    const { checker, bugs } = this.#world
    const first = ready.entries[0]
    if (first !== undefined)
      checker.wrote(this.id, ready.entries, raft.termAt(first.index - 1) ?? -1)
    this.#send(ready.messages)
    if (bugs.sendsBeforeSync) this.#send(ready.promises)
    this.#steps(this.#writes(ready), () => {
      if (!bugs.sendsBeforeSync) this.#send(ready.promises)
      this.#apply(ready)
      raft.advance()
      this.#maybeSnapshot(raft)
    })
  }

  /** What the round writes, each followed by a sync, in the order that `Ready` demands. */
  #writes(ready: Ready): (() => void)[] {
    const { disk } = this
    const writes: (() => void)[] = []
    for (const chunk of ready.chunks) {
      if (chunk.offset === 0) this.#received = []
      this.#received.push(chunk.data)
    }
    if (ready.snapshot !== null) writes.push(...this.#install(ready.snapshot))
    const { truncation, hardState, entries } = ready
    if (truncation !== null)
      writes.push(() => disk.write({ kind: 'hard-state', hardState: truncation }))
    const first = entries[0]
    if (first !== undefined)
      writes.push(() => {
        if (truncation !== null) disk.write({ kind: 'cut', fromIndex: first.index })
        disk.write({ kind: 'append', entries })
      })
    if (hardState !== null && ready.mustSync)
      writes.push(() => disk.write({ kind: 'hard-state', hardState }))
    return writes
  }

  #install(meta: StoredSnapshot['meta']): (() => void)[] {
    const snapshot = { meta, data: Buffer.concat(this.#received) }
    this.#received = []
    const state = decodeState(snapshot.data)
    this.#world.checker.installed(this.id, meta.index, meta.term, state)
    const steps = [
      () => this.disk.write({ kind: 'snapshot', snapshot }),
      () => {
        this.disk.write({ kind: 'empty-log' })
        this.#snapshots = [snapshot]
        this.#state = state
      },
    ]
    return this.#world.bugs.emptiesLogBeforeSnapshot ? steps.reverse() : steps
  }

  /** Does each step and a sync after it, then `done`; nothing more after a crash or failed sync. */
  #steps(steps: readonly (() => void)[], done: () => void): void {
    const life = this.#life
    const next = (at: number) => {
      const step = steps[at]
      if (step === undefined) {
        this.#isBusy = false
        done()
        this.kick()
        return
      }
      step()
      this.#world.after(this.syncMs * (0.5 + this.#world.random.fraction()), () => {
        if (this.#life === life && this.#synced()) this.#whenAwake(life, () => next(at + 1))
      })
    }
    next(0)
  }

  /** A paused process goes on when it is resumed. */
  #whenAwake(life: number, act: () => void): void {
    if (!this.#isPaused) act()
    else
      this.#world.after(5, () => {
        if (this.#life === life) this.#whenAwake(life, act)
      })
  }

  #synced(): boolean {
    if (!this.failNextSync) {
      this.disk.sync()
      return true
    }
    this.failNextSync = false
    this.disk.failSync()
    if (this.#world.bugs.ignoresSyncErrors) return true
    this.#world.crash(this)
    return false
  }

  #send(messages: readonly Message[]): void {
    for (const message of messages) {
      const filled = message.type === 'snapshot' ? this.#fill(message) : message
      if (filled !== null) this.#world.send(filled)
    }
  }

  #fill(message: Message & { type: 'snapshot' }): Message | null {
    const stored = this.#snapshots.find(one => one.meta.index === message.snapshot.index)
    if (stored === undefined) {
      this.#raft?.reportSnapshotFailure(message.to)
      return null
    }
    const end = message.offset + CHUNK_BYTES
    const data = stored.data.subarray(message.offset, end)
    return { ...message, data, isLast: end >= stored.data.length }
  }

  #apply(ready: Ready): void {
    const { checker } = this.#world
    for (const entry of ready.committed) {
      this.#state = checker.applied(this.id, this.#state, entry)
      this.#settle(entry)
    }
    for (const read of ready.reads) {
      const operation = this.#reads.get(read.context)
      this.#reads.delete(read.context)
      // Served now if what was read is applied; else the client asks again.
      if (operation !== undefined && this.#state.index >= read.index)
        checker.answered(operation, this.#state.index)
    }
  }

  #settle(entry: Entry): void {
    const proposal = this.#proposals.get(entry.index)
    if (proposal === undefined) return
    this.#proposals.delete(entry.index)
    if (proposal.term === entry.term)
      this.#world.checker.acknowledged(proposal.operation, entry.index)
  }

  #maybeSnapshot(raft: Raft): void {
    const { snapshotEvery, trailingEntries } = this.#world
    const last = this.disk.snapshot?.meta.index ?? 0
    if (raft.appliedIndex - last < snapshotEvery || raft.appliedIndex !== this.#state.index) return
    const data = encodeState(this.#state)
    const snapshot = { meta: { ...raft.snapshotMeta(), bytes: data.length }, data }
    const compactTo = Math.max(raft.firstIndex - 1, snapshot.meta.index - trailingEntries)
    this.#isBusy = true
    this.#steps(
      [
        () => this.disk.write({ kind: 'snapshot', snapshot }),
        () => this.disk.write({ kind: 'trim', index: compactTo }),
      ],
      () => {
        this.#snapshots = [...this.#snapshots.slice(-1), snapshot]
        raft.compact(snapshot.meta, compactTo)
      },
    )
  }
}
