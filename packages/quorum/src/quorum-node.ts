// One node of the quorum, put together: storage, driver, transport. A member replicates with the
// others; a node that is no member follows the log as an observer.

import type { Env, Timer } from '@weir/core'
import type { Member, RaftLimits } from '@weir/raft'
import type { QuorumStatus } from './quorum-status.ts'
import { RaftDriver } from './raft-driver.ts'
import type { StateMachine } from './state-machine.ts'
import { QuorumStorage } from './storage/quorum-storage.ts'
import { KnownDirectories, type Refusal } from './transport/identity.ts'
import { Transport } from './transport/transport.ts'
import { VoterChanges } from './voter-changes.ts'

export interface QuorumNodeOptions {
  readonly nodeId: number
  /** The identity of this disk, made once and kept by the caller. */
  readonly directoryId: string
  readonly directory: string
  /** `host:port` where `transport.accept()` is served; empty if nowhere. */
  readonly address: string
  /**
   * The first voters with their addresses. A node that is one of them starts as a voter on its
   * first start; others wait to be added, and observe meanwhile.
   */
  readonly voters: readonly Member[]
  readonly clusterId: () => string
  readonly tickMs?: number
  readonly limits?: Partial<RaftLimits>
  readonly snapshotBytes?: number
  readonly trailingEntries?: number
  /** Space kept for the quorum's log when the disk is full. */
  readonly reserveBytes?: number
  /** This node and another do not fit together, or another has its id; may come again. */
  readonly onRefused?: (refusal: Refusal) => void
  /** The connection to a node broke that worked; most likely its process is gone. */
  readonly onPeerReset?: (nodeId: number) => void
  readonly onPeerConnected?: (nodeId: number) => void
  /** The node has to end: its disk failed, or an invariant is broken. */
  readonly onFatal: (error: Error) => void
}

const KIB = 1024
const MIB = 1024 * KIB
const TICK_MS = 50
const SNAPSHOT_BYTES = 32 * MIB
const TRAILING_ENTRIES = 5000
const RESERVE_BYTES = 4 * MIB
const OBSERVE_EVERY_MS = 500
/** While no leader is known. */
const OBSERVE_EAGERLY_MS = 50
/** A leader is heard of every 100 ms. */
const SILENT_LEADER_MS = 1_000

/** With ticks of 50 ms: elections after 300-600 ms, heartbeats every 100 ms. */
export const DEFAULT_LIMITS: RaftLimits = {
  electionTicks: 6,
  heartbeatTicks: 2,
  maxAppendBytes: 1 * MIB,
  maxInflightMessages: 256,
  maxInflightBytes: 8 * MIB,
  maxUncommittedBytes: 64 * MIB,
  maxApplyBytes: 64 * KIB,
  maxObservers: 2000,
}

export class QuorumNode {
  readonly driver: RaftDriver
  readonly transport: Transport
  readonly voters: VoterChanges
  readonly #env: Env
  readonly #options: QuorumNodeOptions
  readonly #storage: QuorumStorage
  readonly #directories: KnownDirectories
  #observer: Timer | null = null
  #membershipSeen: unknown = null
  #isStopped = false

  private constructor(
    env: Env,
    options: QuorumNodeOptions,
    parts: {
      readonly driver: RaftDriver
      readonly transport: Transport
      readonly storage: QuorumStorage
      readonly directories: KnownDirectories
    },
  ) {
    this.#env = env
    this.#options = options
    this.driver = parts.driver
    this.transport = parts.transport
    this.#storage = parts.storage
    this.#directories = parts.directories
    this.voters = new VoterChanges(env, parts.driver, id => this.#directoryOf(id))
  }

  /** Rejects with an OperatorError if the directory cannot be used. */
  static async open(
    env: Env,
    options: QuorumNodeOptions,
    machine: StateMachine,
  ): Promise<QuorumNode> {
    const isVoter = options.voters.some(member => member.id === options.nodeId)
    const { storage, recovered } = await QuorumStorage.open(
      env,
      options.directory,
      isVoter ? options.voters : [],
      options.reserveBytes ?? RESERVE_BYTES,
    )
    const directories = await KnownDirectories.open(env, options.directory)
    let node: QuorumNode | null = null
    const driver: RaftDriver = new RaftDriver(
      env,
      {
        nodeId: options.nodeId,
        tickMs: options.tickMs ?? TICK_MS,
        limits: { ...DEFAULT_LIMITS, ...options.limits },
        snapshotBytes: options.snapshotBytes ?? SNAPSHOT_BYTES,
        trailingEntries: options.trailingEntries ?? TRAILING_ENTRIES,
      },
      {
        storage,
        recovered,
        machine,
        sink: { send: message => transport.send(message) },
        events: { onFatal: options.onFatal },
      },
    )
    const own = { ...options, processId: env.random.uuid() }
    const transport: Transport = new Transport(env, own, {
      directories,
      seeds: options.voters,
      events: {
        received: message => driver.step(message),
        connectionReset: nodeId => {
          driver.connectionReset(nodeId)
          node?.followSoon()
          options.onPeerReset?.(nodeId)
        },
        connected: nodeId => options.onPeerConnected?.(nodeId),
        replaced: nodeId => driver.forgetObserver(nodeId),
        membership: () => driver.membership,
        refused: refusal => options.onRefused?.(refusal),
      },
    })
    node = new QuorumNode(env, options, { driver, transport, storage, directories })
    return node
  }

  get nodeId(): number {
    return this.#options.nodeId
  }

  start(): void {
    this.driver.start()
    this.#follow()
  }

  /** The leader may be gone. */
  followSoon(): void {
    if (this.driver.leadership.leaderId === null) this.#follow()
  }

  /**
   * A node that is no member asks the leader for the log, or all voters until it knows one. So does a
   * member without a leader: it may have been removed while it was away, and who leads now sends nothing
   * to somebody who did not ask.
   */
  #follow(): void {
    if (this.#isStopped) return
    const { membership } = this.driver
    if (membership !== this.#membershipSeen) {
      this.#membershipSeen = membership
      this.transport.membershipChanged(this.driver.leadership.leaderId !== null)
    }
    const { nodeId, address } = this.#options
    const isMember = membership.members.some(member => member.id === nodeId)
    if (isMember) this.transport.meetVoters()
    else this.driver.forgetSilentLeader(SILENT_LEADER_MS)
    const targets = this.#targets()
    if (!isMember || this.driver.leadership.leaderId === null)
      for (const target of targets) this.driver.observe(target)
    if (address === '') this.transport.pollFrom(targets)
    const isEager = !isMember && this.driver.leadership.leaderId === null
    const delayMs = isEager ? OBSERVE_EAGERLY_MS : OBSERVE_EVERY_MS
    this.#observer?.cancel()
    this.#observer = this.#env.clock.after(delayMs, () => this.#follow())
  }

  #targets(): readonly number[] {
    const { leaderId } = this.driver.leadership
    if (leaderId !== null) return leaderId === this.#options.nodeId ? [] : [leaderId]
    // The membership in the log may be older than the list: the node was away while voters came and went.
    const listed = this.#options.voters.map(member => member.id)
    const ids = new Set([...this.driver.membership.voters, ...listed])
    ids.delete(this.#options.nodeId)
    return [...ids]
  }

  #directoryOf(id: number): string {
    if (id === this.#options.nodeId) return this.#options.directoryId
    const member = this.driver.membership.members.find(one => one.id === id)
    return (
      member?.directoryId || (this.#directories.get(id) ?? this.transport.directoryOf(id) ?? '')
    )
  }

  status(): QuorumStatus {
    return this.driver.status(id => this.#directoryOf(id))
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#observer?.cancel()
    this.transport.close()
    await this.driver.stop()
    await this.#directories.close()
    await this.#storage.close()
  }
}
