// Brokers that run inside the caller's process, and what their caller may do with them.

import type { FaultPlan } from '@weir/broker'
import type { ManualClock } from '@weir/core/memory'
import type { TestBroker } from './testing/test-broker.ts'
import { TestTime } from './testing/test-time.ts'
import { createTopics, deleteAllTopics } from './testing/topics.ts'
import type { TopicOptions, Weir, WeirBroker } from './weir.ts'

export interface RunningWeirParts {
  readonly brokers: readonly TestBroker[]
  readonly faults: FaultPlan
  readonly topics: readonly (string | TopicOptions)[]
  readonly clock: ManualClock | null
  readonly isInMemory: boolean
  readonly onStopped: () => Promise<void>
}

export class RunningWeir implements Weir {
  readonly faults: FaultPlan
  readonly brokers: readonly WeirBroker[]
  readonly #parts: RunningWeirParts
  readonly #time: TestTime | null
  #clusterId = ''
  #stopping: Promise<void> | null = null

  constructor(parts: RunningWeirParts) {
    this.#parts = parts
    this.faults = parts.faults
    this.#time = parts.clock === null ? null : new TestTime(parts.clock, parts.brokers)
    this.brokers = parts.brokers.map(broker => this.#handle(broker))
  }

  /** Starts the brokers and makes the topics. */
  begin(): Promise<void> {
    return this.#run(async () => {
      const { brokers, topics } = this.#parts
      await Promise.all(brokers.map(broker => broker.start()))
      this.#clusterId = brokers[0]?.node.clusterId ?? ''
      await createTopics(brokers, topics)
    })
  }

  get host(): string {
    return this.#parts.brokers[0]?.host ?? ''
  }

  get port(): number {
    return this.#parts.brokers[0]?.port ?? 0
  }

  get bootstrap(): string {
    return this.#parts.brokers.map(broker => broker.address).join(',')
  }

  get clusterId(): string {
    return this.#clusterId
  }

  now(): number {
    return this.#parts.clock?.nowMs() ?? Date.now()
  }

  advance(ms: number): Promise<void> {
    return this.#manualTime().advance(ms)
  }

  runUntil<T>(promise: Promise<T>): Promise<T> {
    return this.#manualTime().runUntil(promise)
  }

  reset(): Promise<void> {
    return this.#run(async () => {
      this.#checkNotStopped()
      const { brokers, topics, faults } = this.#parts
      if (!brokers.some(broker => broker.isRunning)) {
        throw new Error('no broker is running: restart one, then reset')
      }
      faults.clear()
      await deleteAllTopics(brokers)
      await createTopics(brokers, topics)
    })
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  async #stop(): Promise<void> {
    const { brokers, faults, isInMemory, onStopped } = this.#parts
    faults.clear()
    // What is in memory is gone in any case; files are left as an orderly stop leaves them.
    const end = (broker: TestBroker) => (isInMemory ? broker.kill() : broker.stop())
    await this.#run(async () => {
      await Promise.all(brokers.map(end))
    })
    await onStopped()
  }

  #handle(broker: TestBroker): WeirBroker {
    return {
      id: broker.id,
      host: broker.host,
      get port() {
        return broker.port
      },
      get isRunning() {
        return broker.isRunning
      },
      kill: () => broker.kill(),
      restart: () =>
        this.#run(async () => {
          this.#checkNotStopped()
          await broker.start()
        }),
    }
  }

  /** What brokers do by themselves may need time to pass. */
  #run(work: () => Promise<void>): Promise<void> {
    return this.#time === null ? work() : this.#time.runUntil(work())
  }

  #checkNotStopped(): void {
    if (this.#stopping !== null) throw new Error('stop was called: nothing can be started again')
  }

  #manualTime(): TestTime {
    if (this.#time === null) {
      throw new Error("the time of these brokers is the system's: start them with clock: 'manual'")
    }
    return this.#time
  }
}
