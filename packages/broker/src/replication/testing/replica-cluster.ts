// For tests only: brokers in a simulation with real logs, partitions, fetchers and sockets, under a
// controller that a test moves by hand. No coordinators, no quorum.

import {
  MetadataDelta,
  MetadataImage,
  type MetadataRecord,
  type PartitionImage,
} from '@weir/controller'
import type { Env } from '@weir/core'
import { Simulation, type SimulationOptions } from '@weir/core/sim'
import { DEFAULT_LOG_CONFIG, LogManager } from '@weir/log'
import { BrokerSettings, loadSettings } from '@weir/settings'
import { FetchSessionCache } from '../../handlers/fetch-session-cache.ts'
import { NodeSettings } from '../../metadata/node-settings.ts'
import type { Partition } from '../../partition/partition.ts'
import type { PartitionConfig } from '../../partition/partition-config.ts'
import { ReplicaManager } from '../../partition/replica-manager.ts'
import { TurnBudget } from '../../partition/turn-budget.ts'
import { API_ROWS } from '../../server/api-table.ts'
import { BrokerServer } from '../../server/broker-server.ts'
import { Dispatcher } from '../../server/dispatch.ts'
import { RequestMemory } from '../../server/request-memory.ts'
import { ResponseMemory } from '../../server/response-memory.ts'
import type { Services } from '../../services.ts'
import { batchOf } from '../../testing/data-plane.ts'
import type { IsrChange, IsrChangeOutcome } from '../isr-channel.ts'
import { PauseGuard } from '../pause-guard.ts'
import { FakeController } from './fake-controller.ts'

const MEMORY_BYTES = 64 * 1024 * 1024
const MEGABYTE = 1024 * 1024
const SESSION_MS = 2_000

export interface ClusterOptions extends Partial<SimulationOptions> {
  readonly brokers?: number
  readonly minInsyncReplicas?: number
  readonly config?: Partial<Omit<PartitionConfig, 'log'>> & {
    readonly log?: Partial<PartitionConfig['log']>
  }
  /** KEY=VALUE. */
  readonly settings?: readonly string[]
}

export class ReplicaCluster {
  readonly sim: Simulation
  readonly controller: FakeController
  readonly nodes = new Map<number, ReplicaNode>()
  readonly options: ClusterOptions

  private constructor(options: ClusterOptions) {
    this.options = options
    this.sim = new Simulation({ seed: 1, ...options })
    this.controller = new FakeController(this.sim)
    this.controller.minInsyncReplicas = options.minInsyncReplicas ?? 1
  }

  static async start(options: ClusterOptions = {}): Promise<ReplicaCluster> {
    const cluster = new ReplicaCluster(options)
    for (let id = 1; id <= (options.brokers ?? 3); id++) {
      const node = new ReplicaNode(cluster, id)
      cluster.nodes.set(id, node)
      await node.start(true)
    }
    return cluster
  }

  node(id: number): ReplicaNode {
    const node = this.nodes.get(id)
    if (node === undefined) throw new Error(`no broker ${id}`)
    return node
  }

  async createTopic(
    name: string,
    topicId: string,
    replicas: number[][],
    changed: Partial<PartitionImage> = {},
  ): Promise<void> {
    this.controller.createTopic(name, topicId, replicas, changed)
    await this.sim.run({ forMs: 20 })
  }

  async run(forMs: number): Promise<void> {
    await this.sim.run({ forMs })
  }

  /** Runs until every replica of the partition has the leader's log and is in sync. */
  async converge(topic: string, index = 0, limitMs = 60_000): Promise<void> {
    await this.sim.run(() => this.hasConverged(topic, index), limitMs)
  }

  hasConverged(topic: string, index = 0): boolean {
    const image = this.controller.partition(topic, index)
    const leader = this.nodes.get(image.leader)?.find(topic, index)
    if (leader === undefined || !leader.isLeader) return false
    if (leader.highWatermark !== leader.log.logEndOffset) return false
    return image.replicas.every(id => {
      const partition = this.nodes.get(id)?.find(topic, index)
      return (
        partition !== undefined &&
        image.isr.includes(id) &&
        partition.log.logEndOffset === leader.log.logEndOffset &&
        partition.log.logStartOffset === leader.log.logStartOffset &&
        partition.highWatermark === leader.highWatermark
      )
    })
  }
}

class ReplicaNode {
  readonly id: number
  readonly #cluster: ReplicaCluster
  #life: Life | null = null

  constructor(cluster: ReplicaCluster, id: number) {
    this.#cluster = cluster
    this.id = id
  }

  get machine(): string {
    return `broker-${this.id}`
  }

  get isUp(): boolean {
    return this.#life !== null
  }

  get life(): Life {
    if (this.#life === null) throw new Error(`${this.machine} is down`)
    return this.#life
  }

  find(topic: string, index = 0): Partition | undefined {
    return this.#life?.replicaManager.getPartition(topic, index)
  }

  partition(topic: string, index = 0): Partition {
    const partition = this.find(topic, index)
    if (partition === undefined) throw new Error(`${this.machine} has no ${topic}-${index}`)
    return partition
  }

  async start(isClean: boolean): Promise<void> {
    const { sim, controller } = this.#cluster
    const life = await sim.complete(Life.open(this.#cluster, this.id, sim.env(this.machine)))
    this.#life = life
    life.brokerEpoch = controller.register(this.id, this.machine, isClean)
    controller.subscribe(this.id, life)
    life.replicaManager.removeStrays()
  }

  /** Stops with all flushed. */
  async stop(): Promise<void> {
    const { sim, controller } = this.#cluster
    controller.unsubscribe(this.id)
    const { life } = this
    this.#life = null
    await sim.complete(life.stop())
    sim.kill(this.machine)
  }

  /** kill -9, or a power failure. */
  down(how: 'kill' | 'crash'): void {
    const { sim, controller } = this.#cluster
    controller.unsubscribe(this.id)
    this.#life = null
    if (how === 'kill') sim.kill(this.machine)
    else sim.crash(this.machine)
  }

  /** Appends one batch as the leader; the acknowledgement comes later, if at all. */
  produce(topic: string, values: readonly string[], index = 0): Produced {
    const partition = this.find(topic, index)
    const produced: Produced = { offset: -1, values, error: undefined, deadlineMs: 0, onAck() {} }
    if (partition === undefined) return { ...produced, error: 'NOT_LEADER_OR_FOLLOWER' }
    const refusal = partition.checkLeader(-1) ?? partition.checkInsyncReplicas()
    if (refusal !== null) return { ...produced, error: refusal }
    const { clock } = this.life.env
    const outcome = partition.appendAsLeader(batchOf(values), 'client', clock.nowMs())
    if (outcome.kind === 'failed') return { ...produced, error: outcome.error }
    produced.offset = outcome.baseOffset
    produced.deadlineMs = clock.monotonicMs() + 10_000
    produced.onAck = (_, error) => {
      produced.error = error
    }
    partition.awaitCommitted(outcome.lastOffset + 1, produced, 0)
    this.life.replicaManager.watchAcks(partition)
    return produced
  }

  /** A log from before: batches of one record each, [epoch, how many] after another. */
  async giveLog(topic: string, topicId: string, epochs: readonly EpochRun[]): Promise<void> {
    const log = this.life.logManager.getOrCreate(topic, topicId, 0, DEFAULT_LOG_CONFIG)
    for (const [epoch, count] of epochs) {
      log.assignEpoch(epoch)
      for (let n = 0; n < count; n++) {
        const leaderEpoch = epoch
        const text = [`${epoch}/${log.logEndOffset}`]
        log.append(batchOf(text), { leaderEpoch, origin: 'coordinator', nowMs: 0 })
      }
    }
    await this.#cluster.sim.complete(log.flush())
  }

  /** Every batch of the log as hexadecimal text, the first offset first. */
  async batches(topic: string, index = 0): Promise<string> {
    const { log } = this.partition(topic, index)
    const parts: string[] = []
    let offset = log.logStartOffset
    while (offset < log.logEndOffset) {
      const limitOffset = log.logEndOffset
      const request = { fromOffset: offset, maxBytes: 1 << 20, limitOffset, minOneBatch: true }
      const outcome = await this.#cluster.sim.complete(Promise.resolve(log.read(request)))
      if (outcome.kind === 'failed') throw new Error(`${this.machine}: ${outcome.message}`)
      parts.push(...outcome.chunks.map(chunk => chunk.toString('hex')))
      outcome.release()
      if (outcome.endOffset <= offset) break
      offset = outcome.endOffset
    }
    return parts.join('')
  }
}

export type EpochRun = readonly [epoch: number, records: number]

export interface Produced {
  offset: number
  readonly values: readonly string[]
  /** undefined: not answered; null: acknowledged. */
  error: string | null | undefined
  deadlineMs: number
  onAck: (slot: number, error: string | null) => void
}

/** One process. */
class Life {
  readonly env: Env
  readonly image = new MetadataImage()
  readonly logManager: LogManager
  readonly replicaManager: ReplicaManager
  readonly guard: PauseGuard
  readonly services: Services
  brokerEpoch = -1
  /** What becomes of the next requests to the controller: a test sets it. */
  isrFault: ((changes: readonly IsrChange[]) => 'lost' | 'reply lost' | null) | null = null
  readonly #server: BrokerServer
  readonly #cluster: ReplicaCluster
  readonly #id: number

  static async open(cluster: ReplicaCluster, id: number, env: Env): Promise<Life> {
    const directories = ['/data']
    const manager = await LogManager.open(env, { directories, defaultConfig: DEFAULT_LOG_CONFIG })
    const life = new Life(cluster, id, env, manager)
    await life.#server.listen(`broker-${id}`, 9092)
    life.#server.open()
    return life
  }

  private constructor(cluster: ReplicaCluster, id: number, env: Env, manager: LogManager) {
    this.env = env
    this.#cluster = cluster
    this.#id = id
    this.logManager = manager
    const { settings: assignments = [] } = cluster.options
    const fixed =
      assignments.length === 0 ? new BrokerSettings() : loadSettings({ assignments }).settings
    const settings = new NodeSettings(id, fixed, this.image)
    this.guard = new PauseGuard(env, () => SESSION_MS)
    this.replicaManager = new ReplicaManager(env, manager, {
      nodeId: id,
      configOf: () => this.#config(),
      replication: {
        metadata: this.image,
        settings,
        brokerEpoch: () => this.brokerEpoch,
        isrChannel: { alterPartition: changes => this.#alterPartition(changes) },
        guard: this.guard,
      },
    })
    const services: Partial<Services> = {
      env,
      nodeId: id,
      apis: API_ROWS,
      settings,
      metadata: this.image,
      metadataOffset: () => 0,
      logManager: manager,
      replicaManager: this.replicaManager,
      fetchSessions: new FetchSessionCache(env, 100),
      responseMemory: new ResponseMemory(MEMORY_BYTES),
      answerTurns: new TurnBudget(this.env.clock, MEGABYTE),
      allBrokers: () => [],
    }
    this.services = services as Services
    this.#server = this.#createServer()
  }

  onRecords(records: readonly MetadataRecord[]): void {
    const delta = new MetadataDelta()
    for (const record of records) this.image.replay(record, delta)
    this.replicaManager.applyImage(this.image, delta)
  }

  /** A heartbeat was answered. */
  confirm(): void {
    this.guard.confirm(this.env.clock.monotonicMs())
  }

  async stop(): Promise<void> {
    await this.#server.stop(100)
    this.replicaManager.close()
    this.guard.close()
    await this.logManager.close(this.brokerEpoch)
  }

  #config(): PartitionConfig {
    const { config, minInsyncReplicas = 1 } = this.#cluster.options
    return {
      maxMessageBytes: 1_048_588,
      targetCodec: 'producer',
      targetLevel: null,
      timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
      timestampAfterMaxMs: 3_600_000,
      minInsyncReplicas,
      validationDepth: 'full',
      leaderThrottled: new Set(),
      followerThrottled: new Set(),
      ...config,
      log: { ...DEFAULT_LOG_CONFIG, ...config?.log },
    }
  }

  /** There and back take their time; what is lost on the way is as if nobody had answered. */
  async #alterPartition(changes: readonly IsrChange[]): Promise<readonly IsrChangeOutcome[]> {
    const { controller, sim } = this.#cluster
    const delay = () => this.env.clock.sleep(sim.random.fraction() * 3)
    const fault = this.isrFault?.(changes) ?? null
    await delay()
    if (fault === 'lost') throw new Error('the request is lost')
    const outcomes = changes.map(change => controller.alterPartition(this.#id, change))
    await delay()
    if (fault === 'reply lost') throw new Error('the reply is lost')
    return outcomes
  }

  #createServer(): BrokerServer {
    let nextConnectionId = 1
    const onFatal = (error: Error) => {
      throw error
    }
    return new BrokerServer({
      env: this.env,
      dispatcher: new Dispatcher({
        rows: API_ROWS,
        listenerKind: 'broker',
        services: this.services,
        onFatal,
      }),
      memory: new RequestMemory(MEMORY_BYTES),
      info: { name: 'PLAINTEXT', kind: 'broker' },
      limits: () => ({
        maxRequestBytes: 1 << 27,
        maxConnections: 1000,
        maxConnectionsFrom: () => 1000,
        maxIdleMs: 600_000,
      }),
      newConnectionId: () => nextConnectionId++,
      onConnectionClosed: id => this.services.fetchSessions.onConnectionClosed(id),
    })
  }
}
