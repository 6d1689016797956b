// Messages between the nodes of the quorum: a link to each node that can be reached, a mailbox for
// each that cannot (a broker that follows the log without serving it).

import type { Env } from '@weir/core'
import type { Hello, HelloReply, Member, Membership, Message } from '@weir/raft'
import { Endpoint, type EndpointHost } from './endpoint.ts'
import {
  helloReply,
  type Identity,
  type KnownDirectories,
  misfit,
  processOf,
  type Refusal,
  refusalOf,
  refusalOfHello,
  rivalRefusal,
} from './identity.ts'
import { LiveProcesses, type NodeProcess } from './live-processes.ts'
import { Mailbox } from './mailbox.ts'
import { type LinkEvents, PeerLink } from './peer-link.ts'

export interface TransportEvents {
  received(message: Message): void
  /** A connection to this node worked and broke. */
  connectionReset(nodeId: number): void
  connected(nodeId: number): void
  /** Another process has come under the id: what the one before acknowledged may say nothing of its log. */
  replaced(nodeId: number): void
  membership(): Membership
  /** This node and another do not fit together, or another has its id. */
  refused(refusal: Refusal): void
}

/** Nodes that are known by their hello at most; more are refused. */
const MAX_KNOWN_NODES = 2000

export interface Address {
  readonly host: string
  readonly port: number
}

export class Transport implements EndpointHost {
  readonly processes: LiveProcesses
  readonly #env: Env
  readonly #own: Identity
  readonly #directories: KnownDirectories
  readonly #events: TransportEvents
  /** From the list of voters; a hello's addresses are newer. */
  readonly #seeds: ReadonlyMap<number, string>
  /** What nodes said of themselves: in a hello, or through the log since this node has a leader. */
  readonly #heard = new Map<number, string>()
  #members: Membership['members'] = []
  readonly #links = new Map<number, PeerLink>()
  readonly #polls = new Map<number, PeerLink>()
  readonly #mailboxes = new Map<number, Mailbox>()
  /** Of nodes that have said hello since the start. */
  readonly #greeted = new Map<number, NodeProcess>()
  /** Why nodes were refused that have not been welcome since: told once. */
  readonly #toldRefusals = new Map<number, string>()
  #isClosed = false

  constructor(
    env: Env,
    own: Identity,
    parts: {
      readonly directories: KnownDirectories
      readonly seeds: readonly Member[]
      readonly events: TransportEvents
    },
  ) {
    this.processes = new LiveProcesses(env.clock)
    this.#env = env
    this.#own = own
    this.#directories = parts.directories
    this.#seeds = new Map(parts.seeds.map(member => [member.id, member.address]))
    this.#events = parts.events
  }

  /** The served side of a connection that another node made. */
  accept(): Endpoint {
    return new Endpoint(this, this.#own.nodeId)
  }

  /** Sends or drops; never waits. */
  send(message: Message): void {
    if (this.#isClosed) return
    const mailbox = this.#mailboxes.get(message.to)
    if (mailbox?.isAbandoned === true) this.#mailboxes.delete(message.to)
    else if (mailbox !== undefined) mailbox.add(message)
    else this.#linkTo(message.to, this.#links, false)?.send(message)
  }

  /** The directory with which a node came last; null if it did not. */
  directoryOf(nodeId: number): string | null {
    return this.#greeted.get(nodeId)?.directoryId ?? null
  }

  /** Keeps a request open at these nodes, and no others, which brings their messages to this one. */
  pollFrom(nodeIds: readonly number[]): void {
    for (const [nodeId, link] of this.#polls) {
      if (nodeIds.includes(nodeId)) continue
      link.close()
      this.#polls.delete(nodeId)
    }
    if (this.#isClosed) return
    for (const nodeId of nodeIds) this.#linkTo(nodeId, this.#polls, true)?.wake()
  }

  /**
   * Says hello to a node at an address at which this one does not look for it otherwise. Resolves with why the two
   * refuse each other; null if they do not, or if nobody answers.
   */
  tryHello({ id, address }: Pick<Member, 'id' | 'address'>): Promise<Refusal | null> {
    const place = parseAddress(address)
    if (place === null) return Promise.resolve(null)
    return new Promise(resolve => {
      const settle = (refusal: Refusal | null) => {
        link.close()
        resolve(refusal)
      }
      const events = {
        ...this.#linkEvents(id),
        refused: settle,
        notReached: () => settle(null),
        welcomed: () => settle(null),
      }
      const link = new PeerLink(this.#env, this.#own, { id, ...place, isPolling: false }, events)
      link.wake()
    })
  }

  /** Where a node serves the private API, as far as it is known here: what it said itself, else the
   * list of voters of this node, else the membership. */
  addressOf(nodeId: number): Address | null {
    const member = this.#events.membership().members.find(one => one.id === nodeId)
    const own = nodeId === this.#own.nodeId ? this.#own.address : ''
    const text = own || this.#heard.get(nodeId) || this.#seeds.get(nodeId) || member?.address || ''
    return parseAddress(text)
  }

  #linkTo(nodeId: number, links: Map<number, PeerLink>, isPolling: boolean): PeerLink | null {
    const address = this.addressOf(nodeId)
    const known = links.get(nodeId)
    if (known !== undefined) {
      if (address !== null) known.moveTo(address.host, address.port)
      return known
    }
    if (address === null || nodeId === this.#own.nodeId) return null
    const link = new PeerLink(
      this.#env,
      this.#own,
      { id: nodeId, ...address, isPolling },
      this.#linkEvents(nodeId),
    )
    links.set(nodeId, link)
    return link
  }

  #linkEvents(nodeId: number): LinkEvents {
    let process: NodeProcess | null = null
    return {
      voters: () => this.#events.membership().voters,
      refusalOf: reply => this.#refusalOf(nodeId, reply),
      refused: (refusal, isByPeer) => {
        // Who refuses a rival of another node is in its own place.
        const isOfAnother = refusal.kind === 'rival' && !isByPeer
        if (refusal.kind !== 'busy' && !isOfAnother) this.#events.refused(refusal)
      },
      notReached: () => {},
      welcomed: reply => {
        process = processOf(reply)
        this.processes.opened(process, true)
        this.#remember(nodeId, reply.directoryId)
        this.#events.connected(nodeId)
      },
      received: messages => {
        if (process !== null) this.processes.heard(process)
        this.#receivedAll(nodeId, messages)
      },
      ended: isBroken => {
        if (process !== null) this.processes.closed(process, true)
        process = null
        if (isBroken) this.#events.connectionReset(nodeId)
      },
    }
  }

  #receivedAll(nodeId: number, messages: readonly Message[]): void {
    for (const message of messages)
      if (message.from === nodeId && message.to === this.#own.nodeId) this.received(message)
  }

  #refusalOf(nodeId: number, reply: HelloReply): Refusal | null {
    if (reply.nodeId !== nodeId)
      return misfit(
        `node ${reply.nodeId} answers at the address of node ${nodeId}: the list of voters is wrong`,
      )
    const refusal = refusalOf(this.#own, reply, this.#known())
    if (refusal !== null) return refusal
    const process = processOf(reply)
    return rivalRefusal(this.processes.rivalOfReached(process), process)
  }

  #known(): { membership: Membership; directories: KnownDirectories } {
    return { membership: this.#events.membership(), directories: this.#directories }
  }

  #remember(nodeId: number, directoryId: string): void {
    const { voters, outgoingVoters } = this.#events.membership()
    if (voters.includes(nodeId) || outgoingVoters.includes(nodeId))
      this.#directories.remember(nodeId, directoryId)
  }

  /**
   * Voters hear of each other all the time, also followers, who have nothing to say: else they would
   * believe the first who comes under an id, on another disk or on a copy.
   */
  meetVoters(): void {
    if (this.#isClosed) return
    for (const { id } of this.#events.membership().members)
      this.#linkTo(id, this.#links, false)?.keepAlive()
  }

  /**
   * The membership changed: nodes that are no voters any more may come back as others, and some may have
   * moved. `isCurrent`: a leader is known; what is replayed before may be older than the list of voters.
   */
  membershipChanged(isCurrent: boolean): void {
    const { voters, outgoingVoters, members } = this.#events.membership()
    this.#directories.forgetAllBut([...voters, ...outgoingVoters])
    const before = new Map(this.#members.map(member => [member.id, member.address]))
    this.#members = members
    if (!isCurrent) return
    for (const { id, address } of members) {
      const hasMoved = before.has(id) && before.get(id) !== address
      if (hasMoved && address !== '' && !this.#mailboxes.has(id)) this.#heard.set(id, address)
    }
  }

  // --- EndpointHost ---

  greet(hello: Hello): HelloReply {
    const refusal = this.#refusalOfHello(hello) ?? this.#welcome(hello)
    if (refusal === null) this.#toldRefusals.delete(hello.nodeId)
    else this.#tellRefusal(hello.nodeId, refusal)
    return helloReply(this.#own, this.#events.membership(), refusal)
  }

  #refusalOfHello(hello: Hello): Refusal | null {
    if (this.#isClosed) return { kind: 'busy', reason: `node ${this.#own.nodeId} is shutting down` }
    const refusal = refusalOfHello(this.#own, hello, this.#known())
    if (refusal !== null) return refusal
    const process = processOf(hello)
    return rivalRefusal(this.processes.rivalOf(process), process)
  }

  #welcome(hello: Hello): Refusal | null {
    this.#remember(hello.nodeId, hello.directoryId)
    if (!this.#learnWay(hello)) return { kind: 'busy', reason: 'too many nodes are connected' }
    const process = processOf(hello)
    const before = this.#greeted.get(hello.nodeId) ?? process
    this.#greeted.set(hello.nodeId, process)
    if (before.processId !== process.processId) this.#events.replaced(hello.nodeId)
    this.#links.get(hello.nodeId)?.peerIsUp()
    return null
  }

  #tellRefusal(nodeId: number, { kind, reason }: Refusal): void {
    if (kind !== 'busy' && kind !== 'rival') this.#events.refused({ kind, reason })
    if (this.#toldRefusals.get(nodeId) === reason) return
    if (this.#toldRefusals.size >= MAX_KNOWN_NODES) this.#toldRefusals.clear()
    this.#toldRefusals.set(nodeId, reason)
    this.#env.log.warn('a node was refused', { nodeId, reason })
  }

  /** How this node is to be reached: by its address, or when it asks. */
  #learnWay({ nodeId, address, directoryId }: Hello): boolean {
    const isNew = !this.#heard.has(nodeId) && !this.#mailboxes.has(nodeId)
    if (isNew && this.#heard.size + this.#mailboxes.size >= MAX_KNOWN_NODES) {
      this.#forgetAbandoned()
      if (this.#heard.size + this.#mailboxes.size >= MAX_KNOWN_NODES) return false
    }
    if (address !== '') {
      this.#heard.set(nodeId, address)
      this.#mailboxes.delete(nodeId)
    } else if (this.#mailboxes.get(nodeId)?.directoryId !== directoryId) {
      this.#heard.delete(nodeId)
      this.#mailboxes.set(nodeId, new Mailbox(this.#env, directoryId))
    }
    return true
  }

  #forgetAbandoned(): void {
    const { members } = this.#events.membership()
    for (const [id, mailbox] of this.#mailboxes) if (mailbox.isAbandoned) this.#mailboxes.delete(id)
    for (const id of this.#heard.keys())
      if (!members.some(member => member.id === id)) this.#heard.delete(id)
    for (const id of this.#greeted.keys())
      if (!this.#heard.has(id) && !this.#mailboxes.has(id)) this.#greeted.delete(id)
  }

  received(message: Message): void {
    if (!this.#isClosed) this.#events.received(message)
  }

  poll(nodeId: number): Promise<readonly Message[]> {
    const mailbox = this.#mailboxes.get(nodeId)
    if (mailbox !== undefined) return mailbox.take()
    // It has an address by now, or was away for long: it says hello again when it comes back.
    const fresh = new Mailbox(this.#env, '')
    this.#mailboxes.set(nodeId, fresh)
    return fresh.take()
  }

  close(): void {
    this.#isClosed = true
    for (const link of this.#links.values()) link.close()
    this.pollFrom([])
  }
}

function parseAddress(text: string): Address | null {
  const at = text.lastIndexOf(':')
  const port = Number(text.slice(at + 1))
  return at > 0 && Number.isInteger(port) ? { host: text.slice(0, at), port } : null
}
