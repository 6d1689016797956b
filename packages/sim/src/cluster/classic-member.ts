// A member of a classic group: our own client's consumer, which reads, commits, and joins again when it
// must. Its commits go to the history of commits.

import { GroupConsumer, isPassing, type TopicPartition } from '@weir/client'
import { errorMessage } from '@weir/core'
import { KafkaError } from '@weir/protocol'
import { clusterOf, isAboutBrokers } from './clients.ts'
import type { ClusterWorld } from './cluster-world.ts'
import type { CommitHistory } from './commit-history.ts'
import { partitionKey } from './record-history.ts'

export const CLASSIC_GROUP = 'classic'
const POLL_MS = 400
const SESSION_MS = 3000

export interface MemberOptions {
  readonly name: string
  readonly topics: readonly string[]
}

export class ClassicMember {
  readonly #world: ClusterWorld
  readonly #history: CommitHistory
  readonly #options: MemberOptions
  #isOn = true
  /** Each assignment makes another owner: what the one before commits is fenced. */
  #generation = 0
  /** The partitions of this generation, with what was committed in them last. */
  #committed = new Map<string, number>()

  constructor(world: ClusterWorld, history: CommitHistory, options: MemberOptions) {
    this.#world = world
    this.#history = history
    this.#options = options
    this.#run().catch(error => world.fail(`${options.name}: ${errorMessage(error)}`))
  }

  stop(): void {
    this.#isOn = false
  }

  get #owner(): string {
    return `${this.#options.name}/${this.#generation}`
  }

  async #run(): Promise<void> {
    const { name, topics } = this.#options
    const consumer = new GroupConsumer(clusterOf(this.#world, name), {
      groupId: CLASSIC_GROUP,
      topics,
      startAt: 'earliest',
      sessionTimeoutMs: SESSION_MS,
      rebalanceTimeoutMs: SESSION_MS,
      heartbeatIntervalMs: 300,
      maxWaitMs: 400,
    })
    consumer.onAssigned(() => this.#onAssigned(consumer))
    while (this.#isOn) {
      await this.#attempt(() => consumer.poll(POLL_MS))
      await this.#attempt(() => this.#commit(consumer))
    }
    await consumer.close().catch(() => {}) // It leaves if it can.
  }

  #onAssigned(consumer: GroupConsumer): void {
    for (const key of this.#committed.keys()) this.#history.released(this.#owner, key)
    this.#generation++
    this.#committed = new Map()
    for (const position of consumer.positions()) {
      const key = groupKey(position)
      this.#committed.set(key, position.offset)
      // How long the session holds is the client's secret: the owner is known, not until when.
      this.#history.assigned(this.#owner, key, 0)
      if (position.offset > 0) this.#history.begins(this.#owner, key, position.offset)
      // Where nothing was committed the client may commit the offset at which it begins.
      this.#history.committing(this.#owner, key, position.offset)
    }
  }

  async #commit(consumer: GroupConsumer): Promise<void> {
    const generation = this.#generation
    const changed = consumer
      .positions()
      .map(position => ({ key: groupKey(position), offset: position.offset }))
      .filter(({ key, offset }) => this.#committed.get(key) !== offset)
      .map(({ key, offset }) => ({
        key,
        commit: this.#history.committing(this.#owner, key, offset),
      }))
    const isCommitted = await consumer.commit()
    if (!isCommitted || generation !== this.#generation) return
    for (const { key, commit } of changed) {
      this.#history.acked(key, commit)
      this.#committed.set(key, commit.offset)
    }
  }

  async #attempt(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#world.note(`${this.#options.name}: ${errorMessage(error)}`)
      if (!isPassing(error) && !isAboutBrokers(error) && !isFencing(error)) throw error
      await new Promise<void>(resolve => this.#world.sim.after(POLL_MS, resolve))
    }
  }
}

function groupKey({ topic, partition }: TopicPartition): string {
  return `${CLASSIC_GROUP}:${partitionKey(topic, partition)}`
}

/** The coordinator says that the member is not one any more: it joins again. */
export function isFencing(error: unknown): boolean {
  return error instanceof KafkaError && FENCING.has(error.errorName)
}

const FENCING: ReadonlySet<string> = new Set([
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
  'FENCED_INSTANCE_ID',
  'FENCED_MEMBER_EPOCH',
  'STALE_MEMBER_EPOCH',
  'OFFSET_OUT_OF_RANGE',
])
