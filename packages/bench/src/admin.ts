// The few calls around a load: make a topic, find its leaders, delete it.

import type { Env, Socket } from '@weir/core'
import {
  type ApiDefinition,
  createTopicsApi,
  type Decoded,
  decodeMessage,
  decodeResponseHeader,
  deleteTopicsApi,
  encodeRequestFrame,
  errorName,
  type Fields,
  type InitFields,
  type Message,
  metadataApi,
} from '@weir/protocol'
import { ByteStream } from './byte-stream.ts'
import { CLIENT_ID } from './requests.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

/** A failed benchmark: one sentence. */
export class BenchError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BenchError'
  }
}

export interface TopicShape {
  readonly name: string
  readonly partitions: number
  readonly replicationFactor: number
  readonly configs: Readonly<Record<string, string>>
}

const CONNECT_TIMEOUT_MS = 5_000
const CALL_TIMEOUT_MS = 30_000
const LEADER_TIMEOUT_MS = 30_000

/** HOST:PORT, the first of several separated by commas. */
export function parseBootstrap(text: string): Address {
  const match = /^\[?([^\]]+?)\]?:(\d+)$/.exec(text.split(',')[0]?.trim() ?? '')
  if (match === null) throw new BenchError(`'${text}' is not HOST:PORT`)
  return { host: match[1] ?? '', port: Number(match[2]) }
}

export class Admin {
  readonly #env: Env
  readonly #socket: Socket
  readonly #stream = new ByteStream()
  #frameBytes = -1
  #isClosed = false
  #waiting: { resolve(frame: Buffer): void; reject(error: Error): void } | null = null

  static async connect(env: Env, bootstrap: string): Promise<Admin> {
    const address = parseBootstrap(bootstrap)
    const socket = await env.net.connect({ ...address, timeoutMs: CONNECT_TIMEOUT_MS })
    return new Admin(env, socket)
  }

  constructor(env: Env, socket: Socket) {
    this.#env = env
    this.#socket = socket
    socket.start({
      onData: chunk => this.#onData(chunk),
      onEnd: () => socket.destroy(),
      onDrain: () => undefined,
      onClose: () => {
        this.#isClosed = true
        this.#waiting?.reject(new BenchError('the broker closed the connection'))
      },
    })
  }

  async createTopic(shape: TopicShape): Promise<void> {
    const configs = Object.entries(shape.configs).map(([name, value]) => ({ name, value }))
    const { topics } = await this.#call(createTopicsApi, 4, {
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
    })
    const [topic] = topics
    if (topic === undefined || topic.errorCode === 0) return
    const why = topic.errorMessage ?? errorName(topic.errorCode)
    throw new BenchError(`cannot create the topic ${shape.name}: ${why}`)
  }

  async deleteTopic(name: string): Promise<void> {
    const request = { topicNames: [name], timeoutMs: CALL_TIMEOUT_MS }
    const { responses } = await this.#call(deleteTopicsApi, 3, request)
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
    this.#socket.destroy()
  }

  async #leadersNow(shape: TopicShape): Promise<Address[] | null> {
    const request = { topics: [{ name: shape.name }], allowAutoTopicCreation: false }
    const metadata = await this.#call(metadataApi, 8, {
      ...request,
      includeTopicAuthorizedOperations: false,
    })
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

  async #call<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    version: number,
    body: InitFields<Q>,
  ): Promise<Decoded<Message<S>>> {
    if (this.#isClosed) throw new BenchError('the broker closed the connection')
    const options = { version, correlationId: 1, clientId: CLIENT_ID }
    const answer = new Promise<Buffer>((resolve, reject) => {
      this.#waiting = { resolve, reject }
    })
    const timer = this.#env.clock.after(CALL_TIMEOUT_MS + 5_000, () => {
      this.#waiting?.reject(new BenchError(`no answer to ${api.name}`))
    })
    this.#socket.write(encodeRequestFrame(api, options, body))
    try {
      const frame = await answer
      const { bodyStart } = decodeResponseHeader(api.key, version, frame)
      return decodeMessage(api.response, version, frame, bodyStart)
    } finally {
      timer.cancel()
      this.#waiting = null
    }
  }

  #onData(chunk: Buffer): void {
    this.#stream.push(chunk)
    if (this.#frameBytes < 0) this.#frameBytes = this.#stream.read(4)?.readInt32BE() ?? -1
    if (this.#frameBytes < 0) return
    const frame = this.#stream.read(this.#frameBytes)
    if (frame === null) return
    this.#frameBytes = -1
    this.#waiting?.resolve(Buffer.from(frame))
  }
}
