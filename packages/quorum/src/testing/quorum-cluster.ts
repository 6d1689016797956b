// Nodes of a quorum on simulated machines, for tests. The state machine is a list of words.

import { type Env, errorMessage } from '@weir/core'
import { Simulation, type SimulationOptions } from '@weir/core/sim'
import type { Member } from '@weir/raft'
import { QuorumNode, type QuorumNodeOptions } from '../quorum-node.ts'
import type { CommittedEntry, Leadership, StateMachine } from '../state-machine.ts'
import { QuorumServer } from '../transport/quorum-server.ts'

export const TEST_PORT = 9093

class WordList implements StateMachine {
  words: string[] = []
  appliedIndex = 0
  leadership: Leadership | null = null

  apply(entries: readonly CommittedEntry[]): void {
    for (const { index, data } of entries) {
      if (index !== this.appliedIndex + 1)
        throw new Error(`applies ${index} after ${this.appliedIndex}`)
      this.appliedIndex = index
      if (data !== null) this.words.push(data.toString('latin1'))
    }
  }

  restore(data: readonly Buffer[], index: number): void {
    const text = Buffer.concat(data).toString('latin1')
    this.words = text === '' ? [] : text.split(' ')
    this.appliedIndex = index
  }

  snapshot(): readonly Buffer[] {
    return [Buffer.from(this.words.join(' '), 'latin1')]
  }

  leadershipChanged(leadership: Leadership): void {
    this.leadership = leadership
  }
}

/** What the harness looks at; a WordList unless a test brings its own. */
export interface TestMachine extends StateMachine {
  readonly words: readonly string[]
  readonly appliedIndex: number
}

export interface TestNode {
  readonly name: string
  readonly env: Env
  readonly node: QuorumNode
  readonly server: QuorumServer
  readonly machine: TestMachine
  fatal: Error | null
}

export interface ClusterOptions extends Partial<SimulationOptions> {
  readonly seed: number | string
  readonly voters: number
  readonly node?: Partial<QuorumNodeOptions>
}

export class QuorumCluster {
  readonly sim: Simulation
  readonly nodes = new Map<number, TestNode>()
  readonly voters: readonly Member[]
  readonly #options: ClusterOptions

  constructor(options: ClusterOptions) {
    this.#options = options
    this.sim = new Simulation(options)
    this.voters = Array.from({ length: options.voters }, (_, i) => ({
      id: i + 1,
      directoryId: '',
      address: `n${i + 1}:${TEST_PORT}`,
    }))
  }

  /** Starts all first voters and waits for a leader that may decide. */
  async start(): Promise<void> {
    for (const { id } of this.voters) await this.startNode(id)
    await this.untilLeader()
  }

  /** Starts (again) a node on its disk. Rejects as opening does. */
  async startNode(
    id: number,
    options: Partial<QuorumNodeOptions> = {},
    machine: TestMachine = new WordList(),
  ): Promise<TestNode> {
    const name = `n${id}`
    const env = this.sim.env(name)
    let opened: TestNode | null = null
    const onFatal = (error: Error) => {
      if (opened !== null) opened.fatal = error
      // As the process entry does.
      this.sim.kill(name)
      this.nodes.delete(id)
    }
    const node = await this.sim.complete(
      QuorumNode.open(
        env,
        {
          nodeId: id,
          directoryId: `disk-of-${id}`,
          directory: '/data/quorum',
          address: `${name}:${TEST_PORT}`,
          voters: this.voters,
          clusterId: () => '',
          reserveBytes: 0,
          onFatal,
          ...this.#options.node,
          ...options,
        },
        machine,
      ),
    )
    const server = new QuorumServer(env, () => node.transport)
    if (options.address !== '') await this.sim.complete(server.listen('0.0.0.0', TEST_PORT))
    opened = { name, env, node, server, machine, fatal: null }
    this.nodes.set(id, opened)
    node.start()
    return opened
  }

  get(id: number): TestNode {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`node ${id} is down`)
    return node
  }

  /** Power failure of a machine. */
  crash(id: number): void {
    this.sim.crash(`n${id}`)
    this.nodes.delete(id)
  }

  kill(id: number): void {
    this.sim.kill(`n${id}`)
    this.nodes.delete(id)
  }

  leader(): TestNode | null {
    let leader: TestNode | null = null
    for (const node of this.nodes.values()) {
      const { isActive, term } = node.node.driver.leadership
      if (isActive && term > (leader?.node.driver.leadership.term ?? -1)) leader = node
    }
    return leader
  }

  async untilLeader(limitMs = 10_000): Promise<TestNode> {
    await this.sim.run(() => this.leader() !== null, limitMs)
    const leader = this.leader()
    if (leader === null) throw new Error('no leader')
    return leader
  }

  leaderId(): number {
    const leader = this.leader()
    for (const [id, node] of this.nodes) if (node === leader) return id
    throw new Error('no leader')
  }

  /** Proposes on the leader until a word is committed. */
  async commit(word: string): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      const leader = await this.untilLeader()
      const proposed = leader.node.driver.proposeAndWait(Buffer.from(word, 'latin1'))
      const outcome = await this.sim.complete(proposed)
      if (outcome?.kind === 'committed') return
    }
    throw new Error(`${word} was not committed`)
  }

  /** Waits until all nodes that are up have applied the same, and answers it. */
  async untilEqual(limitMs = 20_000): Promise<readonly string[]> {
    const isEqual = () => {
      const leader = this.leader()
      if (leader === null) return false
      const last = leader.node.driver.raftStatus().lastIndex
      return [...this.nodes.values()].every(one => one.machine.appliedIndex === last)
    }
    try {
      await this.sim.run(isEqual, limitMs)
    } catch (error) {
      const states = [...this.nodes.values()].map(one => {
        const { id, role, term, lastIndex, commitIndex, isDamaged } = one.node.driver.raftStatus()
        return `${id}: ${role} term ${term} last ${lastIndex} commit ${commitIndex} ${isDamaged}`
      })
      throw new Error(`${errorMessage(error)}: ${states.join('; ')}`)
    }
    const [first, ...others] = [...this.nodes.values()].map(one => one.machine.words)
    for (const other of others)
      if (other.join(' ') !== first?.join(' '))
        throw new Error(`states differ: ${first?.join(' ')} and ${other.join(' ')}`)
    return first ?? []
  }

  async stop(): Promise<void> {
    for (const { node, server } of this.nodes.values()) {
      await this.sim.complete(server.close())
      await this.sim.complete(node.stop())
    }
    this.nodes.clear()
  }
}
