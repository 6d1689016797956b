// One seed of the whole cluster: real nodes and clients on simulated machines, faults for a while, then
// everything is mended and has to be well within 30 simulated seconds (P12).

import { errorMessage } from '@weir/core'
import { Scrubbing } from './bit-flips.ts'
import { type ClusterShape, type ClusterSimOptions, clusterOptionsOf } from './cluster-options.ts'
import { ClusterWorkload, clientNames } from './cluster-workload.ts'
import { ClusterWorld } from './cluster-world.ts'
import { Faults } from './faults.ts'
import { Operator } from './operator.ts'
import { QuorumChecker } from './quorum-checker.ts'
import { compareReplicas } from './replica-comparison.ts'
import { StepChecker } from './step-checker.ts'

export interface ClusterSeedResult {
  readonly seed: number
  readonly options: ClusterSimOptions
  /** Null if everything held. */
  readonly violation: string | null
  readonly trace: string
  readonly events: number
  readonly simulatedMs: number
  readonly acked: number
  readonly read: number
  readonly commits: number
  readonly restarts: number
  /** The last lines of the diary. */
  readonly diary: readonly string[]
}

export interface ClusterSeedQuestion {
  readonly shape?: ClusterShape
  /** Only these, instead of the seed's choice. */
  readonly faults?: readonly string[]
  /** Lines of the diary that are wanted. */
  readonly diaryLines?: number
  /** Hears of promises that were rejected and nobody caught, until what it answers is called. */
  readonly watchRejections?: (onRejection: (reason: unknown) => void) => () => void
}

const START_LIMIT_MS = 30_000
const HEALING_MS = 30_000
const CHECK_MS = 20
const DIARY_LINES = 60

export async function runClusterSeed(
  seed: number,
  asked: ClusterSeedQuestion = {},
): Promise<ClusterSeedResult> {
  const options = clusterOptionsOf(seed, asked)
  const run = new ClusterRun(options)
  // What nobody caught would end a real process.
  const unwatch = asked.watchRejections?.(reason =>
    run.world.fail(`nobody caught: ${errorMessage(reason)}`),
  )
  let violation: string | null = null
  try {
    await run.play()
  } catch (error) {
    violation = `${errorMessage(error)} (at ${run.world.nowMs.toFixed(1)} ms)`
    if (error instanceof Error && error.stack !== undefined) run.world.note(error.stack)
  } finally {
    unwatch?.()
  }
  const { world, workload } = run
  return {
    seed,
    options,
    violation: world.violations[0] ?? violation,
    trace: world.sim.traceHash,
    events: world.sim.eventCount,
    simulatedMs: world.nowMs,
    acked: workload.records.ackedCount,
    read: workload.records.readCount,
    commits: workload.commits.commitCount,
    restarts: world.restarts,
    diary: diaryOf(world, asked.diaryLines ?? DIARY_LINES),
  }
}

function diaryOf(world: ClusterWorld, lines: number): string[] {
  return world.sim.logs.slice(-lines).map(({ atMs, machine, level, message, fields }) => {
    const details = Object.entries(fields).map(([key, value]) => {
      const text = value instanceof Error ? value.message : JSON.stringify(value)
      return ` ${key}=${text}`
    })
    return `${atMs.toFixed(1).padStart(9)} ${machine} ${level} ${message}${details.join('')}`
  })
}

class ClusterRun {
  readonly world: ClusterWorld
  readonly workload: ClusterWorkload
  readonly #checker: StepChecker
  readonly #quorumChecker: QuorumChecker
  readonly #operator: Operator
  readonly #faults: Faults
  readonly #scrubbing: Scrubbing

  constructor(options: ClusterSimOptions) {
    this.world = new ClusterWorld(options)
    this.workload = new ClusterWorkload(this.world)
    this.#checker = new StepChecker(this.world)
    this.#quorumChecker = new QuorumChecker(this.world)
    this.world.metadata = () => this.#checker.image
    this.#operator = new Operator(this.world, count => this.workload.onRecreated(count))
    this.#scrubbing = new Scrubbing(this.world, this.#operator)
    const clients = clientNames(options)
    this.#faults = new Faults(this.world, this.#operator, {
      clients,
      write: (machine, target, acks) => this.workload.write(machine, target, acks),
    })
  }

  async play(): Promise<void> {
    const { world } = this
    const { sim, options } = world
    for (const machine of world.machines) world.start(machine)
    await this.#until('the cluster comes up', () => this.#missingNode(), START_LIMIT_MS)
    await sim.complete(this.#operator.createAll(), START_LIMIT_MS)
    this.workload.start()
    this.#faults.begin()
    const endMs = world.nowMs + options.faultMs
    while (world.nowMs < endMs) {
      await this.#runFor(world.random.fraction() * 2 * options.faultEveryMs)
      this.#faults.strike()
    }
    await this.#recover()
    await this.#settle()
  }

  /** P12: everything works again. */
  async #recover(): Promise<void> {
    this.#faults.heal()
    this.workload.stopCareless()
    const before = this.workload.ackedByPartition()
    await this.#until(
      'the cluster recovers',
      () =>
        this.#missingNode() ??
        this.#scrubbing.missing ??
        this.#badPartition() ??
        this.workload.partitionWithoutWrites(before),
      HEALING_MS,
    )
  }

  /** Nothing is written any more: everybody sees the same. */
  async #settle(): Promise<void> {
    const { workload } = this
    workload.breakSilence()
    workload.stopProducing()
    await this.#until(
      'producers finish',
      () => (workload.pendingCount > 0 ? `${workload.pendingCount} records wait` : null),
      HEALING_MS,
    )
    const endOf = (key: string) => this.#endOf(key)
    await this.#until('groups catch up', () => workload.laggingGroup(endOf), HEALING_MS)
    await this.#until('readers catch up', () => workload.laggingReader(endOf), HEALING_MS)
    workload.stop()
    await this.#runFor(1000)
    await this.world.sim.complete(workload.audit(), HEALING_MS)
    await this.#until('replicas are equal', () => this.#unequalReplicas(), HEALING_MS)
    this.world.checkViolations()
  }

  async #runFor(ms: number): Promise<void> {
    const { world } = this
    const endMs = world.nowMs + ms
    while (world.nowMs < endMs) {
      await world.sim.run({ untilMs: Math.min(endMs, world.nowMs + CHECK_MS) })
      this.#checker.check()
      this.#quorumChecker.check()
      world.checkViolations()
    }
  }

  /** Until nothing is missing any more. */
  async #until(what: string, missing: () => string | null, limitMs: number): Promise<void> {
    const endMs = this.world.nowMs + limitMs
    for (;;) {
      const rest = missing()
      if (rest === null) return
      if (this.world.nowMs >= endMs) throw new Error(`${what}, but not in ${limitMs} ms: ${rest}`)
      await this.#runFor(100)
    }
  }

  #missingNode(): string | null {
    const missing = this.world.machines.find(machine => machine.node === null)
    return missing === undefined ? null : `${missing.name} is not up`
  }

  #badPartition(): string | null {
    for (const { name, partitions } of this.world.metadata()?.topics ?? [])
      for (const { partitionIndex, leader, isr, replicas, addingReplicas } of partitions) {
        const where = `${name}-${partitionIndex}`
        if (leader < 0) return `${where} has no leader`
        if (addingReplicas.length > 0) return `${where} is being moved`
        if (isr.length < replicas.length) return `${where} has ISR ${isr} of ${replicas}`
      }
    return null
  }

  #endOf(key: string): number {
    const [topic = '', partition = ''] = key.split('-')
    for (const { node, isBroker } of this.world.running) {
      if (!isBroker) continue
      const found = node?.services.replicaManager.getPartition(topic, Number(partition))
      if (found?.isLeader === true) return found.highWatermark
    }
    return -1
  }

  #unequalReplicas(): string | null {
    for (const { name, partitions } of this.world.metadata()?.topics ?? [])
      for (const partition of partitions) {
        const difference = compareReplicas(this.world, name, partition)
        if (difference !== null) return difference
      }
    return null
  }
}
