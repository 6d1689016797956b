// A cluster as a client sees it: addresses to start from, brokers, who leads which partition, and one
// connection per broker and lane, opened when it is first needed.
//
// Invariant: #brokers and #topics come from the latest metadata answer that had them; they are hints,
// and whoever gets NOT_LEADER_OR_FOLLOWER and the like asks for a refresh.
import type { Env } from '@weir/core'
import {
  type ApiDefinition,
  type Decoded,
  errorName,
  type Fields,
  type Init,
  KafkaError,
  type Message,
  metadataApi,
} from '@weir/protocol'
import { type Address, formatAddress } from './address.ts'
import { Backoff } from './backoff.ts'
import { Connection, type RequestOptions } from './connection.ts'
import { ClientError, isPassing } from './errors.ts'

export interface ClusterOptions {
  readonly bootstrap: readonly Address[]
  readonly clientId?: string
  readonly connectTimeoutMs?: number
  readonly requestTimeoutMs?: number
  /** How long an operation is tried again after errors that may pass. */
  readonly retryTimeoutMs?: number
}

export interface BrokerInfo {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface PartitionInfo {
  readonly partitionIndex: number
  /** -1 if there is none. */
  readonly leaderId: number
  /** -1 if not known. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
}

export interface TopicInfo {
  readonly name: string
  /** The zero uuid from brokers without topic ids. */
  readonly topicId: string
  readonly isInternal: boolean
  /** In the order of their indexes. */
  readonly partitions: readonly PartitionInfo[]
}

export type MetadataAnswer = Decoded<typeof metadataApi.response>

type Body<Q extends Fields> = Init<Message<Q>> | ((version: number) => Init<Message<Q>>)

/**
 * Brokers answer in the order of the questions: what may wait long (fetches) has a connection of its
 * own, so that commits and heartbeats do not wait behind it.
 */
export type Lane = 'main' | 'fetch'

/** Any broker, the controller, or the broker with this id. */
export type Target = 'any' | 'controller' | number

export class Cluster {
  readonly env: Env
  readonly #options: Required<ClusterOptions>
  readonly #connections = new Map<string, Promise<Connection>>()
  readonly #brokers = new Map<number, BrokerInfo>()
  readonly #topics = new Map<string, TopicInfo>()
  /** When an address last could not be connected to: those are tried after the others. */
  readonly #failedAtMs = new Map<string, number>()
  /** Questions under way, so that many records of a new topic ask once. */
  readonly #pendingTopics = new Map<string, Promise<TopicInfo>>()
  #controllerId = -1
  #clusterId: string | null = null
  #isClosed = false

  constructor(env: Env, options: ClusterOptions) {
    this.env = env
    this.#options = {
      clientId: 'weir',
      connectTimeoutMs: 5_000,
      requestTimeoutMs: 30_000,
      retryTimeoutMs: 10_000,
      ...options,
    }
  }

  get bootstrap(): readonly Address[] {
    return this.#options.bootstrap
  }

  get brokers(): ReadonlyMap<number, BrokerInfo> {
    return this.#brokers
  }

  get clusterId(): string | null {
    return this.#clusterId
  }

  /** -1 until metadata was read, or if there is none. */
  get controllerId(): number {
    return this.#controllerId
  }

  get retryTimeoutMs(): number {
    return this.#options.retryTimeoutMs
  }

  get requestTimeoutMs(): number {
    return this.#options.requestTimeoutMs
  }

  /** What the last metadata said about the topic; undefined if it was never asked for. */
  cachedTopic(name: string): TopicInfo | undefined {
    return this.#topics.get(name)
  }

  close(): void {
    this.#isClosed = true
    for (const opening of this.#connections.values()) {
      opening.then(
        connection => connection.close(),
        () => {}, // It failed to open, and whoever asked for it knows.
      )
    }
    this.#connections.clear()
  }

  /** The connection to that broker, opened if need be. Throws ClientError. */
  async connectionTo(target: Target, lane: Lane = 'main'): Promise<Connection> {
    if (target === 'any') return await this.#anyConnection()
    const isUnknown = target === 'controller' && this.#controllerId === -1
    if (this.#brokers.size === 0 || isUnknown) await this.refreshMetadata([])
    const nodeId = target === 'controller' ? this.#controllerId : target
    let broker = this.#brokers.get(nodeId)
    if (broker === undefined && target !== 'controller') {
      await this.refreshMetadata([])
      broker = this.#brokers.get(nodeId)
    }
    if (broker === undefined && target === 'controller') return await this.#anyConnection()
    if (broker !== undefined) {
      try {
        return await this.connectTo(broker, lane)
      } catch (error) {
        // Others may know of a new controller by the next attempt.
        if (target === 'controller') this.#controllerId = -1
        throw error
      }
    }
    throw new ClientError('unknown', `broker ${nodeId} is not in the cluster`)
  }

  /**
   * As `connectionTo`, for a broker that metadata named as a leader or coordinator: that it has left
   * since is an error that passes. Throws ClientError, KafkaError.
   */
  async connectionToLeader(nodeId: number, lane: Lane = 'main'): Promise<Connection> {
    try {
      return await this.connectionTo(nodeId, lane)
    } catch (error) {
      if (!(error instanceof ClientError) || error.kind !== 'unknown') throw error
      throw new KafkaError('LEADER_NOT_AVAILABLE', error.message)
    }
  }

  /** One attempt: no retries. Throws ClientError; error codes in the answer are the caller's. */
  async request<Q extends Fields, S extends Fields>(
    target: Target,
    api: ApiDefinition<Q, S>,
    body: Body<Q>,
    options?: RequestOptions,
  ): Promise<Decoded<Message<S>>> {
    const connection = await this.connectionTo(target)
    return await connection.request(api, body, options)
  }

  /** Reads the metadata of these topics (null: all) without retries; brokers and controller always. */
  async refreshMetadata(
    topics: readonly string[] | null,
    options: { allowAutoTopicCreation?: boolean } = {},
  ): Promise<MetadataAnswer> {
    const answer = await this.request('any', metadataApi, version => ({
      // Version 0 has no way to say "none"; it is never negotiated with brokers of this decade.
      topics: topics === null ? (version === 0 ? [] : null) : topics.map(name => ({ name })),
      allowAutoTopicCreation: options.allowAutoTopicCreation ?? false,
    }))
    this.#adopt(answer)
    return answer
  }

  /**
   * The topic with its partitions and their leaders, from the cache or asked for. Throws KafkaError
   * UNKNOWN_TOPIC_OR_PARTITION and others that a broker answers for a topic.
   */
  async topic(
    name: string,
    options: { allowAutoTopicCreation?: boolean } = {},
  ): Promise<TopicInfo> {
    const cached = this.#topics.get(name)
    if (cached !== undefined) return cached
    const pending = this.#pendingTopics.get(name)
    if (pending !== undefined) return await pending
    const asking = this.#askForTopic(name, options).finally(() => this.#pendingTopics.delete(name))
    this.#pendingTopics.set(name, asking)
    return await asking
  }

  /** Forgets what is known about the topic, so that the next `topic` asks. */
  forgetTopic(name: string): void {
    this.#topics.delete(name)
  }

  /**
   * Runs `attempt` again, with back-off, on errors that may pass: retriable codes, lost connections
   * and timeouts. The first connection's failure is final: a user wants to hear it at once.
   */
  async retry<R>(attempt: () => Promise<R>, timeoutMs = this.retryTimeoutMs): Promise<R> {
    const { clock } = this.env
    const deadlineMs = clock.monotonicMs() + timeoutMs
    const backoff = new Backoff(this.env)
    for (;;) {
      try {
        return await attempt()
      } catch (error) {
        if (error instanceof FinalError) throw error.original
        if (!isPassing(error) || this.#isClosed || clock.monotonicMs() >= deadlineMs) throw error
        if (error instanceof ClientError && error.kind === 'connect' && this.#brokers.size === 0) {
          throw error
        }
      }
      await backoff.wait()
    }
  }

  async #askForTopic(
    name: string,
    options: { allowAutoTopicCreation?: boolean },
  ): Promise<TopicInfo> {
    return await this.retry(async () => {
      const answer = await this.refreshMetadata([name], options)
      const found = answer.topics[0]
      if (found === undefined || found.errorCode !== 0) {
        const error = found === undefined ? 'UNKNOWN_SERVER_ERROR' : errorName(found.errorCode)
        // Unknown is final here, unless it is being created by this very question.
        if (error === 'UNKNOWN_TOPIC_OR_PARTITION' && options.allowAutoTopicCreation !== true) {
          throw new FinalError(new KafkaError(error, `topic '${name}' does not exist`))
        }
        throw new KafkaError(error, `topic '${name}': ${error}`)
      }
      const topic = this.#topics.get(name)
      if (topic === undefined) throw new KafkaError('UNKNOWN_SERVER_ERROR', `no topic '${name}'`)
      return topic
    })
  }

  async #anyConnection(): Promise<Connection> {
    for (const [key, opening] of this.#connections) {
      if (!key.startsWith('main ')) continue
      const connection = await opening.catch(() => null)
      if (connection?.isOpen === true) return connection
    }
    const failures: unknown[] = []
    const addresses = [...this.#options.bootstrap, ...this.#brokers.values()]
    const failedAtMs = (address: Address): number =>
      this.#failedAtMs.get(formatAddress(address)) ?? Number.NEGATIVE_INFINITY
    // A node that is silent, rather than gone, costs a whole timeout each time that it is asked.
    for (const address of addresses.sort((a, b) => failedAtMs(a) - failedAtMs(b) || 0)) {
      try {
        return await this.connectTo(address)
      } catch (error) {
        if (!(error instanceof ClientError)) throw error
        failures.push(error)
      }
    }
    if (failures[0] !== undefined) throw failures[0]
    throw new ClientError('connect', 'there is no address to connect to')
  }

  /** The connection to this address, opened if need be. Throws ClientError. */
  async connectTo(address: Address, lane: Lane = 'main'): Promise<Connection> {
    if (this.#isClosed) throw new ClientError('ended', 'the client was closed')
    const key = `${lane} ${formatAddress(address)}`
    const existing = this.#connections.get(key)
    if (existing !== undefined) {
      const connection = await existing
      if (connection.isOpen) return connection
      if (this.#connections.get(key) === existing) this.#connections.delete(key)
      return await this.connectTo(address, lane)
    }
    const opening = Connection.open(this.env, address, this.#options)
    this.#connections.set(key, opening)
    try {
      const connection = await opening
      if (this.#isClosed) connection.close()
      this.#failedAtMs.delete(formatAddress(address))
      return connection
    } catch (error) {
      this.#failedAtMs.set(formatAddress(address), this.env.clock.monotonicMs())
      if (this.#connections.get(key) === opening) this.#connections.delete(key)
      throw error
    }
  }

  #adopt(answer: MetadataAnswer): void {
    this.#brokers.clear()
    for (const broker of answer.brokers) this.#brokers.set(broker.nodeId, broker)
    this.#controllerId = answer.controllerId
    this.#clusterId = answer.clusterId
    for (const topic of answer.topics) {
      if (topic.name === null) continue
      if (topic.errorCode !== 0) {
        this.#topics.delete(topic.name)
        continue
      }
      this.#topics.set(topic.name, topicInfo(topic.name, topic))
    }
  }
}

/** Wraps what `retry` must not try again, though its code is retriable in general. */
class FinalError extends Error {
  readonly original: Error

  constructor(original: Error) {
    super(original.message)
    this.original = original
  }
}

function topicInfo(name: string, topic: MetadataAnswer['topics'][number]): TopicInfo {
  const partitions = topic.partitions.map(partition => ({
    partitionIndex: partition.partitionIndex,
    leaderId: partition.leaderId,
    leaderEpoch: partition.leaderEpoch,
    replicas: partition.replicaNodes,
    isr: partition.isrNodes,
    offlineReplicas: partition.offlineReplicas,
  }))
  partitions.sort((a, b) => a.partitionIndex - b.partitionIndex)
  return { name, topicId: topic.topicId, isInternal: topic.isInternal, partitions }
}
