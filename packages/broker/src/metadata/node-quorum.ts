// The quorum as one node takes part in it: opened on the directory of the metadata, with the voters of
// the settings; its private API is served on the controller listener.

import type { Env } from '@weir/core'
import {
  type Endpoint,
  type Leadership,
  QuorumNode,
  type QuorumStatus,
  type Refusal,
  type VoterChanges,
} from '@weir/quorum'
import type { Voter } from '@weir/settings'
import type { ClientConnection } from '../server/request-context.ts'
import type { QuorumController } from './quorum-controller.ts'
import { SharedQuestion } from './shared-question.ts'

export interface NodeQuorumOptions {
  readonly nodeId: number
  readonly directoryId: string
  readonly directory: string
  /** Where others reach this node's controller listener; null on a node without one. */
  readonly address: { readonly host: string; readonly port: number } | null
  /** Empty: this node alone. */
  readonly voters: readonly Voter[]
  readonly clusterId: () => string
  readonly electionTimeoutMs: number
  /** A snapshot is taken when the log has grown by this much. */
  readonly snapshotBytes: number
  readonly onRefused: (refusal: Refusal) => void
  /** The connection to a node broke that worked; most likely its process is gone. */
  readonly onPeerReset: (nodeId: number) => void
  readonly onPeerConnected: (nodeId: number) => void
  readonly onFatal: (error: Error) => void
}

/** Elections are counted in ticks of this length. */
const TICK_MS = 50
const MIN_ELECTION_TICKS = 3
/** A leader without a majority steps down by then. */
const PROOF_LIMIT_MS = 500
/** Clients that ask for metadata are answered while there is no leader, too. */
const NEWS_LIMIT_MS = 200

export class NodeQuorum {
  readonly #node: QuorumNode
  /** By the id of their connection. */
  readonly #endpoints = new Map<number, Endpoint>()
  readonly #proof: SharedQuestion<boolean>
  readonly #news: SharedQuestion<boolean>

  private constructor(node: QuorumNode) {
    this.#node = node
    const { driver } = node
    this.#proof = new SharedQuestion(async () => {
      return driver.leadership.isActive && (await driver.readBarrier(PROOF_LIMIT_MS)) !== null
    })
    this.#news = new SharedQuestion(async () => {
      return (await driver.readBarrier(NEWS_LIMIT_MS)) !== null
    })
  }

  /** Rejects with an OperatorError if the directory cannot be used. */
  static async open(
    env: Env,
    options: NodeQuorumOptions,
    controller: QuorumController,
  ): Promise<NodeQuorum> {
    const { nodeId, address } = options
    const own = address === null ? '' : `${address.host}:${address.port}`
    const voters = options.voters.map(({ nodeId: id, host, port }) => ({
      id,
      directoryId: '',
      address: `${host}:${port}`,
    }))
    const node = await QuorumNode.open(
      env,
      {
        nodeId,
        directoryId: options.directoryId,
        directory: options.directory,
        address: own,
        voters: voters.length > 0 ? voters : [{ id: nodeId, directoryId: '', address: own }],
        clusterId: options.clusterId,
        tickMs: TICK_MS,
        snapshotBytes: options.snapshotBytes,
        limits: {
          electionTicks: Math.max(
            MIN_ELECTION_TICKS,
            Math.round(options.electionTimeoutMs / TICK_MS),
          ),
        },
        onRefused: options.onRefused,
        onPeerReset: options.onPeerReset,
        onPeerConnected: options.onPeerConnected,
        onFatal: options.onFatal,
      },
      controller,
    )
    controller.attach(node.driver)
    return new NodeQuorum(node)
  }

  start(): void {
    this.#node.start()
  }

  get leadership(): Leadership {
    return this.#node.driver.leadership
  }

  /**
   * True if a majority takes this node for its leader, at some moment after the call (ReadIndex). A node that
   * stood still may have been deposed without knowing; what it says of brokers could be of the past (R16).
   */
  confirmLeadership(): Promise<boolean> {
    return this.#proof.ask()
  }

  /**
   * True once this node's metadata have all that was acknowledged anywhere before the call (ReadIndex of
   * a follower); false after 200 ms, and if nobody leads.
   */
  catchUp(): Promise<boolean> {
    return this.#news.ask()
  }

  status(): QuorumStatus {
    return this.#node.status()
  }

  get voters(): VoterChanges {
    return this.#node.voters
  }

  /** Where a node serves the controller listener; null if that is not known. */
  addressOf(nodeId: number): { readonly host: string; readonly port: number } | null {
    return this.#node.transport.addressOf(nodeId)
  }

  /**
   * Says hello to those of a list whom the membership does not know there. Resolves with why this node cannot belong
   * to them, which is for sure when one is of another cluster; null if nothing speaks against it.
   */
  async checkList(listed: readonly Voter[]): Promise<string | null> {
    const { members } = this.status().membership
    const strangers = listed
      .map(({ nodeId, host, port }) => ({ id: nodeId, address: `${host}:${port}` }))
      .filter(({ id, address }) => !members.some(one => one.id === id && one.address === address))
      .filter(({ id }) => id !== this.#node.nodeId)
    if (members.length === 0) return null
    const refusals = await Promise.all(strangers.map(one => this.#node.transport.tryHello(one)))
    return refusals.find(refusal => refusal?.kind === 'other-cluster')?.reason ?? null
  }

  /** The served side of the private API: one for each connection. */
  endpointOf(connection: ClientConnection): Endpoint {
    const known = this.#endpoints.get(connection.id)
    if (known !== undefined) return known
    const endpoint = this.#node.transport.accept()
    if (connection.isOpen) this.#endpoints.set(connection.id, endpoint)
    else endpoint.closed()
    return endpoint
  }

  connectionClosed(connectionId: number): void {
    this.#endpoints.get(connectionId)?.closed()
    this.#endpoints.delete(connectionId)
  }

  /** Hands the leadership to a voter that is up to date; false if there is none. */
  resign(): boolean {
    const { leaderId } = this.leadership
    const { replicas, highWatermark, membership } = this.status()
    const next = replicas
      .filter(({ nodeId }) => nodeId !== leaderId && membership.voters.includes(nodeId))
      .sort((a, b) => b.logEndOffset - a.logEndOffset)[0]
    if (next === undefined || next.logEndOffset < highWatermark) return false
    return this.#node.driver.transferLeadership(next.nodeId)
  }

  async stop(): Promise<void> {
    await this.#node.stop()
  }
}
