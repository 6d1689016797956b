// A broker for tests: it speaks the protocol, and what it answers is the test's business.
import type { Env, Socket } from '@weir/core'
import { Simulation } from '@weir/core/sim'
import {
  type ApiDefinition,
  apiByKey,
  apiVersionsApi,
  type Decoded,
  decodeMessage,
  decodeRequestHeader,
  encodeResponseFrame,
  type Fields,
  type Init,
  type Message,
  metadataApi,
} from '@weir/protocol'
import { Cluster, type ClusterOptions } from '../cluster.ts'
import { FrameSplitter } from '../frame-splitter.ts'

/** Answers nothing to this request. */
export const SILENCE = Symbol('silence')
/** Closes the connection instead of answering. */
export const HANG_UP = Symbol('hang up')

/** An answer that comes after some time, as that of a long poll. */
export class Later<T = unknown> {
  readonly delayMs: number
  readonly value: T

  constructor(delayMs: number, value: T) {
    this.delayMs = delayMs
    this.value = value
  }
}

type Special = typeof SILENCE | typeof HANG_UP
type Answer<S extends Fields> = Init<Message<S>> | Later<Init<Message<S>>> | Special
type Handler = (body: never, version: number) => unknown

export interface SeenRequest {
  readonly api: string
  readonly version: number
  readonly body: unknown
}

export class FakeBroker {
  readonly requests: SeenRequest[] = []
  readonly #env: Env
  readonly #handlers = new Map<number, Handler>()
  readonly #sockets = new Set<Socket>()
  /** Highest versions that it admits to have, by key; the table's own otherwise. */
  readonly #maxVersions = new Map<number, number>()
  readonly nodeId: number
  readonly host: string
  readonly port = 9092

  private constructor(env: Env, nodeId: number, host: string) {
    this.#env = env
    this.nodeId = nodeId
    this.host = host
  }

  static async start(sim: Simulation, nodeId: number): Promise<FakeBroker> {
    const host = `broker${nodeId}`
    const broker = new FakeBroker(sim.env(host), nodeId, host)
    const listening = broker.#env.net.listen({ host, port: broker.port }, socket => {
      broker.#serve(socket)
    })
    await sim.complete(listening)
    return broker
  }

  on<Q extends Fields, S extends Fields>(
    api: ApiDefinition<Q, S>,
    handler: (body: Decoded<Message<Q>>, version: number) => Answer<S>,
  ): this {
    this.#handlers.set(api.key, handler as unknown as Handler)
    return this
  }

  limit(api: { readonly key: number }, maxVersion: number): this {
    this.#maxVersions.set(api.key, maxVersion)
    return this
  }

  countOf(api: { readonly name: string }): number {
    return this.requests.filter(request => request.api === api.name).length
  }

  hangUp(): void {
    for (const socket of this.#sockets) socket.destroy()
  }

  /** What is sent to it stays with the sender. */
  stopReading(): void {
    for (const socket of this.#sockets) socket.pause()
  }

  #serve(socket: Socket): void {
    const splitter = new FrameSplitter()
    this.#sockets.add(socket)
    socket.start({
      onData: chunk => void splitter.push(chunk, frame => this.#onFrame(socket, frame)),
      onEnd: () => socket.end(),
      onDrain() {},
      onClose: () => this.#sockets.delete(socket),
    })
  }

  #onFrame(socket: Socket, frame: Buffer): void {
    const header = decodeRequestHeader(frame)
    const { requestApiKey: key, requestApiVersion: version, correlationId } = header
    const api = apiByKey(key)
    if (api === undefined) throw new Error(`no API ${key}`)
    if (key === apiVersionsApi.key && version > (this.#maxVersions.get(key) ?? version)) {
      const row = { apiKey: key, minVersion: 0, maxVersion: this.#maxVersions.get(key) ?? 0 }
      const refusal = { errorCode: 35, apiKeys: [row] }
      socket.write(encodeResponseFrame(apiVersionsApi, 0, correlationId, refusal))
      return
    }
    const body = decodeMessage(api.request, version, frame, header.bodyStart)
    this.requests.push({ api: api.name, version, body })
    const handler = this.#handlers.get(key)
    const answer =
      handler === undefined && key === apiVersionsApi.key
        ? this.#versions()
        : handler?.(body as never, version)
    if (answer === SILENCE) return
    if (answer === HANG_UP || answer === undefined) {
      socket.destroy()
      return
    }
    const send = (value: unknown): void => {
      socket.write(encodeResponseFrame(api, version, correlationId, value as never))
    }
    if (answer instanceof Later) this.#env.clock.after(answer.delayMs, () => send(answer.value))
    else send(answer)
  }

  #versions(): Init<typeof apiVersionsApi.response> {
    const keys = [apiVersionsApi.key, ...this.#handlers.keys()]
    const apiKeys = keys.map(apiKey => {
      const api = apiByKey(apiKey)
      const maxVersion = this.#maxVersions.get(apiKey) ?? api?.maxVersion ?? 0
      return { apiKey, minVersion: api?.minVersion ?? 0, maxVersion }
    })
    return { errorCode: 0, apiKeys, throttleTimeMs: 0 }
  }
}

export interface FakeTopic {
  readonly name: string
  /** Leader of each partition. */
  readonly leaders: readonly number[]
  readonly errorCode?: number
}

/** Makes all brokers answer metadata; `topics` is read at each question. */
export function serveMetadata(
  brokers: readonly FakeBroker[],
  topics: () => readonly FakeTopic[],
): void {
  for (const broker of brokers) {
    broker.on(metadataApi, body => ({
      throttleTimeMs: 0,
      brokers: brokers.map(({ nodeId, host, port }) => ({ nodeId, host, port, rack: null })),
      clusterId: 'test',
      controllerId: brokers[0]?.nodeId ?? -1,
      topics: (body.topics ?? topics().map(({ name }) => ({ name }))).map(({ name }) => {
        const topic = topics().find(candidate => candidate.name === name)
        return {
          errorCode: topic === undefined ? 3 : (topic.errorCode ?? 0),
          name,
          topicId: 'AAAAAAAAAAAAAAAAAAAAAQ',
          isInternal: false,
          partitions: (topic?.leaders ?? []).map((leaderId, partitionIndex) => ({
            errorCode: 0,
            partitionIndex,
            leaderId,
            leaderEpoch: 1,
            replicaNodes: [leaderId],
            isrNodes: [leaderId],
            offlineReplicas: [],
          })),
        }
      }),
    }))
  }
}

/** A simulated network with brokers 1 to `count`, and a client of theirs. */
export async function fakeCluster(
  count: number,
  options: Partial<ClusterOptions> = {},
): Promise<{ sim: Simulation; brokers: FakeBroker[]; cluster: Cluster }> {
  const sim = new Simulation({ seed: 'client' })
  const brokers: FakeBroker[] = []
  for (let nodeId = 1; nodeId <= count; nodeId++) brokers.push(await FakeBroker.start(sim, nodeId))
  const cluster = new Cluster(sim.env('client'), {
    bootstrap: [{ host: 'broker1', port: 9092 }],
    ...options,
  })
  return { sim, brokers, cluster }
}

/** A pattern for an error in `t.throws` and `t.rejects`. */
export function like(fields: Readonly<Record<string, string>>): Error {
  return fields as unknown as Error
}
