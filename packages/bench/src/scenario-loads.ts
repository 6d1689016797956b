// What sends and receives during a scenario: the connections of its kind, on one topic.

import type { Env } from '@weir/core'
import type { TopicShape } from './admin.ts'
import { BenchError } from './bench-error.ts'
import { eventText } from './event-text.ts'
import { FetchLoad } from './fetch-load.ts'
import { Meter } from './meter.ts'
import { ProduceLoad } from './produce-load.ts'
import { produceRequest } from './requests.ts'
import type { Address } from './rpc.ts'
import type { Scenario } from './scenarios.ts'

/** One connection, as a rule. */
export interface Load {
  start(): void | Promise<void>
  stop(): void | Promise<void>
  close(): void
}

const CONNECT_TIMEOUT_MS = 5_000
const DRAIN_TIMEOUT_MS = 30_000
const CONTENT_BYTES = 1 << 20
const FETCH_BYTES = 1 << 20

export class ScenarioLoads {
  readonly #env: Env
  readonly #scenario: Scenario
  readonly #topic: TopicShape
  readonly #leaders: readonly Address[]
  readonly #meter: Meter
  readonly #content: Buffer

  /** `leaders` has the address for each partition of the topic. */
  constructor(
    env: Env,
    scenario: Scenario,
    place: { readonly topic: TopicShape; readonly leaders: readonly Address[] },
    meter: Meter,
  ) {
    this.#env = env
    this.#scenario = scenario
    this.#topic = place.topic
    this.#leaders = place.leaders
    this.#meter = meter
    this.#content =
      scenario.codec === 'none' ? env.random.bytes(CONTENT_BYTES) : eventText(env, CONTENT_BYTES)
  }

  #connect(partition: number) {
    const address = this.#leaders[partition]
    if (address === undefined) throw new BenchError(`partition ${partition} has no leader`)
    return this.#env.net.connect({ ...address, timeoutMs: CONNECT_TIMEOUT_MS })
  }

  #request(partition: number, recordCount: number, recordBytes: number): Buffer {
    const { acks, codec } = this.#scenario
    const nowMs = this.#env.clock.nowMs()
    const topic = this.#topic.name
    const template = { topic, partition, acks, recordCount, recordBytes, nowMs, codec }
    return produceRequest(template, this.#content)
  }

  async produce(): Promise<Load[]> {
    const { connections, inFlight, recordCount, recordBytes, requestsPerSecond } = this.#scenario
    const loads: Load[] = []
    for (let i = 0; i < connections; i++) {
      const partition = i % this.#topic.partitions
      const socket = await this.#connect(partition)
      loads.push(
        new ProduceLoad(this.#env, socket, this.#meter, {
          requests: this.#partitionsOf(i).map(each =>
            this.#request(each, recordCount, recordBytes),
          ),
          payloadBytes: recordCount * recordBytes,
          maxInFlight: inFlight,
          requestsPerSecond: requestsPerSecond === null ? null : requestsPerSecond / connections,
        }),
      )
    }
    return loads
  }

  /** Of a connection: every n-th partition, as far as the broker it is connected to leads them. */
  #partitionsOf(connection: number): number[] {
    const first = connection % this.#topic.partitions
    const leader = this.#leaders[first]
    const partitions: number[] = []
    for (let i = first; i < this.#topic.partitions; i += this.#scenario.connections) {
      const other = this.#leaders[i]
      if (other?.host === leader?.host && other?.port === leader?.port) partitions.push(i)
    }
    return partitions
  }

  async fetch(): Promise<Load[]> {
    const loads: Load[] = []
    for (let i = 0; i < this.#scenario.connections; i++) {
      const partition = i % this.#topic.partitions
      const socket = await this.#connect(partition)
      loads.push(
        new FetchLoad(this.#env, socket, this.#meter, {
          topic: this.#topic.name,
          partition,
          maxBytes: FETCH_BYTES,
          maxWaitMs: 500,
          startOffset: 0,
          startsOver: true,
        }),
      )
    }
    return loads
  }

  /** Latency is from when a record was due to be sent until a consumer has it. */
  async tail(): Promise<Load[]> {
    const { recordCount, recordBytes, requestsPerSecond, inFlight } = this.#scenario
    const produced = new Meter()
    const dueByOffset: number[] = []
    const received: number[] = []
    const match = (offset: number) => {
      const dueMs = dueByOffset[offset]
      const receivedMs = received[offset]
      if (dueMs === undefined || receivedMs === undefined) return
      this.#meter.latency.record(receivedMs - dueMs)
      this.#meter.requests++
      this.#meter.bytes += recordBytes
    }
    const producer = new ProduceLoad(this.#env, await this.#connect(0), produced, {
      requests: [this.#request(0, recordCount, recordBytes)],
      payloadBytes: recordBytes,
      maxInFlight: inFlight,
      requestsPerSecond,
      // The record may be there before its acknowledgement, or after it.
      onAnswer: (offset, dueMs) => {
        dueByOffset[offset] = dueMs
        this.#meter.error ??= produced.error
        match(offset)
      },
    })
    const fetched = new Meter()
    const consumer = new FetchLoad(this.#env, await this.#connect(0), fetched, {
      topic: this.#topic.name,
      partition: 0,
      maxBytes: FETCH_BYTES,
      maxWaitMs: 500,
      startOffset: 0,
      startsOver: false,
      onBatch: (baseOffset, endOffset, nowMs) => {
        this.#meter.error ??= fetched.error
        for (let offset = baseOffset; offset < endOffset; offset++) {
          received[offset] = nowMs
          match(offset)
        }
      },
    })
    return [consumer, producer]
  }

  /** Fills the topic, for a fetch of what is there. */
  async fill(): Promise<void> {
    const { recordCount, recordBytes, loadedBytes } = this.#scenario
    const payloadBytes = recordCount * recordBytes
    const meter = new Meter()
    const loads: ProduceLoad[] = []
    for (let partition = 0; partition < this.#topic.partitions; partition++) {
      const requests = [this.#request(partition, recordCount, recordBytes)]
      const options = { requests, payloadBytes, maxInFlight: 3, requestsPerSecond: null }
      const socket = await this.#connect(partition)
      loads.push(new ProduceLoad(this.#env, socket, meter, options))
    }
    for (const load of loads) load.start()
    while (meter.bytes < loadedBytes * this.#topic.partitions && meter.error === null) {
      await this.#env.clock.sleep(20)
    }
    for (const load of loads) load.stop()
    await drain(this.#env, loads, meter)
    for (const load of loads) load.close()
    if (meter.error !== null) throw new BenchError(`filling the topic failed: ${meter.error}`)
  }
}

/** Lets what is in flight be answered, so that it does not burden the next scenario. */
export async function drain(env: Env, loads: readonly Load[], meter: Meter): Promise<void> {
  const endMs = env.clock.monotonicMs() + DRAIN_TIMEOUT_MS
  const isBusy = () => loads.some(load => load instanceof ProduceLoad && load.inFlight > 0)
  while (isBusy() && meter.error === null && env.clock.monotonicMs() < endMs) {
    await env.clock.sleep(5)
  }
}
