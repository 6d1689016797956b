// For tests only: logs, partitions and record APIs of one node in a simulation, without sockets.
// Requests go to handlers as decoded values; answers are collected as values.

import { MetadataImage } from '@weir/controller'
import { type Env, randomUuid } from '@weir/core'
import { Simulation } from '@weir/core/sim'
import { DEFAULT_LOG_CONFIG, LogManager } from '@weir/log'
import {
  buildRecordBatch,
  encodeResponseFrame,
  type NewRecord,
  type RecordBatchOptions,
} from '@weir/protocol'
import { type BrokerSettings, loadSettings } from '@weir/settings'
import { handleFetch } from '../handlers/fetch.ts'
import { FetchSessionCache } from '../handlers/fetch-session-cache.ts'
import { handleProduce } from '../handlers/produce.ts'
import { NodeSettings } from '../metadata/node-settings.ts'
import type { Partition } from '../partition/partition.ts'
import type { PartitionConfig } from '../partition/partition-config.ts'
import { ProducerIds } from '../partition/producer-ids.ts'
import { ReplicaManager } from '../partition/replica-manager.ts'
import { TurnBudget } from '../partition/turn-budget.ts'
import { API_ROWS } from '../server/api-table.ts'
import {
  ANONYMOUS,
  DEFERRED,
  type HandlerResult,
  type RequestContext,
} from '../server/request-context.ts'
import { ResponseMemory } from '../server/response-memory.ts'
import type { Services } from '../services.ts'

export const NODE_ID = 1
const MACHINE = 'node'
const MEMORY_BYTES = 128 * 1024 * 1024
const MEGABYTE = 1024 * 1024

export type ConfigChange = Partial<Omit<PartitionConfig, 'log'>> & {
  readonly log?: Partial<PartitionConfig['log']>
}

export type Answer =
  | { readonly kind: 'response'; readonly response: unknown }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'closed'; readonly reason: string }

/** A request that was handed to a handler. */
export interface Asked {
  /** Null while it waits. */
  answer: Answer | null
  /** Virtual milliseconds at which the answer came. */
  answeredAtMs: number
  isOpen: boolean
}

type AnyHandler<Q, S> = (s: Services, c: RequestContext, q: Q) => HandlerResult<S>

export class DataPlane {
  readonly sim: Simulation
  env: Env
  /** As which requests come. */
  clientId = 'test'
  readonly image = new MetadataImage()
  readonly #configs = new Map<string, PartitionConfig>()
  #logManager: LogManager
  readonly #settings: BrokerSettings
  #services: Services
  #nextProducerId = 1000

  /** Settings as KEY=VALUE. */
  static async open(seed = 1, assignments: readonly string[] = []): Promise<DataPlane> {
    const sim = new Simulation({ seed })
    const env = sim.env(MACHINE)
    const manager = await sim.complete(openLogs(env))
    return new DataPlane(sim, env, manager, loadSettings({ assignments }).settings)
  }

  private constructor(sim: Simulation, env: Env, manager: LogManager, settings: BrokerSettings) {
    this.sim = sim
    this.env = env
    this.#logManager = manager
    this.#settings = settings
    this.#services = this.#build(env, manager)
  }

  get services(): Services {
    return this.#services
  }

  #build(env: Env, manager: LogManager): Services {
    const source = {
      allocateProducerIds: async () => {
        this.#nextProducerId += 10
        return { firstProducerId: this.#nextProducerId - 10, count: 10 }
      },
    }
    const replicaManager = new ReplicaManager(env, manager, {
      nodeId: NODE_ID,
      configOf: topic => this.#configs.get(topic) ?? config({}),
    })
    const services: Partial<Services> = {
      env,
      nodeId: NODE_ID,
      settings: new NodeSettings(NODE_ID, this.#settings, this.image),
      metadata: this.image,
      logManager: manager,
      replicaManager,
      fetchSessions: new FetchSessionCache(env, 4, 1000),
      responseMemory: new ResponseMemory(MEMORY_BYTES),
      answerTurns: new TurnBudget(env.clock, MEGABYTE),
      producerIds: new ProducerIds(env, source),
      allBrokers: () => [{ brokerId: 2, host: 'other', port: 9092, rack: null, isFenced: false }],
    }
    return services as Services
  }

  /** Stops without a word and starts again on what the disk has. */
  async restart(): Promise<void> {
    this.sim.kill(MACHINE)
    this.env = this.sim.env(MACHINE)
    this.#logManager = await this.sim.complete(openLogs(this.env))
    this.#services = this.#build(this.env, this.#logManager)
    this.#services.replicaManager.applyImage(this.image)
  }

  /** Partitions are led by this node unless `leader` says another (or who leads each); answers the topic id. */
  createTopic(
    name: string,
    count = 1,
    change: ConfigChange & { leader?: number | readonly number[] } = {},
  ): string {
    const topicId = randomUuid(this.env.random)
    this.#configs.set(name, config(change))
    this.image.replay({ kind: 'topic', name, topicId })
    for (let partitionIndex = 0; partitionIndex < count; partitionIndex++) {
      const { leader: asked } = change
      const leader = (typeof asked === 'object' ? asked[partitionIndex] : asked) ?? NODE_ID
      this.image.replay({
        kind: 'partition',
        topicId,
        partitionIndex,
        replicas: [leader],
        isr: [leader],
        addingReplicas: [],
        removingReplicas: [],
        elr: [],
        lastKnownElr: [],
        leader,
        leaderRecoveryState: 0,
        leaderEpoch: 3,
        partitionEpoch: 0,
      })
    }
    this.#services.replicaManager.applyImage(this.image)
    return topicId
  }

  /** Another broker, unfenced; its fetches count under this epoch. */
  registerBroker(brokerId: number, brokerEpoch: number, rack: string | null = null): void {
    this.image.replay({
      kind: 'registerBroker',
      brokerId,
      brokerEpoch,
      incarnationId: randomUuid(this.env.random),
      endpoints: [{ name: 'PLAINTEXT', host: `node-${brokerId}`, port: 9092, securityProtocol: 0 }],
      rack,
      directoryIds: [],
      fenced: false,
      inControlledShutdown: false,
      isSuspect: false,
    })
  }

  partition(topic: string, index = 0): Partition {
    const partition = this.#services.replicaManager.getPartition(topic, index)
    if (partition === undefined) throw new Error(`no partition ${topic}-${index}`)
    return partition
  }

  /** Hands a request to a handler; run the simulation until it is answered. */
  ask<Q, S>(handler: AnyHandler<Q, S>, version: number, request: Q, connectionId = 1): Asked {
    const asked: Asked = { answer: null, answeredAtMs: -1, isOpen: true }
    const definition = API_ROWS.find(row => row.handle === handler)?.definition
    const settle = (answer: Answer, onSent?: () => void) => {
      if (asked.answer !== null) throw new Error('answered twice')
      if (answer.kind === 'response' && definition !== undefined) {
        // Every answer has to fit the table of its version.
        encodeResponseFrame(definition, version, 1, answer.response as Record<string, unknown>)
      }
      asked.answer = answer
      asked.answeredAtMs = this.sim.nowMs
      onSent?.()
    }
    const context: RequestContext = {
      connection: {
        id: connectionId,
        remoteAddress: '10.0.0.1',
        remotePort: 5,
        localAddress: '10.0.0.2',
        localPort: 9092,
        clientSoftwareName: '',
        clientSoftwareVersion: '',
        get isOpen() {
          return asked.isOpen
        },
        setClientSoftware: () => undefined,
      },
      listener: { name: 'PLAINTEXT', kind: 'broker' },
      principal: ANONYMOUS,
      clientId: this.clientId,
      apiKey: 0,
      apiVersion: version,
      correlationId: 1,
      receivedMs: this.env.clock.monotonicMs(),
      respond: (response, onSent) => settle({ kind: 'response', response }, onSent),
      onNextRequest: () => undefined,
      respondNothing: () => settle({ kind: 'nothing' }),
      close: reason => settle({ kind: 'closed', reason }),
    }
    const result = handler(this.#services, context, request)
    if (result === DEFERRED) return asked
    Promise.resolve(result).then(
      response => settle({ kind: 'response', response }),
      error => settle({ kind: 'closed', reason: String(error) }),
    )
    return asked
  }

  /** The answer as a value; throws if the request was not answered with one. */
  async response<S>(asked: Asked): Promise<S> {
    await this.sim.run(() => asked.answer !== null)
    if (asked.answer?.kind !== 'response') throw new Error(`answered ${asked.answer?.kind}`)
    return asked.answer.response as S
  }

  askProduce(topic: string, records: Buffer | null, options: ProduceOptions = {}): Asked {
    const version = options.version ?? 9
    return this.ask(handleProduce, version, {
      transactionalId: options.transactionalId ?? null,
      acks: options.acks ?? -1,
      timeoutMs: options.timeoutMs ?? 1500,
      topicData: [
        {
          name: version >= 13 ? '' : topic,
          topicId: options.topicId ?? '',
          partitionData: [{ index: options.index ?? 0, records }],
        },
      ],
    })
  }

  async produce(
    topic: string,
    records: Buffer | null,
    options: ProduceOptions = {},
  ): Promise<ProducedPartition> {
    const asked = this.askProduce(topic, records, options)
    const response = await this.response<{
      responses: { partitionResponses: ProducedPartition[] }[]
    }>(asked)
    const partition = response.responses[0]?.partitionResponses[0]
    if (partition === undefined) throw new Error('no partition in the answer')
    return partition
  }

  askFetch(version: number, change: FetchChange): Asked {
    return this.ask(
      handleFetch,
      version,
      {
        clusterId: null,
        replicaId: -1,
        replicaState: { replicaId: -1, replicaEpoch: -1 },
        maxWaitMs: 500,
        minBytes: 1,
        maxBytes: 1_000_000,
        isolationLevel: 0,
        sessionId: 0,
        sessionEpoch: -1,
        forgottenTopicsData: [],
        rackId: '',
        ...change,
        topics: (change.topics ?? []).map(({ topic, topicId, partitions }) => ({
          topic: topic ?? '',
          topicId: topicId ?? '',
          partitions: partitions.map(partition => ({
            partition: 0,
            currentLeaderEpoch: -1,
            fetchOffset: 0,
            lastFetchedEpoch: -1,
            logStartOffset: -1,
            partitionMaxBytes: 1_000_000,
            replicaDirectoryId: '',
            highWatermark: -1,
            ...partition,
          })),
        })),
      },
      change.connectionId ?? 1,
    )
  }
}

export interface ProduceOptions {
  readonly version?: number
  readonly acks?: number
  readonly index?: number
  readonly timeoutMs?: number
  readonly topicId?: string
  readonly transactionalId?: string
}

export interface ProducedPartition {
  readonly index: number
  readonly errorCode: number
  readonly baseOffset: number
  readonly logAppendTimeMs: number
  readonly recordErrors?: { batchIndex: number }[]
  readonly errorMessage?: string | null
}

export interface FetchChange {
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly isolationLevel?: number
  readonly sessionId?: number
  readonly sessionEpoch?: number
  readonly connectionId?: number
  readonly replicaId?: number
  readonly replicaState?: { readonly replicaId: number; readonly replicaEpoch: number }
  readonly forgottenTopicsData?: { topic: string; topicId: string; partitions: number[] }[]
  readonly topics?: {
    readonly topic?: string
    readonly topicId?: string
    readonly partitions: {
      readonly partition?: number
      readonly fetchOffset?: number
      readonly currentLeaderEpoch?: number
      readonly lastFetchedEpoch?: number
      readonly partitionMaxBytes?: number
    }[]
  }[]
}

function openLogs(env: Env): Promise<LogManager> {
  return LogManager.open(env, { directories: ['/data'], defaultConfig: DEFAULT_LOG_CONFIG })
}

function config(change: ConfigChange): PartitionConfig {
  return {
    maxMessageBytes: 1_048_588,
    targetCodec: 'producer',
    targetLevel: null,
    timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
    timestampAfterMaxMs: 3_600_000,
    minInsyncReplicas: 1,
    validationDepth: 'full',
    leaderThrottled: new Set(),
    followerThrottled: new Set(),
    ...change,
    log: { ...DEFAULT_LOG_CONFIG, ...change.log },
  }
}

/** A batch of records with these values. */
export function batchOf(values: readonly string[], options: RecordBatchOptions = {}): Buffer {
  const records: NewRecord[] = values.map(value => ({ timestamp: -1, key: null, value }))
  return buildRecordBatch(records, options)
}
