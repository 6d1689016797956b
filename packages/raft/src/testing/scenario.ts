// Runs scripted scenarios: a few nodes, a list of messages under way, and commands that say what
// happens next. Test support; deterministic: election timeouts have no random part.
//
// Every node's rounds are done at once after each command ("disk" is an array), unless the node is
// held. Messages wait until `deliver`.

import { bootstrapSnapshot } from '../confchange.ts'
import { describeEntry, describeMessage, describeStatus } from '../describe.ts'
import { Raft } from '../raft.ts'
import type {
  ConfigChangeKind,
  Entry,
  HardState,
  MemberChange,
  Message,
  Ready,
  SnapshotMeta,
} from '../types.ts'

const LIMITS = {
  electionTicks: 10,
  heartbeatTicks: 2,
  maxAppendBytes: 64,
  maxInflightMessages: 4,
  maxInflightBytes: 4096,
  maxUncommittedBytes: 1024,
  maxApplyBytes: 1 << 20,
  maxObservers: 10,
}

const CHUNK_BYTES = 8
/** A scenario that does not come to rest is one with a loop. */
const MAX_DELIVERIES = 2000

class Node {
  readonly id: number
  raft: Raft
  hardState: HardState | null = null
  snapshot: SnapshotMeta | null
  snapshotData = ''
  /** All that were taken here, by index: a transfer under way goes on with its own. */
  readonly #taken = new Map<number, string>()
  entries: Entry[] = []
  applied: string[] = []
  reads: string[] = []
  received = ''
  isUp = true
  isHeld = false

  constructor(id: number, snapshot: SnapshotMeta | null) {
    this.id = id
    this.snapshot = snapshot
    this.raft = this.#start()
  }

  #start(): Raft {
    return new Raft({
      ...LIMITS,
      id: this.id,
      hardState: this.hardState,
      snapshot: this.snapshot,
      entries: this.entries,
      random: () => 0,
    })
  }

  restart(): void {
    this.isUp = true
    this.applied = this.snapshotData === '' ? [] : this.snapshotData.split(' ')
    this.raft = this.#start()
  }

  /** The end of the log on disk is lost. */
  damage(fromIndex: number): void {
    this.entries = this.entries.filter(entry => entry.index < fromIndex)
  }

  write(ready: Ready): void {
    for (const chunk of ready.chunks) {
      if (chunk.offset === 0) this.received = ''
      this.received += chunk.data.toString('latin1')
    }
    if (ready.snapshot !== null) {
      this.snapshot = ready.snapshot
      this.snapshotData = this.received
      this.entries = []
      this.applied = this.received === '' ? [] : this.received.split(' ')
    }
    if (ready.truncation !== null) this.hardState = ready.truncation
    const first = ready.entries[0]
    if (first !== undefined) this.damage(first.index)
    this.entries.push(...ready.entries)
    if (ready.hardState !== null && ready.mustSync) this.hardState = ready.hardState
  }

  apply(ready: Ready): void {
    for (const entry of ready.committed)
      if (entry.kind === 'normal') this.applied.push(entry.data.toString('latin1'))
    for (const read of ready.reads) this.reads.push(`${read.context} at ${read.index}`)
  }

  compact(): void {
    const meta = this.raft.snapshotMeta()
    this.snapshotData = this.applied.join(' ')
    this.snapshot = { ...meta, bytes: this.snapshotData.length }
    this.#taken.set(meta.index, this.snapshotData)
    this.raft.compact(this.snapshot, meta.index)
    this.entries = this.entries.filter(entry => entry.index > meta.index)
  }

  fill(message: Message): Message {
    if (message.type !== 'snapshot') return message
    const text = this.#taken.get(message.snapshot.index) ?? ''
    const end = message.offset + CHUNK_BYTES
    const data = Buffer.from(text.slice(message.offset, end), 'latin1')
    return { ...message, data, isLast: end >= text.length }
  }
}

type Command = (args: readonly string[]) => string[]

export class Scenario {
  readonly #nodes = new Map<number, Node>()
  readonly #commands: ReadonlyMap<string, Command>
  #network: Message[] = []
  #cuts = new Set<string>()

  constructor() {
    const commands: Record<string, Command> = {
      cluster: args => this.#cluster(args.map(Number)),
      node: args => this.#addNode(Number(args[0])),
      tick: args => this.#each(args.slice(1), node => this.#tick(node, Number(args[0]))),
      campaign: args => this.#each(args, node => node.raft.campaign()),
      'forget-leader': args => this.#each(args, node => node.raft.forgetLeader()),
      propose: args => this.#propose(Number(args[0]), args.slice(1)),
      change: args => this.#change(Number(args[0]), args.slice(1)),
      transfer: args => this.#transfer(Number(args[0]), Number(args[1])),
      read: args => this.#read(Number(args[0]), Number(args[1])),
      observe: args => this.#each([args[0] ?? ''], node => node.raft.observe(Number(args[1]))),
      compact: args => this.#each(args, node => node.compact()),
      hold: args => this.#each(args, node => this.#hold(node, true)),
      release: args => this.#each(args, node => this.#hold(node, false)),
      crash: args => this.#each(args, node => this.#crash(node)),
      restart: args => this.#each(args, node => node.restart()),
      damage: args => this.#each([args[0] ?? ''], node => node.damage(Number(args[1]))),
      cut: args => this.#cut(args),
      heal: () => this.#heal(),
      deliver: args => this.#deliver(args, true),
      settle: args => this.#deliver(args, false),
      drop: args => this.#drop(args),
      messages: () => this.#network.map(describeMessage),
      state: args => this.#print(args, node => describeStatus(node.raft.status())),
      log: args => this.#print(args, node => this.#describeLog(node)),
      progress: args => this.#progress(Number(args[0])),
      applied: args => this.#print(args, node => `${node.id}: ${node.applied.join(' ')}`),
      reads: args => this.#print(args, node => `${node.id}: ${node.reads.join(', ')}`),
    }
    this.#commands = new Map(Object.entries(commands))
  }

  /** Runs one command; the output never is empty. An assertion that fails is output, too. */
  run(line: string): string[] {
    const [name = '', ...args] = line.trim().split(/\s+/)
    const command = this.#commands.get(name)
    if (command === undefined) return [`unknown command ${name}`]
    try {
      const output = command(args)
      this.#round()
      return output.length === 0 ? ['ok'] : output
    } catch (error) {
      return [`FATAL ${error instanceof Error ? error.message : String(error)}`]
    }
  }

  #node(id: number): Node {
    const node = this.#nodes.get(id)
    if (node === undefined) throw new Error(`no node ${id}`)
    return node
  }

  #chosen(args: readonly string[]): Node[] {
    const isAll = args.length === 0 || args[0] === 'all'
    return isAll ? [...this.#nodes.values()] : args.map(id => this.#node(Number(id)))
  }

  #each(args: readonly string[], act: (node: Node) => void): string[] {
    for (const node of this.#chosen(args)) act(node)
    return []
  }

  #print(args: readonly string[], text: (node: Node) => string): string[] {
    return this.#chosen(args).map(node => (node.isUp ? text(node) : `${node.id}: down`))
  }

  /** Does the rounds of every node that is up and not held, until there is nothing to do. */
  #round(): void {
    for (const node of this.#nodes.values())
      while (node.isUp && !node.isHeld && node.raft.hasReady()) {
        const ready = node.raft.ready()
        this.#send(node, ready.messages)
        node.write(ready)
        this.#send(node, ready.promises)
        node.apply(ready)
        node.raft.advance()
      }
  }

  #send(node: Node, messages: readonly Message[]): void {
    for (const message of messages)
      if (!this.#cuts.has(`${message.from}>${message.to}`)) this.#network.push(node.fill(message))
  }

  #cluster(ids: readonly number[]): string[] {
    const members = ids.map(id => ({ id, directoryId: `dir${id}`, address: '' }))
    for (const id of ids) this.#nodes.set(id, new Node(id, bootstrapSnapshot(members)))
    return []
  }

  #addNode(id: number): string[] {
    this.#nodes.set(id, new Node(id, null))
    return []
  }

  #tick(node: Node, count: number): void {
    for (let i = 0; i < count && node.isUp; i++) node.raft.tick()
  }

  #propose(id: number, data: readonly string[]): string[] {
    const outcome = this.#node(id).raft.propose(data.map(one => Buffer.from(one, 'latin1')))
    return [outcome.kind === 'refused' ? outcome.reason : `at ${outcome.firstIndex}`]
  }

  /** change LEADER KIND ID[/DIRECTORY] ... */
  #change(id: number, args: readonly string[]): string[] {
    const changes: MemberChange[] = []
    for (let i = 0; i + 1 < args.length; i += 2) {
      const [memberId = '', directoryId] = (args[i + 1] ?? '').split('/')
      changes.push({
        kind: args[i] as ConfigChangeKind,
        member: { id: Number(memberId), directoryId: directoryId ?? `dir${memberId}`, address: '' },
      })
    }
    const { raft } = this.#node(id)
    const outcome = raft.proposeChange({ changes })
    if (outcome.kind === 'appended') return [`at ${outcome.firstIndex}`]
    if (outcome.reason !== 'invalid-change') return [outcome.reason]
    return [`${outcome.reason}: ${raft.changeRefusal({ changes })}`]
  }

  #transfer(from: number, to: number): string[] {
    return [this.#node(from).raft.transferLeadership(to) ? 'ok' : 'refused']
  }

  #read(id: number, context: number): string[] {
    return [this.#node(id).raft.readIndex(context) ? 'ok' : 'refused']
  }

  #hold(node: Node, isHeld: boolean): void {
    node.isHeld = isHeld
  }

  #crash(node: Node): void {
    node.isUp = false
    this.#network = this.#network.filter(message => message.to !== node.id)
  }

  #cut(links: readonly string[]): string[] {
    for (const link of links) this.#cuts.add(link)
    this.#network = this.#network.filter(({ from, to }) => !this.#cuts.has(`${from}>${to}`))
    return []
  }

  #heal(): string[] {
    this.#cuts = new Set()
    return []
  }

  /** deliver [A>B ...]: everything (on these links), and what comes of it. */
  #deliver(links: readonly string[], isPrinted: boolean): string[] {
    const output: string[] = []
    for (let i = 0; i < MAX_DELIVERIES; i++) {
      const at = this.#network.findIndex(
        ({ from, to }) => links.length === 0 || links.includes(`${from}>${to}`),
      )
      const [message] = at < 0 ? [] : this.#network.splice(at, 1)
      if (message === undefined) return output
      if (isPrinted) output.push(describeMessage(message))
      const node = this.#nodes.get(message.to)
      if (node?.isUp === true) node.raft.step(message)
      this.#round()
    }
    return [...output, 'does not come to rest']
  }

  #drop(links: readonly string[]): string[] {
    const isDropped = ({ from, to }: Message) =>
      links.length === 0 || links.includes(`${from}>${to}`)
    const output = this.#network.filter(isDropped).map(describeMessage)
    this.#network = this.#network.filter(message => !isDropped(message))
    return output
  }

  #describeLog(node: Node): string {
    const { raft } = node
    const entries = raft.entriesBetween(raft.firstIndex, raft.lastIndex + 1)
    return `${node.id}: ${entries.map(describeEntry).join(', ')}`
  }

  #progress(id: number): string[] {
    const { members } = this.#node(id).raft.status()
    return members.map(
      ({ id: member, role, state, matchIndex, nextIndex, inflightBytes }) =>
        `${member}: ${role} ${state} match ${matchIndex} next ${nextIndex} inflight ${inflightBytes}`,
    )
  }
}
