// The few calls around a load: make a topic, find its leaders, delete it.

import type { Env } from '@weir/core'
import { createTopicsApi, deleteTopicsApi, errorName, metadataApi } from '@weir/protocol'
import { BenchError } from './bench-error.ts'
import { type Address, parseBootstrap, Rpc } from './rpc.ts'

export interface TopicShape {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

const CALL_TIMEOUT_MS = 30_000
const LEADER_TIMEOUT_MS = 30_000

export class Admin {
  readonly #env: Env
  readonly #rpc: Rpc

  static async connect(env: Env, bootstrap: string): Promise<Admin> {
    return new Admin(env, await Rpc.connect(env, parseBootstrap(bootstrap)))
  }

  constructor(env: Env, rpc: Rpc) {
    this.#env = env
    this.#rpc = rpc
  }

  async createTopic(shape: TopicShape): Promise<void> {
    const configs = Object.entries(shape.configs).map(([name, value]) => ({ name, value }))
    const { topics } = await this.#rpc.call(
      createTopicsApi,
      { version: 4 },
      {
        topics: [
          {
            name: shape.name,
            numPartitions: shape.partitions,
            replicationFactor: shape.replicationFactor,
            assignments: [],
            configs,
          },
        ],
        timeoutMs: CALL_TIMEOUT_MS,
      },
    )
    const [topic] = topics
    if (topic === undefined || topic.errorCode === 0) return
    const why = topic.errorMessage ?? errorName(topic.errorCode)
    throw new BenchError(`cannot create the topic ${shape.name}: ${why}`)
  }

  async deleteTopic(name: string): Promise<void> {
    const request = { topicNames: [name], timeoutMs: CALL_TIMEOUT_MS }
    const { responses } = await this.#rpc.call(deleteTopicsApi, { version: 3 }, request)
    const code = responses[0]?.errorCode ?? 0
    if (code !== 0) throw new BenchError(`cannot delete the topic ${name}: ${errorName(code)}`)
  }

  /** The leader of each partition, once all have one and all replicas are in sync. */
  async leaders(shape: TopicShape): Promise<Address[]> {
    const deadlineMs = this.#env.clock.monotonicMs() + LEADER_TIMEOUT_MS
    for (;;) {
      const found = await this.#leadersNow(shape)
      if (found !== null) return found
      if (this.#env.clock.monotonicMs() > deadlineMs) {
        throw new BenchError(`topic ${shape.name} has no leaders after ${LEADER_TIMEOUT_MS} ms`)
      }
      await this.#env.clock.sleep(50)
    }
  }

  close(): void {
    this.#rpc.close()
  }

  async #leadersNow(shape: TopicShape): Promise<Address[] | null> {
    const request = { topics: [{ name: shape.name }], allowAutoTopicCreation: false }
    const metadata = await this.#rpc.call(
      metadataApi,
      { version: 8 },
      {
        ...request,
        includeTopicAuthorizedOperations: false,
      },
    )
    const partitions = metadata.topics[0]?.partitions ?? []
    if (partitions.length < shape.partitions) return null
    const leaders: Address[] = []
    for (let index = 0; index < shape.partitions; index++) {
      const partition = partitions.find(each => each.partitionIndex === index)
      const leader = metadata.brokers.find(broker => broker.nodeId === partition?.leaderId)
      if (leader === undefined) return null
      if ((partition?.isrNodes.length ?? 0) < shape.replicationFactor) return null
      leaders.push({ host: leader.host, port: leader.port })
    }
    return leaders
  }
}
