// The part of a node that every role has: the quorum and the metadata that it keeps, the controller
// while this node is the active one, the controller listener, and the way to the active controller.
//
// Whoever the leader is, the calls of this node go through `sessions` (registration and heartbeats) and
// `requests` (the others); requests of clients through `forwarder`.

import { type Address, parseAddresses } from '@weir/client'
import type { ControllerOptions, MetadataDelta, MetadataRecord } from '@weir/controller'
import { assert, type Env, OperatorError } from '@weir/core'
import type { Leadership, Refusal } from '@weir/quorum'
import {
  type BrokerSettings,
  type NodeListeners,
  nodeListeners,
  quorumVoters,
  settingRules,
  type Voter,
} from '@weir/settings'
import { BrokerConnections } from './metadata/broker-connections.ts'
import { ControllerChannel } from './metadata/controller-channel.ts'
import { ControllerDeadlines } from './metadata/controller-deadlines.ts'
import { findVoters } from './metadata/find-voters.ts'
import { MetadataPublisher } from './metadata/metadata-publisher.ts'
import type { NodeIdentity } from './metadata/node-identity.ts'
import { NodeQuorum } from './metadata/node-quorum.ts'
import { NodeSettings } from './metadata/node-settings.ts'
import { QuorumController } from './metadata/quorum-controller.ts'
import { RefusedRegistrations } from './metadata/refused-registrations.ts'
import { RequestForwarder } from './metadata/request-forwarder.ts'
import { VoterAddress } from './metadata/voter-address.ts'
import { voterListWarnings } from './metadata/voter-list.ts'
import { advertisedAddress, type BoundListener, listen } from './node-listeners.ts'
import { API_ROWS } from './server/api-table.ts'
import type { BrokerServer } from './server/broker-server.ts'
import { Dispatcher } from './server/dispatch.ts'
import { LocalCalls } from './server/local-call.ts'
import { NodeServers } from './server/node-servers.ts'
import { RequestMemory } from './server/request-memory.ts'
import type { ControlServices } from './services.ts'

export interface ControlPlaneOptions {
  /** As at the start. */
  readonly settings: BrokerSettings
  /** What other machines call this one. */
  readonly hostName: string
  readonly identity: NodeIdentity
  /** Where the metadata is kept. */
  readonly directory: string
  readonly onFatal: (error: Error) => void
  /** The start is to be given up. */
  readonly cancelled: () => boolean
}

/** Requests between nodes never wait for the memory of clients' requests. */
const REQUEST_MEMORY_BYTES = 64 * 1024 * 1024
const BOOTSTRAP_RETRY_MS = 1_000
const RESIGN_LIMIT_MS = 500
const POLL_MS = 10
/** A node in whose place another lives for so long ends; one that starts does so before. */
const RIVAL_LIMIT_MS = 10_000

export class ControlPlane {
  readonly controller: QuorumController
  /** Those in force. */
  readonly settings: NodeSettings
  readonly listeners: NodeListeners
  readonly servers: NodeServers
  readonly publisher: MetadataPublisher
  readonly services: ControlServices
  readonly sessions: ControllerChannel
  readonly requests: ControllerChannel
  readonly forwarder: RequestForwarder
  readonly #env: Env
  readonly #options: ControlPlaneOptions
  readonly #forwards: ControllerChannel
  readonly #deadlines: ControllerDeadlines
  readonly #onLeadership: (() => void)[] = []
  #server: BrokerServer | null = null
  #bound: BoundListener | null = null
  #quorum: NodeQuorum | null = null
  #voterAddress: VoterAddress | null = null
  /** Nodes of the quorum whose connection broke and is not there again. */
  readonly #lostPeers = new Set<number>()
  #listMisfit: Promise<string | null> = Promise.resolve(null)
  #activatedTerm = -1
  #refusal: string | null = null
  /** Since when this node has been refused for another with its id, without a leader. */
  #rivalSinceMs: number | null = null

  constructor(env: Env, options: ControlPlaneOptions) {
    this.#env = env
    this.#options = options
    const { nodeId } = options.identity
    this.listeners = nodeListeners(options.settings)
    this.controller = new QuorumController(env, {
      controller: this.#controllerOptions(),
      onChange: delta => this.#onChange(delta),
      onLeadership: leadership => this.#onLeader(leadership),
    })
    this.settings = new NodeSettings(nodeId, options.settings, this.controller.image)
    this.publisher = new MetadataPublisher(this.controller.image, this.settings)
    this.servers = new NodeServers(env, this.settings)
    this.#deadlines = new ControllerDeadlines(env, this.controller)
    this.services = this.#createServices()
    this.sessions = this.#channel()
    this.requests = this.#channel()
    this.#forwards = this.#channel()
    this.forwarder = new RequestForwarder(env, this.controller, this.#forwards)
  }

  get quorum(): NodeQuorum {
    assert(this.#quorum !== null, 'the quorum is not open yet')
    return this.#quorum
  }

  /** The controller listener; null on a node without it, and before `bind`. */
  get bound(): BoundListener | null {
    return this.#bound
  }

  /** Why other nodes refuse this one, or it them, as long as it has no leader. */
  get refusal(): string | null {
    return this.#refusal
  }

  /** Hears of each change of the leadership from now on. */
  onLeadership(listener: () => void): void {
    this.#onLeadership.push(listener)
  }

  /** Takes the address of the controller listener, if this node has one. */
  async bind(): Promise<void> {
    const address = this.listeners.controller
    if (address === null) return
    const { services } = this
    const dispatcher = new Dispatcher({
      rows: API_ROWS,
      listenerKind: 'controller',
      services,
      onFatal: this.#options.onFatal,
    })
    this.#server = this.servers.create({
      info: { name: address.name, kind: 'controller' },
      dispatcher,
      memory: new RequestMemory(REQUEST_MEMORY_BYTES),
      onConnectionClosed: id => {
        services.brokerConnections.closed(id)
        this.#quorum?.connectionClosed(id)
      },
    })
    this.#bound = await listen(this.#server, address, '--controller-listen')
  }

  /** Opens what this node knows of the quorum, and takes part in it. May wait for other controllers. */
  async open(): Promise<void> {
    const { identity, directory, hostName, onFatal, settings } = this.#options
    const address =
      this.#bound === null ? null : advertisedAddress(this.#bound, this.listeners, hostName)
    const listed = quorumVoters(settings)
    const voters = await this.#voters(listed)
    this.#checkVoters(voters.map(voter => voter.nodeId))
    // Not as the cluster knows it: this node may have moved.
    const own = listed.find(voter => voter.nodeId === identity.nodeId) ?? address
    this.#quorum = await NodeQuorum.open(
      this.#env,
      {
        nodeId: identity.nodeId,
        directoryId: identity.metadataDirectoryId,
        directory,
        address: own,
        voters,
        clusterId: () => identity.clusterId,
        electionTimeoutMs: settings.get('controller.quorum.election.timeout.ms'),
        snapshotBytes: settings.get('metadata.log.max.record.bytes.between.snapshots'),
        onRefused: refusal => this.#onRefused(refusal),
        onPeerReset: peerId => {
          this.#lostPeers.add(peerId)
          this.#onBrokerReset(peerId)
        },
        onPeerConnected: peerId => this.#lostPeers.delete(peerId),
        onFatal,
      },
      this.controller,
    )
    this.#checkOwnCluster(voters.map(voter => voter.nodeId))
    const warnings = voterListWarnings({
      nodeId: identity.nodeId,
      listed,
      voterIds: this.#quorum.status().membership.voters,
      boundPort: this.#bound?.port ?? null,
    })
    for (const { message, fields } of warnings) this.#env.log.warn(message, fields)
    this.#voterAddress = new VoterAddress(
      this.#env,
      {
        nodeId: identity.nodeId,
        directoryId: identity.metadataDirectoryId,
        address: own,
        listenerName: this.#bound?.name ?? '',
      },
      this.#quorum,
      this.requests,
    )
    this.#server?.open()
    this.#quorum.start()
    this.#listMisfit = this.#quorum.checkList(voters)
  }

  /** Why the list of voters cannot be this node's, once those of it who are not of the quorum were asked; or null. */
  get listMisfit(): Promise<string | null> {
    return this.#listMisfit
  }

  /** Those of the list, or those of the cluster that the bootstrap servers belong to; none: alone. */
  async #voters(listed: readonly Voter[]): Promise<readonly Voter[]> {
    const { settings, cancelled } = this.#options
    const servers = settings.get('controller.quorum.bootstrap.servers')
    if (listed.length > 0 || servers.length === 0) return listed
    const addresses = parseAddresses(servers.join())
    if (addresses === null) {
      throw new OperatorError(
        `controller.quorum.bootstrap.servers has '${servers.join()}', which is not HOST:PORT,...`,
      )
    }
    const others = addresses.filter(server => !this.#isOwn(server))
    if (others.length === 0) return listed
    for (;;) {
      const found = await findVoters(this.#env, others)
      if (found !== null) return found
      this.#env.log.warn('no controller of controller.quorum.bootstrap.servers answers', {
        servers: servers.join(),
      })
      await this.#env.clock.sleep(BOOTSTRAP_RETRY_MS)
      if (cancelled()) throw new OperatorError('the start was given up')
    }
  }

  #isOwn({ host, port }: Address): boolean {
    const { controller } = this.listeners
    return controller !== null && controller.host === host && controller.port === port
  }

  #checkVoters(ids: readonly number[]): void {
    const { nodeId } = this.#options.identity
    const isController = this.listeners.controller !== null
    if (!isController && ids.length === 0) {
      throw new OperatorError(
        'process.roles is broker alone, and controller.quorum.voters names no controllers: give ' +
          '--voters ID@HOST:PORT,... or let this node be a controller, too',
      )
    }
    if (!isController && ids.includes(nodeId)) {
      throw new OperatorError(
        `controller.quorum.voters names this node (${nodeId}), but process.roles has no controller`,
      )
    }
  }

  /** Those whom this node asks for a leader, as `1@host:port,...`. */
  get votersAsked(): string {
    const { voters } = this.quorum.status().membership
    const ids =
      voters.length > 0 ? voters : quorumVoters(this.#options.settings).map(each => each.nodeId)
    return ids
      .map(id => {
        const address = this.quorum.addressOf(id)
        return address === null ? String(id) : `${id}@${address.host}:${address.port}`
      })
      .join()
  }

  /** This node is the only voter: nothing is decided without it. Not as long as it does not know. */
  get decidesAlone(): boolean {
    const voters = this.#quorum?.status().membership.voters ?? []
    return voters.length === 1 && voters[0] === this.#options.identity.nodeId
  }

  /** The log says who votes; with the list of a cluster it would go on alone, beside that cluster. */
  #checkOwnCluster(ids: readonly number[]): void {
    const { nodeId, clusterId } = this.#options.identity
    if (!this.decidesAlone || clusterId === '' || ids.every(id => id === nodeId)) return
    throw new OperatorError(
      `this node's data belongs to cluster ${clusterId}, whose only voter it is, but --voters names ` +
        `${ids.join(', ')}: join those with an empty --data-dir, or start without --voters and add ` +
        "the others with 'weir quorum add'",
    )
  }

  /** The sole voter or not: hands its office over, so that nobody waits for an election. */
  async resign(): Promise<void> {
    if (!this.controller.isActive || !this.quorum.resign()) return
    const { clock } = this.#env
    const deadlineMs = clock.monotonicMs() + RESIGN_LIMIT_MS
    while (this.controller.isActive && clock.monotonicMs() < deadlineMs) await clock.sleep(POLL_MS)
  }

  async stop(graceMs: number): Promise<void> {
    this.#deadlines.close()
    this.#voterAddress?.close()
    for (const channel of [this.sessions, this.requests, this.#forwards]) channel.close()
    await this.#server?.stop(graceMs)
    await this.#quorum?.stop()
    await this.#options.identity.close()
  }

  #controllerOptions(): ControllerOptions {
    const { random } = this.#env
    return {
      nodeId: this.#options.identity.nodeId,
      newUuid: () => random.uuid(),
      randomBelow: limit => random.below(limit),
      topicDefaults: () => ({
        partitionCount: this.settings.get('num.partitions'),
        replicationFactor: this.settings.get('default.replication.factor'),
      }),
      configRules: settingRules(() => this.settings.current),
      sessionTimeoutMs: () => this.settings.get('broker.session.timeout.ms'),
      leaderRebalance: () => ({
        enabled: this.settings.get('auto.leader.rebalance.enable'),
        intervalMs: this.settings.get('leader.imbalance.check.interval.seconds') * 1000,
      }),
    }
  }

  #createServices(): ControlServices {
    const { controller, settings } = this
    const { identity } = this.#options
    return {
      env: this.#env,
      nodeId: identity.nodeId,
      apis: API_ROWS,
      settings,
      metadata: controller.image,
      metadataOffset: () => controller.appliedIndex + 1,
      controller,
      quorum: () => this.quorum,
      servers: this.servers,
      brokerConnections: new BrokerConnections(brokerId => this.#onBrokerReset(brokerId)),
      refusedRegistrations: new RefusedRegistrations(),
      get clusterId() {
        return controller.image.clusterId ?? identity.clusterId
      },
    }
  }

  #channel(): ControllerChannel {
    return new ControllerChannel(this.#env, {
      nodeId: this.#options.identity.nodeId,
      isActive: () => this.controller.isActive,
      leaderId: () => this.controller.leadership.leaderId,
      addressOf: nodeId => this.quorum.addressOf(nodeId),
      local: new LocalCalls(API_ROWS, () => this.services),
    })
  }

  #onChange(delta: MetadataDelta): void {
    const { clusterId } = this.controller.image
    try {
      if (clusterId !== null) this.#options.identity.learnCluster(clusterId)
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      this.#options.onFatal(error)
      return
    }
    this.publisher.publish(delta)
    this.#deadlines.arm()
  }

  #onLeader(leadership: Leadership): void {
    if (leadership.leaderId !== null) {
      this.#refusal = null
      this.#rivalSinceMs = null
    }
    if (leadership.isActive && leadership.term !== this.#activatedTerm) {
      this.#activatedTerm = leadership.term
      this.#activate()
    }
    this.#deadlines.arm()
    // The first change comes while the node is being built.
    if (this.#quorum === null) return
    for (const channel of [this.sessions, this.requests, this.#forwards]) {
      channel.leadershipChanged()
    }
    this.#voterAddress?.check()
    for (const listener of this.#onLeadership) listener()
  }

  /** The first decision of a leader; of the first leader of all, the cluster's id. */
  #activate(): void {
    const clusterId = this.#options.identity.clusterId || this.#env.random.uuid()
    const nowMs = this.#env.clock.monotonicMs()
    const decision = this.controller.submit(active => {
      const isNew = active.image.clusterId === null
      const first: MetadataRecord[] = isNew ? [{ kind: 'clusterId', clusterId }] : []
      const { records } = active.activate(nowMs)
      // The former leader, as a rule: its broker is not waited for as long as the others.
      for (const peerId of this.#lostPeers) active.brokers.connectionReset(peerId, nowMs)
      return { records: [...first, ...records], response: undefined }
    })
    const { nodeId } = this.#options.identity
    decision.then(
      () => this.#env.log.info('this node is the active controller', { nodeId }),
      error => this.#env.log.warn('the office of the controller was lost at once', { error }),
    )
  }

  #onBrokerReset(brokerId: number): void {
    this.controller.active?.brokers.connectionReset(brokerId, this.#env.clock.monotonicMs())
    this.#deadlines.arm()
  }

  /** With a leader this node is in its place, whatever others say. */
  #onRefused({ kind, reason }: Refusal): void {
    if (this.controller.leadership.leaderId !== null) return
    this.#refusal = reason
    if (kind !== 'rival') return
    const nowMs = this.#env.clock.monotonicMs()
    this.#rivalSinceMs ??= nowMs
    if (nowMs - this.#rivalSinceMs < RIVAL_LIMIT_MS) return
    this.#options.onFatal(new OperatorError(reason))
  }
}
