// How much bad clients cost a good one, and the broker's memory.
//
// The good one is a producer of 100-byte records, one request at a time; what counts is its 99th
// percentile beside each kind of bad peers, to that of the undisturbed rounds before and after.

import type { Env } from '@weir/core'
import { Admin } from '../admin.ts'
import { BenchError } from '../bench-error.ts'
import { FetchLoad } from '../fetch-load.ts'
import type { LatencySummary } from '../latency.ts'
import { Meter } from '../meter.ts'
import { readUsage } from '../process-usage.ts'
import { ProduceLoad } from '../produce-load.ts'
import { produceRequest } from '../requests.ts'
import { parseBootstrap } from '../rpc.ts'
import { WIDE_PARTITIONS } from './bad-peers.ts'

const CONNECT_TIMEOUT_MS = 5_000
const RANDOM_BYTES = 1 << 20
const WARMUP_MS = 1_000
const FETCH_BYTES = 1 << 20
/** 100 records of 1,000 bytes: as `produce-large`. */
const LARGE = { recordCount: 100, recordBytes: 1_000 }
const SMALL = { recordCount: 1, recordBytes: 100 }
const LOADED_REQUESTS = 200
const SETTLE_LIMIT_MS = 120_000
const SETTLE_STEP_MS = 1_000
/** Of CPU in such a step: what timers and the like need. */
const SETTLED_CPU_SECONDS = 0.03

export interface IsolationBroker {
  readonly bootstrap: string
  readonly pids: readonly number[]
}

export interface Disturbed {
  readonly latency: LatencySummary
  readonly requests: number
  /** Answered with an error that asked to try again. */
  readonly refusedCount: number
  readonly residentBytes: number
  readonly peakResidentBytes: number
}

export class IsolationRun {
  readonly topic: string
  readonly wideTopic: string
  readonly #env: Env
  readonly #broker: IsolationBroker
  readonly #admin: Admin
  readonly #random: Buffer

  private constructor(env: Env, broker: IsolationBroker, admin: Admin) {
    this.#env = env
    this.#broker = broker
    this.#admin = admin
    this.#random = env.random.bytes(RANDOM_BYTES)
    this.topic = `weir-isolation-${env.random.u32().toString(36)}`
    this.wideTopic = `${this.topic}-wide`
  }

  /** Makes the topic and fills it with some megabytes. */
  static async open(env: Env, broker: IsolationBroker): Promise<IsolationRun> {
    const admin = await Admin.connect(env, broker.bootstrap)
    const run = new IsolationRun(env, broker, admin)
    // The soak must not fill the disk.
    const configs = { 'retention.bytes': '1000000000', 'segment.bytes': '100000000' }
    await admin.createTopic({ name: run.topic, partitions: 1, replicationFactor: 1, configs })
    await run.#fill()
    return run
  }

  /** With the topic of `wide` peers while they are there: what they send is much. */
  async withWideTopic<T>(use: () => Promise<T>): Promise<T> {
    const [name, partitions] = [this.wideTopic, WIDE_PARTITIONS]
    await this.#admin.createTopic({ name, partitions, replicationFactor: 1, configs: {} })
    try {
      return await use()
    } finally {
      await this.#admin.deleteTopic(name)
    }
  }

  async close(): Promise<void> {
    await this.#admin.deleteTopic(this.topic)
    this.#admin.close()
  }

  get residentBytes(): number {
    return readUsage(this.#broker.pids).residentBytes
  }

  /** Waits until the broker has next to nothing to do. */
  async settle(): Promise<void> {
    const { clock } = this.#env
    const deadlineMs = clock.monotonicMs() + SETTLE_LIMIT_MS
    let before = readUsage(this.#broker.pids).cpuSeconds
    while (clock.monotonicMs() < deadlineMs) {
      await clock.sleep(SETTLE_STEP_MS)
      const now = readUsage(this.#broker.pids).cpuSeconds
      if (now - before < SETTLED_CPU_SECONDS) return
      before = now
    }
    throw new BenchError('the broker does not come to rest')
  }

  /** The good producer, for so long. */
  async measure(seconds: number): Promise<Disturbed> {
    const meter = new Meter({ isPatient: true })
    const load = await this.#producer(meter, { ...SMALL, maxInFlight: 1 })
    load.start()
    await this.#env.clock.sleep(WARMUP_MS)
    meter.reset()
    await this.#env.clock.sleep(seconds * 1_000)
    const { latency, requests } = meter.counts()
    load.stop()
    load.close()
    if (meter.error !== null) throw new BenchError(meter.error)
    const { refusedCount } = meter
    return { latency, requests, refusedCount, ...readUsage(this.#broker.pids) }
  }

  /** Produce and fetch at full speed; answers the resident memory at each sample. */
  async soak(seconds: number, sampleSeconds: number): Promise<number[]> {
    const meter = new Meter({ isPatient: true })
    const producers = [1, 2].map(() => this.#producer(meter, { ...LARGE, maxInFlight: 5 }))
    const loads = [...(await Promise.all(producers)), await this.#consumer(meter)]
    for (const load of loads) load.start()
    const samples: number[] = []
    for (let second = 0; second < seconds; second += sampleSeconds) {
      await this.#env.clock.sleep(sampleSeconds * 1_000)
      if (meter.error !== null) throw new BenchError(meter.error)
      samples.push(this.residentBytes)
    }
    for (const load of loads) {
      load.stop()
      load.close()
    }
    return samples
  }

  async #fill(): Promise<void> {
    const meter = new Meter()
    const load = await this.#producer(meter, { ...LARGE, maxInFlight: 5 })
    load.start()
    while (meter.requests < LOADED_REQUESTS && meter.error === null) await this.#env.clock.sleep(5)
    load.stop()
    while (load.inFlight > 0 && meter.error === null) await this.#env.clock.sleep(5)
    load.close()
    if (meter.error !== null) throw new BenchError(meter.error)
  }

  async #producer(
    meter: Meter,
    shape: {
      readonly recordCount: number
      readonly recordBytes: number
      readonly maxInFlight: number
    },
  ): Promise<ProduceLoad> {
    const { recordCount, recordBytes, maxInFlight } = shape
    const nowMs = this.#env.clock.nowMs()
    const template = { topic: this.topic, partition: 0, acks: -1, recordCount, recordBytes, nowMs }
    return new ProduceLoad(this.#env, await this.#connect(), meter, {
      requests: [produceRequest(template, this.#random)],
      payloadBytes: recordCount * recordBytes,
      maxInFlight,
      requestsPerSecond: null,
    })
  }

  /** At the end: what is older than the retention keeps is not waited for. */
  async #consumer(meter: Meter): Promise<FetchLoad> {
    return new FetchLoad(this.#env, await this.#connect(), meter, {
      topic: this.topic,
      partition: 0,
      maxBytes: FETCH_BYTES,
      maxWaitMs: 500,
      startOffset: LOADED_REQUESTS * LARGE.recordCount,
      startsOver: false,
    })
  }

  #connect() {
    const address = parseBootstrap(this.#broker.bootstrap)
    return this.#env.net.connect({ ...address, timeoutMs: CONNECT_TIMEOUT_MS })
  }
}
