// A cluster on a simulated network, with clients, an operator who changes the membership, and
// faults. Everything that happens is drawn from one seeded stream.

import { SimRandom } from '@weir/core/sim'
import {
  bootstrapSnapshot,
  decodeMessage,
  encodeMessage,
  type MemberChange,
  type Message,
  type RaftLimits,
} from '@weir/raft'
import { Checker } from './checker.ts'
import { EventQueue } from './event-queue.ts'
import { type RaftSimOptions, TICK_MS } from './raft-sim-options.ts'
import { type DriverBugs, SimNode, type World } from './sim-node.ts'

const NO_DATA = Buffer.alloc(0)

export class RaftCluster implements World {
  readonly options: RaftSimOptions
  readonly bugs: DriverBugs
  readonly checker = new Checker()
  readonly random: SimRandom
  readonly queue = new EventQueue()
  readonly nodes = new Map<number, SimNode>()
  readonly limits: RaftLimits
  readonly snapshotEvery: number
  readonly trailingEntries: number
  /** Links that are down, as `from>to`. */
  readonly cuts = new Set<string>()
  /** Nodes whose disk lost what they had promised, or all of it. */
  readonly harmed = new Set<number>()
  isFaulty = true
  /** A hash over everything that was delivered, and when. */
  trace = 0x811c9dc5
  #nextId: number
  #command = 0

  constructor(options: RaftSimOptions, bugs: DriverBugs) {
    this.options = options
    this.bugs = bugs
    this.random = new SimRandom(`run ${options.seed}`)
    this.limits = options.limits
    this.snapshotEvery = options.snapshotEvery
    this.trailingEntries = options.trailingEntries
    this.#nextId = options.voters + 1
    for (let id = 1; id <= options.voters; id++) this.#bootstrap(this.addNode(id))
    for (const node of this.nodes.values()) node.start()
  }

  get nowMs(): number {
    return this.queue.nowMs
  }

  after(delayMs: number, act: () => void): void {
    this.queue.after(delayMs, act)
  }

  /** As on the first start with a list of voters. */
  #bootstrap(node: SimNode): void {
    const members = Array.from({ length: this.options.voters }, (_, i) => ({
      id: i + 1,
      directoryId: `dir${i + 1}`,
      address: '',
    }))
    const meta = bootstrapSnapshot(members)
    node.disk.write({ kind: 'snapshot', snapshot: { meta, data: NO_DATA } })
    node.disk.sync()
  }

  addNode(id: number): SimNode {
    const node = new SimNode(id, this)
    this.nodes.set(id, node)
    const rate = 1 + this.options.skew * (this.random.fraction() - 0.5)
    const tick = () => {
      node.act(raft => raft.tick())
      this.after(TICK_MS * (this.isFaulty ? rate : 1), tick)
    }
    this.after(this.random.fraction() * TICK_MS, tick)
    return node
  }

  // --- Network ---

  send(message: Message): void {
    const { random, options } = this
    if (this.cuts.has(`${message.from}>${message.to}`)) return
    if (!this.isFaulty) {
      this.#deliverLater(message, 0.5 + random.fraction())
      return
    }
    if (random.chance(options.loss)) return
    if (random.chance(options.duplication)) this.#deliverLater(message, this.#delay())
    this.#deliverLater(message, this.#delay())
  }

  #delay(): number {
    const { random, options } = this
    const isLong = random.chance(options.longDelay)
    return isLong ? random.fraction() * options.maxDelayMs : 0.5 + random.fraction() * 10
  }

  #deliverLater(message: Message, delayMs: number): void {
    this.after(delayMs, () => {
      const node = this.nodes.get(message.to)
      if (node === undefined || !node.isUp) return
      if (this.cuts.has(`${message.from}>${message.to}`)) return
      this.#note(message)
      const received = this.options.isEncoded ? decodeMessage(encodeMessage(message)) : message
      node.act(raft => raft.step(received))
    })
  }

  #note({ type, from, to, term }: Message): void {
    let hash = this.trace
    const kind = type.length * 256 + type.charCodeAt(type.length - 1)
    for (const value of [Math.round(this.nowMs * 1000), kind, from * 64 + to, term])
      hash = Math.imul(hash ^ value, 0x01000193)
    this.trace = hash >>> 0
  }

  // --- Processes ---

  /** The process ends, and is started again after a while. */
  crash(node: SimNode): void {
    if (!node.isUp) return
    node.crash()
    this.after(50 + this.random.fraction() * 2000, () => this.restart(node))
  }

  isHarmed(id: number): boolean {
    return this.harmed.has(id)
  }

  restart(node: SimNode): void {
    if (!node.isUp && this.nodes.has(node.id)) node.start()
  }

  /** A node is brought in on an empty disk, under an id that was never used. */
  newNode(): SimNode {
    const node = this.addNode(this.#nextId)
    this.#nextId++
    node.start()
    return node
  }

  removeNode(node: SimNode): void {
    if (node.isUp) node.crash()
    this.nodes.delete(node.id)
    this.harmed.delete(node.id)
  }

  /** The disk of a voter is gone; with the planted bug it returns as if nothing had happened. */
  wipe(node: SimNode): void {
    if (node.isUp) node.crash()
    node.disk.wipe()
    if (this.bugs.returnsAfterWipe) {
      this.#bootstrap(node)
      this.after(50 + this.random.fraction() * 500, () => this.restart(node))
      return
    }
    this.nodes.delete(node.id)
    this.harmed.add(node.id)
  }

  // --- Clients and operator ---

  leader(): SimNode | null {
    let leader: SimNode | null = null
    for (const node of this.nodes.values())
      if (node.isLeader && (node.raft?.term ?? 0) > (leader?.raft?.term ?? -1)) leader = node
    return leader
  }

  anyNode(): SimNode | null {
    const up = [...this.nodes.values()].filter(node => node.raft !== null)
    return up[this.random.below(up.length)] ?? null
  }

  proposeOn(node: SimNode | null): void {
    const count = 1 + this.random.below(3)
    const data = Array.from({ length: count }, () => {
      this.#command++
      return Buffer.from(`command ${this.#command}`, 'latin1')
    })
    node?.propose(data)
  }

  change(changes: readonly MemberChange[]): void {
    const leader = this.leader()
    leader?.act(raft => {
      raft.proposeChange({ changes })
    })
  }
}

export function member(id: number): MemberChange['member'] {
  return { id, directoryId: `dir${id}`, address: '' }
}
