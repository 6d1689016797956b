// One scenario on one target, once, on a topic of its own: warm up, measure, clean up.

import type { Env } from '@weir/core'
import { Admin, type TopicShape } from './admin.ts'
import { BenchError } from './bench-error.ts'
import { GroupsRun } from './groups/groups-run.ts'
import { timeRebalance } from './groups/rebalance-run.ts'
import { Meter } from './meter.ts'
import { readUsage } from './process-usage.ts'
import { resultOf, resultOfTime, type ScenarioResult } from './results.ts'
import { parseBootstrap } from './rpc.ts'
import { drain, type Load, ScenarioLoads } from './scenario-loads.ts'
import type { GroupsShape, Scenario } from './scenarios.ts'

export interface BenchTarget {
  readonly name: string
  /** HOST:PORT[,...] */
  readonly bootstrap: string
  /** Processes whose CPU time and memory count; none: they are not known. */
  readonly pids: readonly number[]
}

export interface RunOptions {
  readonly seconds: number
  readonly warmupSeconds: number
  readonly partitions: number
  readonly replicationFactor: number
}

export class ScenarioRun {
  readonly #env: Env
  readonly #options: RunOptions
  readonly #target: BenchTarget
  readonly #scenario: Scenario
  readonly #topic: TopicShape
  readonly #meter = new Meter()

  constructor(env: Env, options: RunOptions, target: BenchTarget, scenario: Scenario) {
    this.#env = env
    this.#options = options
    this.#target = target
    this.#scenario = scenario
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
      const place = { topic: this.#topic, leaders: await admin.leaders(this.#topic) }
      const loads = new ScenarioLoads(this.#env, this.#scenario, place, this.#meter)
      return await this.#measure(loads)
    } catch (error) {
      await admin.deleteTopic(this.#topic.name).catch(() => undefined)
      throw error
    }
  }

  async #measure(source: ScenarioLoads): Promise<ScenarioResult> {
    if (this.#scenario.kind === 'rebalance') return await this.#measureRebalance()
    if (this.#scenario.kind === 'fetch') await source.fill()
    const loads = await this.#loads(source)
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
      await drain(this.#env, loads, this.#meter)
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

  async #loads(source: ScenarioLoads): Promise<Load[]> {
    const { kind, groups } = this.#scenario
    if (kind === 'produce') return await source.produce()
    if (kind === 'fetch') return await source.fetch()
    if (kind === 'groups' && groups !== null) {
      return [new GroupsRun(this.#env, this.#meter, this.#groupsOptions(groups))]
    }
    return await source.tail()
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
}

function partitionsOf({ kind, groups, partitions }: Scenario, options: RunOptions): number {
  // A record that is followed from produce to consume is known by its offset.
  if (kind === 'tail') return 1
  return groups?.membersPerGroup ?? partitions ?? options.partitions
}
