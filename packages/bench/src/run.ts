// Runs scenarios against brokers: each round takes every scenario to every target in turn, so that
// what changes on the machine meets all of them alike; the median of the rounds is the result.

import { cpus } from 'node:os'
import type { Env } from '@weir/core'
import { Admin, type TopicShape } from './admin.ts'
import { BenchError } from './bench-error.ts'
import { eventText } from './event-text.ts'
import { FetchLoad } from './fetch-load.ts'
import { GroupsRun } from './groups/groups-run.ts'
import { timeRebalance } from './groups/rebalance-run.ts'
import { Meter } from './meter.ts'
import { readUsage } from './process-usage.ts'
import { ProduceLoad } from './produce-load.ts'
import { produceRequest } from './requests.ts'
import { medianOf, resultOf, resultOfTime, type ScenarioResult } from './results.ts'
import { type Address, parseBootstrap } from './rpc.ts'
import type { GroupsShape, Scenario } from './scenarios.ts'

export interface BenchTarget {
  readonly name: string
  /** HOST:PORT[,...] */
  readonly bootstrap: string
  /** Processes whose CPU time and memory count; none: they are not known. */
  readonly pids: readonly number[]
}

export interface BenchOptions {
  readonly targets: readonly BenchTarget[]
  readonly scenarios: readonly Scenario[]
  readonly rounds: number
  readonly seconds: number
  readonly warmupSeconds: number
  readonly partitions: number
  readonly replicationFactor: number
  /** Told what runs now. */
  readonly onProgress?: (text: string) => void
}

export interface BenchResult {
  readonly target: string
  readonly scenario: string
  readonly title: string
  readonly median: ScenarioResult
  readonly rounds: readonly ScenarioResult[]
}

export interface BenchReport {
  readonly startedAt: string
  readonly machine: { readonly cpu: string; readonly cores: number; readonly node: string }
  readonly rounds: number
  readonly seconds: number
  readonly partitions: number
  readonly replicationFactor: number
  readonly results: readonly BenchResult[]
}

const CONNECT_TIMEOUT_MS = 5_000
const DRAIN_TIMEOUT_MS = 30_000
const CONTENT_BYTES = 1 << 20
const FETCH_BYTES = 1 << 20

/** Throws BenchError when a broker refuses something or goes away. */
export async function runBench(env: Env, options: BenchOptions): Promise<BenchReport> {
  const startedAt = new Date(env.clock.nowMs()).toISOString()
  const rounds = new Map<string, ScenarioResult[]>()
  for (let round = 1; round <= options.rounds; round++) {
    for (const scenario of options.scenarios) {
      for (const target of options.targets) {
        options.onProgress?.(`round ${round}/${options.rounds}: ${scenario.name} on ${target.name}`)
        const result = await new Run(env, options, target, scenario).run()
        const key = `${scenario.name} ${target.name}`
        rounds.set(key, [...(rounds.get(key) ?? []), result])
      }
    }
  }
  const results: BenchResult[] = []
  for (const scenario of options.scenarios) {
    for (const target of options.targets) {
      const all = rounds.get(`${scenario.name} ${target.name}`) ?? []
      results.push(benchResult(target.name, scenario, all))
    }
  }
  const [cpu] = cpus()
  return {
    startedAt,
    machine: { cpu: cpu?.model ?? '', cores: cpus().length, node: process.version },
    rounds: options.rounds,
    seconds: options.seconds,
    partitions: options.partitions,
    replicationFactor: options.replicationFactor,
    results,
  }
}

/** The rounds of a scenario on a target, with their medians. */
export function benchResult(
  target: string,
  { name, title }: { readonly name: string; readonly title: string },
  rounds: readonly ScenarioResult[],
): BenchResult {
  return { target, scenario: name, title, median: medianOf(rounds), rounds }
}

interface Load {
  start(): void | Promise<void>
  stop(): void | Promise<void>
  close(): void
}

/** One scenario on one target, once, on a topic of its own. */
class Run {
  readonly #env: Env
  readonly #options: BenchOptions
  readonly #target: BenchTarget
  readonly #scenario: Scenario
  readonly #topic: TopicShape
  readonly #content: Buffer
  readonly #meter = new Meter()
  #leaders: Address[] = []

  constructor(env: Env, options: BenchOptions, target: BenchTarget, scenario: Scenario) {
    this.#env = env
    this.#options = options
    this.#target = target
    this.#scenario = scenario
    this.#content =
      scenario.codec === 'none' ? env.random.bytes(CONTENT_BYTES) : eventText(env, CONTENT_BYTES)
    this.#topic = {
      name: `weir-bench-${scenario.name}-${env.random.u32().toString(36)}`,
      partitions: partitionsOf(scenario, options),
      replicationFactor: options.replicationFactor,
      configs: scenario.topicConfigs,
    }
  }

  async run(): Promise<ScenarioResult> {
    const admin = await Admin.connect(this.#env, this.#target.bootstrap)
    try {
      await admin.createTopic(this.#topic)
      const result = await this.#measureAndForget(admin)
      await admin.deleteTopic(this.#topic.name)
      return result
    } finally {
      admin.close()
    }
  }

  /** When the measurement fails, why is what counts, not that the topic cannot be deleted either. */
  async #measureAndForget(admin: Admin): Promise<ScenarioResult> {
    try {
      this.#leaders = await admin.leaders(this.#topic)
      return await this.#measure()
    } catch (error) {
      await admin.deleteTopic(this.#topic.name).catch(() => undefined)
      throw error
    }
  }

  async #measure(): Promise<ScenarioResult> {
    if (this.#scenario.kind === 'rebalance') return await this.#measureRebalance()
    if (this.#scenario.kind === 'fetch') await this.#loadTopic()
    const loads = await this.#loads()
    try {
      for (const load of loads) await load.start()
      await this.#wait(this.#options.warmupSeconds * 1_000)
      this.#meter.reset()
      const before = readUsage(this.#target.pids)
      const startMs = this.#env.clock.monotonicMs()
      await this.#wait(this.#options.seconds * 1_000)
      const seconds = (this.#env.clock.monotonicMs() - startMs) / 1_000
      const counts = this.#meter.counts()
      return resultOf(counts, seconds, before, readUsage(this.#target.pids))
    } finally {
      for (const load of loads) await load.stop()
      await this.#drain(loads)
      for (const load of loads) load.close()
    }
  }

  async #measureRebalance(): Promise<ScenarioResult> {
    const { groups, rebalance } = this.#scenario
    if (groups === null || rebalance === null) throw new BenchError('a rebalance needs its group')
    const before = readUsage(this.#target.pids)
    const milliseconds = await timeRebalance(this.#env, rebalance, this.#groupsOptions(groups))
    return resultOfTime(milliseconds, before, readUsage(this.#target.pids))
  }

  #groupsOptions(shape: GroupsShape) {
    return { shape, bootstrap: parseBootstrap(this.#target.bootstrap), topic: this.#topic.name }
  }

  async #loads(): Promise<Load[]> {
    const { kind, groups } = this.#scenario
    if (kind === 'produce') return await this.#produceLoads()
    if (kind === 'fetch') return await this.#fetchLoads()
    if (kind === 'groups' && groups !== null) {
      return [new GroupsRun(this.#env, this.#meter, this.#groupsOptions(groups))]
    }
    return await this.#tailLoads()
  }

  /** Waits, but not on after a failure. */
  async #wait(milliseconds: number): Promise<void> {
    const endMs = this.#env.clock.monotonicMs() + milliseconds
    for (;;) {
      const leftMs = endMs - this.#env.clock.monotonicMs()
      if (leftMs <= 0) return
      await this.#env.clock.sleep(Math.min(leftMs, 100))
      if (this.#meter.error !== null) {
        throw new BenchError(`${this.#scenario.name} on ${this.#target.name}: ${this.#meter.error}`)
      }
    }
  }

  /** Lets what is in flight be answered, so that it does not burden the next scenario. */
  async #drain(loads: readonly Load[]): Promise<void> {
    const endMs = this.#env.clock.monotonicMs() + DRAIN_TIMEOUT_MS
    const isBusy = () => loads.some(load => load instanceof ProduceLoad && load.inFlight > 0)
    while (isBusy() && this.#meter.error === null && this.#env.clock.monotonicMs() < endMs) {
      await this.#env.clock.sleep(5)
    }
  }

  #connect(partition: number) {
    const address = this.#leaders[partition] ?? parseBootstrap(this.#target.bootstrap)
    return this.#env.net.connect({ ...address, timeoutMs: CONNECT_TIMEOUT_MS })
  }

  #request(partition: number, recordCount: number, recordBytes: number): Buffer {
    const { acks, codec } = this.#scenario
    const nowMs = this.#env.clock.nowMs()
    const topic = this.#topic.name
    const template = { topic, partition, acks, recordCount, recordBytes, nowMs, codec }
    return produceRequest(template, this.#content)
  }

  async #produceLoads(): Promise<Load[]> {
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

  async #fetchLoads(): Promise<Load[]> {
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
  async #tailLoads(): Promise<Load[]> {
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

  /** Fills the topic for the fetch scenario. */
  async #loadTopic(): Promise<void> {
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
    await this.#drain(loads)
    for (const load of loads) load.close()
    if (meter.error !== null) throw new BenchError(`filling the topic failed: ${meter.error}`)
  }
}

function partitionsOf({ kind, groups, partitions }: Scenario, options: BenchOptions): number {
  // A record that is followed from produce to consume is known by its offset.
  if (kind === 'tail') return 1
  return groups?.membersPerGroup ?? partitions ?? options.partitions
}
