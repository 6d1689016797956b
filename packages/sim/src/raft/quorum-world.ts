// Nodes of the quorum on simulated machines, their clients, and what is checked of them: all apply
// the same in the same order, what was acknowledged is kept, reads are not stale.

import type { Simulation } from '@weir/core/sim'
import { type CommittedEntry, QuorumNode, QuorumServer, type StateMachine } from '@weir/quorum'

const PORT = 9093
const READ_TIMEOUT_MS = 500

/** What was first applied at each index, by any node. */
class History {
  readonly #words = new Map<number, string>()
  lastIndex = 1

  applied(id: number, { index, term, data }: CommittedEntry): void {
    const word = `${term}:${data === null ? '' : data.toString('latin1')}`
    const known = this.#words.get(index)
    if (known === undefined) {
      this.#words.set(index, word)
      this.lastIndex = Math.max(this.lastIndex, index)
    } else if (known !== word)
      throw new Error(`node ${id} applied ${word} at ${index}, another node ${known}`)
  }
}

/** Keeps the indexes it applied, and how many words. */
class CheckedMachine implements StateMachine {
  readonly #id: number
  readonly #history: History
  appliedIndex = 0
  words = 0
  isActive = false

  constructor(id: number, history: History) {
    this.#id = id
    this.#history = history
  }

  apply(entries: readonly CommittedEntry[]): void {
    for (const entry of entries) {
      if (entry.index !== this.appliedIndex + 1)
        throw new Error(`node ${this.#id} applies ${entry.index} after ${this.appliedIndex}`)
      this.appliedIndex = entry.index
      this.#history.applied(this.#id, entry)
      if (entry.data !== null) this.words++
    }
  }

  restore(data: readonly Buffer[], index: number): void {
    const text = Buffer.concat(data).toString('latin1').trim()
    this.appliedIndex = index
    const [at, words] = text === '' ? [index, 0] : text.split(' ').map(Number)
    if (at !== index) throw new Error(`node ${this.#id}: snapshot of ${at} as one of ${index}`)
    this.words = words ?? 0
  }

  snapshot(): readonly Buffer[] {
    return [Buffer.from(`${this.appliedIndex} ${this.words}`.padEnd(400), 'latin1')]
  }

  leadershipChanged({ isActive }: { readonly isActive: boolean }): void {
    this.isActive = isActive
  }
}

interface Process {
  readonly machine: CheckedMachine
  /** Null while it opens its storage. */
  node: QuorumNode | null
}

export class QuorumWorld {
  readonly ids: readonly number[]
  readonly #sim: Simulation
  readonly #history = new History()
  readonly #processes = new Map<number, Process>()
  readonly #leaders = new Map<number, number>()
  #errors: Error[] = []
  #word = 0
  /** The highest index that a client knows of. */
  #observed = 1
  /** Clients have stopped. */
  isQuiet = false
  acknowledged = 0
  answeredReads = 0
  fatals = 0

  constructor(sim: Simulation, voterCount: number) {
    this.#sim = sim
    this.ids = Array.from({ length: voterCount }, (_, i) => i + 1)
  }

  get committedIndex(): number {
    return this.#history.lastIndex
  }

  name(id: number): string {
    return `n${id}`
  }

  /** Throws the first violation that was seen in an event. */
  check(): void {
    const [error] = this.#errors
    if (error !== undefined) throw error
  }

  #violation(error: unknown): void {
    this.#errors.push(error instanceof Error ? error : new Error(String(error)))
  }

  // --- Processes ---

  start(id: number): void {
    if (this.#processes.has(id)) return
    const env = this.#sim.env(this.name(id))
    const machine = new CheckedMachine(id, this.#history)
    const process: Process = { machine, node: null }
    this.#processes.set(id, process)
    const voters = this.ids.map(each => ({
      id: each,
      directoryId: '',
      address: `${this.name(each)}:${PORT}`,
    }))
    const options = {
      nodeId: id,
      directoryId: `disk-${id}`,
      directory: '/data/quorum',
      address: `${this.name(id)}:${PORT}`,
      voters,
      clusterId: () => '',
      snapshotBytes: 400,
      trailingEntries: 5,
      reserveBytes: 0,
      onFatal: (error: Error) => this.#fatal(id, process, error),
    }
    QuorumNode.open(env, options, machine).then(
      async node => {
        const server = new QuorumServer(env, () => node.transport)
        await server.listen('0.0.0.0', PORT)
        process.node = node
        if (node.driver.raftStatus().isDamaged)
          this.#violation(new Error(`a crash took from node ${id} what it had promised`))
        node.start()
      },
      // The disk failed while it was opened.
      error => this.#fatal(id, process, error),
    )
  }

  /** As the process entry does: it ends. What a failed sync did not write is gone. */
  #fatal(id: number, process: Process, error: unknown): void {
    if (this.#processes.get(id) !== process) return
    this.fatals++
    const code = (error as { code?: unknown }).code
    const cause = (error as { cause?: { code?: unknown } }).cause?.code
    const isDisk = [code, cause].some(each => each === 'EIO' || each === 'ENOSPC')
    const text = error instanceof Error ? error.message : String(error)
    if (!isDisk && !/EIO|ENOSPC|cannot be written|offline|no data directory/i.test(text))
      this.#violation(error)
    this.#processes.delete(id)
    this.#sim.crash(this.name(id))
    this.#restartLater(id, 300)
  }

  #restartLater(id: number, delayMs: number): void {
    this.#sim.after(delayMs, () => this.start(id))
  }

  /** Power failure. */
  crash(id: number, downMs: number): void {
    if (!this.#processes.delete(id)) return
    this.#sim.crash(this.name(id))
    this.#restartLater(id, downMs)
  }

  kill(id: number, downMs: number): void {
    if (!this.#processes.delete(id)) return
    this.#sim.kill(this.name(id))
    this.#restartLater(id, downMs)
  }

  leaderId(): number | null {
    for (const [id, { machine }] of this.#processes) if (machine.isActive) return id
    return null
  }

  transfer(to: number): void {
    const id = this.leaderId()
    if (id !== null) this.#processes.get(id)?.node?.driver.transferLeadership(to)
  }

  // --- Clients ---

  /** On every node that believes it leads. */
  propose(): void {
    if (this.isQuiet) return
    for (const [id, { node, machine }] of this.#processes) {
      if (node === null || !machine.isActive) continue
      this.#noteLeader(id, node)
      this.#word++
      this.#proposeOn(node, `word ${this.#word}`)
    }
  }

  #noteLeader(id: number, node: QuorumNode): void {
    const { term } = node.driver.leadership
    const other = this.#leaders.get(term)
    this.#leaders.set(term, id)
    if (other !== undefined && other !== id)
      this.#violation(new Error(`two leaders in term ${term}: ${other} and ${id}`))
  }

  #proposeOn(node: QuorumNode, word: string): void {
    const after = this.#observed
    const proposed = node.driver.proposeAndWait(Buffer.from(word, 'latin1'))
    proposed.then(
      outcome => {
        if (outcome?.kind !== 'committed') return
        if (outcome.index <= after)
          this.#violation(new Error(`a write got ${outcome.index}, ${after} was seen before`))
        this.acknowledged++
        this.#observed = Math.max(this.#observed, outcome.index)
      },
      error => this.#violation(error),
    )
  }

  read(): void {
    for (const { node, machine } of this.#processes.values()) {
      if (node === null) continue
      const after = this.#observed
      node.driver.readBarrier(READ_TIMEOUT_MS).then(
        index => {
          if (index === null) return
          if (machine.appliedIndex < after)
            this.#violation(new Error(`a stale read: ${machine.appliedIndex}, ${after} was seen`))
          this.answeredReads++
          this.#observed = Math.max(this.#observed, machine.appliedIndex)
        },
        error => this.#violation(error),
      )
    }
  }

  // --- The end ---

  describe(): string {
    return this.ids
      .map(id => {
        const status = this.#processes.get(id)?.node?.driver.raftStatus()
        if (status === undefined) return `${id}: down`
        const { role, term, lastIndex, commitIndex, isDamaged } = status
        return `${id}: ${role} term ${term} last ${lastIndex} commit ${commitIndex}${isDamaged ? ' damaged' : ''}`
      })
      .join('; ')
  }

  checkAllAgree(): void {
    this.check()
    if (this.#processes.size < this.ids.length)
      throw new Error(`a node does not come up: ${this.describe()}`)
    for (const [id, { machine }] of this.#processes)
      if (machine.appliedIndex < this.#observed)
        throw new Error(`node ${id} is at ${machine.appliedIndex}, ${this.#observed} was seen`)
  }
}
