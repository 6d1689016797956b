// Readers: follow partitions from the start and compare what they see with the history. And a watcher of
// end offsets, which never go back for somebody who asks (R7).

import {
  type Cluster,
  type ConsumerRecord,
  Fetcher,
  isPassing,
  listOffsets,
  OFFSET_EARLIEST,
  OFFSET_LATEST,
} from '@weir/client'
import { errorMessage } from '@weir/core'
import { KafkaError } from '@weir/protocol'
import { clusterOf, isAboutBrokers, persist } from './clients.ts'
import type { ClusterWorld } from './cluster-world.ts'
import { partitionKey, type RecordHistory } from './record-history.ts'
import type { TopicPartitionName } from './workload-topics.ts'

const POLL_MS = 300
const WATCH_MS = 300

export interface ReadingOptions {
  readonly name: string
  readonly partitions: readonly TopicPartitionName[]
  /** The first offset of each partition moves meanwhile. */
  readonly isTrimmed: boolean
}

export class Reading {
  readonly #world: ClusterWorld
  readonly #history: RecordHistory
  readonly #options: ReadingOptions
  readonly #next = new Map<string, number>()
  #isOn = true

  constructor(world: ClusterWorld, history: RecordHistory, options: ReadingOptions) {
    this.#world = world
    this.#history = history
    this.#options = options
    const fetcher = new Fetcher(clusterOf(world, options.name), {
      maxWaitMs: 500,
      onOutOfRange: options.isTrimmed ? 'earliest' : 'none',
    })
    fetcher.assign(options.partitions.map(each => ({ ...each, offset: 0 })))
    this.#run(fetcher).catch(error => world.fail(`${options.name}: ${errorMessage(error)}`))
  }

  stop(): void {
    this.#isOn = false
  }

  /** The next offset to be read. */
  position(partition: string): number {
    return this.#next.get(partition) ?? 0
  }

  async #run(fetcher: Fetcher): Promise<void> {
    while (this.#isOn) for (const record of await this.#poll(fetcher)) this.#onRecord(record)
    fetcher.close()
  }

  async #poll(fetcher: Fetcher): Promise<readonly ConsumerRecord[]> {
    try {
      return await fetcher.poll(POLL_MS)
    } catch (error) {
      // An offset beyond the end is answered by a broker that does not know yet that it was replaced.
      const isStale = error instanceof KafkaError && error.errorName === 'OFFSET_OUT_OF_RANGE'
      if (!isStale && !isPassing(error) && !isAboutBrokers(error)) throw error
      this.#world.note(`${this.#options.name}: ${errorMessage(error)}`)
      await new Promise<void>(resolve => this.#world.sim.after(POLL_MS, resolve))
      return []
    }
  }

  #onRecord({ topic, partition, offset, value }: ConsumerRecord): void {
    const key = partitionKey(topic, partition)
    const expected = this.#next.get(key) ?? 0
    const isNext = this.#options.isTrimmed ? offset >= expected : offset === expected
    if (!isNext)
      this.#world.fail(`${this.#options.name} got ${key}/${offset} and expected ${expected}`)
    this.#next.set(key, offset + 1)
    this.#history.read(key, offset, textOf(value))
  }
}

function textOf(value: Buffer | null): string {
  return value?.toString('latin1').trimEnd() ?? ''
}

/** Asks for the ends of partitions again and again. */
export class EndWatcher {
  readonly #world: ClusterWorld
  readonly #cluster: Cluster
  readonly #partitions: readonly TopicPartitionName[]
  readonly #ends = new Map<string, number>()
  #isOn = true

  constructor(world: ClusterWorld, partitions: readonly TopicPartitionName[]) {
    this.#world = world
    this.#partitions = partitions
    this.#cluster = clusterOf(world, 'watcher')
    this.#next()
  }

  stop(): void {
    this.#isOn = false
  }

  #next(): void {
    if (!this.#isOn) return
    const again = () => this.#world.sim.after(WATCH_MS, () => this.#next())
    this.#ask().then(again, error => {
      this.#world.note(`watcher: ${errorMessage(error)}`)
      again()
    })
  }

  async #ask(): Promise<void> {
    const queries = this.#partitions.map(each => ({ ...each, timestamp: OFFSET_LATEST }))
    const topics = new Set(this.#partitions.map(({ topic }) => topic))
    // Who leads no more and has not heard of it tells an end of the past, as Kafka's would (R16).
    const inDoubt = () => [...topics].filter(topic => this.#world.hasDeposedLeader(topic))
    const before = inDoubt()
    const answers = await listOffsets(this.#cluster, queries)
    const doubtful = new Set([...before, ...inDoubt()])
    for (const { request, value } of answers) {
      if (value === null || doubtful.has(request.topic)) continue
      const key = partitionKey(request.topic, request.partition)
      const known = this.#ends.get(key) ?? 0
      if (value.offset < known)
        this.#world.fail(`the end of ${key} went back from ${known} to ${value.offset}`)
      this.#ends.set(key, value.offset)
    }
  }
}

/** All of the partitions as they are now, for the end of a run. */
export async function readAll(
  world: ClusterWorld,
  partitions: readonly TopicPartitionName[],
): Promise<Map<string, { startOffset: number; records: Map<number, string> }>> {
  const cluster = clusterOf(world, 'auditor')
  const bounds = async (timestamp: number): Promise<Map<string, number>> => {
    const queries = partitions.map(each => ({ ...each, timestamp }))
    const answers = await listOffsets(cluster, queries)
    return new Map(
      answers.map(({ request, value, error }) => {
        if (value === null) throw error ?? new Error('no answer')
        return [partitionKey(request.topic, request.partition), value.offset]
      }),
    )
  }
  const starts = await persist(world, 'auditor', () => bounds(OFFSET_EARLIEST))
  const ends = await persist(world, 'auditor', () => bounds(OFFSET_LATEST))
  const found = new Map<string, { startOffset: number; records: Map<number, string> }>()
  const fetcher = new Fetcher(cluster, { maxWaitMs: 100 })
  fetcher.assign(
    partitions.map(each => {
      const startOffset = starts?.get(partitionKey(each.topic, each.partition)) ?? 0
      found.set(partitionKey(each.topic, each.partition), { startOffset, records: new Map() })
      return { ...each, offset: startOffset }
    }),
  )
  const isComplete = () =>
    fetcher
      .positions()
      .every(
        ({ topic, partition, offset }) =>
          offset >= (ends?.get(partitionKey(topic, partition)) ?? 0),
      )
  while (!isComplete())
    for (const { topic, partition, offset, value } of (await persist(world, 'auditor', () =>
      fetcher.poll(POLL_MS),
    )) ?? [])
      found.get(partitionKey(topic, partition))?.records.set(offset, textOf(value))
  fetcher.close()
  return found
}
