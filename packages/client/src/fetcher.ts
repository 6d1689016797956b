// Reads assigned partitions: one fetch at a time to each leader, answers buffered until `poll`.
//
// Invariants: a partition with buffered records is not fetched again; an answer for a partition that
// was taken away or sought meanwhile is dropped, because its position object is another one.
import { ZERO_UUID } from '@weir/core'
import { type Decoded, type ErrorName, errorName, fetchApi, KafkaError } from '@weir/protocol'
import {
  type IsolationLevel,
  isolationCode,
  listOffsets,
  OFFSET_EARLIEST,
  OFFSET_LATEST,
} from './admin/offsets.ts'
import { Backoff } from './backoff.ts'
import type { Cluster, TopicInfo } from './cluster.ts'
import { errorOf, isPassing } from './errors.ts'
import { type ConsumerRecord, decodeFetched } from './fetch-decoder.ts'
import { groupByTopic, partitionKey, type TopicPartition } from './topic-partition.ts'

export interface FetcherOptions {
  readonly maxWaitMs?: number
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly partitionMaxBytes?: number
  readonly isolationLevel?: IsolationLevel
  /** What to do when the position is outside the log; 'none' throws OFFSET_OUT_OF_RANGE. */
  readonly onOutOfRange?: 'earliest' | 'latest' | 'none'
}

interface Position extends TopicPartition {
  /** The next offset to fetch. */
  offset: number
  /** The next offset that `poll` has not handed out. */
  consumedOffset: number
  /** From the latest answer; -1 before. */
  highWatermark: number
  readonly buffered: ConsumerRecord[]
}

/** A partition at the offset to begin with. */
export interface StartPosition extends TopicPartition {
  readonly offset: number
}

const FIRST_VERSION_WITH_IDS = 13
/** Leader epochs in requests, and zstd batches in answers, need this. */
const FIRST_USABLE_VERSION = 10
const WAIT_GRACE_MS = 10_000

export class Fetcher {
  readonly #cluster: Cluster
  readonly #options: Required<FetcherOptions>
  readonly #positions = new Map<string, Position>()
  /** Leaders that are being asked. */
  readonly #busyLeaders = new Set<number>()
  /** Topics of which a leader is being looked for. */
  readonly #searchedTopics = new Set<string>()
  readonly #backoff: Backoff
  /** Of the `poll` that waits. */
  #tellNews: (() => void) | null = null
  /** The `poll` that runs shall return. */
  #isWoken = false
  #failure: Error | null = null
  /** Passing errors since the last good answer. */
  #trouble: { readonly error: Error; readonly sinceMs: number } | null = null
  #isClosed = false

  constructor(cluster: Cluster, options: FetcherOptions = {}) {
    this.#cluster = cluster
    this.#backoff = new Backoff(cluster.env)
    this.#options = {
      maxWaitMs: 500,
      minBytes: 1,
      maxBytes: 50 * 1024 * 1024,
      partitionMaxBytes: 1024 * 1024,
      isolationLevel: 'read_uncommitted',
      onOutOfRange: 'none',
      ...options,
    }
  }

  /** Replaces the assignment; partitions that stay keep their position. */
  assign(partitions: readonly StartPosition[]): void {
    const kept = new Map(partitions.map(partition => [partitionKey(partition), partition]))
    for (const key of this.#positions.keys()) if (!kept.has(key)) this.#positions.delete(key)
    for (const [key, { topic, partition, offset }] of kept) {
      if (this.#positions.has(key)) continue
      this.#positions.set(key, {
        topic,
        partition,
        offset,
        consumedOffset: offset,
        highWatermark: -1,
        buffered: [],
      })
    }
  }

  /** Partitions with the offset after the last record that `poll` handed out. */
  positions(): { topic: string; partition: number; offset: number; highWatermark: number }[] {
    return [...this.#positions.values()].map(
      ({ topic, partition, consumedOffset, highWatermark }) => ({
        topic,
        partition,
        offset: consumedOffset,
        highWatermark,
      }),
    )
  }

  /** Records as they are there, or none when `timeoutMs` is over or `wakeUp` was called. */
  async poll(timeoutMs: number): Promise<ConsumerRecord[]> {
    const { clock } = this.#cluster.env
    const deadlineMs = clock.monotonicMs() + timeoutMs
    this.#isWoken = false
    for (;;) {
      this.#throwFailure()
      const records = this.#takeBuffered()
      if (records.length > 0 || this.#isWoken || this.#isClosed) return records
      this.#startFetches()
      const waitMs = deadlineMs - clock.monotonicMs()
      if (waitMs <= 0) return []
      await this.#waitForNews(waitMs)
    }
  }

  /** Ends the `poll` that runs; the next one waits again. */
  wakeUp(): void {
    this.#isWoken = true
    this.#tellNews?.()
  }

  /** The passing error that is being met now, and for how long; null if the last answer was good. */
  trouble(): { error: Error; forMs: number } | null {
    if (this.#trouble === null) return null
    const { error, sinceMs } = this.#trouble
    return { error, forMs: this.#cluster.env.clock.monotonicMs() - sinceMs }
  }

  close(): void {
    this.#isClosed = true
    this.#positions.clear()
    this.wakeUp()
  }

  #throwFailure(): void {
    const failure = this.#failure
    this.#failure = null
    if (failure !== null) throw failure
  }

  async #waitForNews(waitMs: number): Promise<void> {
    await new Promise<void>(resolve => {
      const timer = this.#cluster.env.clock.after(waitMs, resolve)
      this.#tellNews = () => {
        timer.cancel()
        resolve()
      }
    })
    this.#tellNews = null
  }

  #takeBuffered(): ConsumerRecord[] {
    const taken: ConsumerRecord[] = []
    for (const position of this.#positions.values()) {
      if (position.buffered.length === 0) {
        position.consumedOffset = position.offset
        continue
      }
      for (const record of position.buffered) taken.push(record)
      position.buffered.length = 0
      position.consumedOffset = position.offset
    }
    return taken
  }

  /** Asks every leader that has something to be asked for and is not being asked. */
  #startFetches(): void {
    const { log } = this.#cluster.env
    const byLeader = new Map<number, Position[]>()
    for (const position of this.#positions.values()) {
      if (position.buffered.length > 0) continue
      const { topic, partition } = position
      const leaderId = this.#cluster.cachedTopic(topic)?.partitions[partition]?.leaderId ?? -1
      if (leaderId < 0) {
        if (this.#searchedTopics.has(topic)) continue
        this.#searchedTopics.add(topic)
        log.background(this.#findLeaders(topic), 'search for leaders')
      } else if (!this.#busyLeaders.has(leaderId)) {
        const list = byLeader.get(leaderId) ?? []
        list.push(position)
        byLeader.set(leaderId, list)
      }
    }
    for (const [leaderId, positions] of byLeader) {
      this.#busyLeaders.add(leaderId)
      log.background(this.#fetchFrom(leaderId, positions), 'fetch')
    }
  }

  /** Beside `poll`, which has its own time: an answer may take as long as the cluster is tried. */
  async #findLeaders(topic: string): Promise<void> {
    try {
      if (this.#cluster.cachedTopic(topic) !== undefined) {
        // Known, and a partition had no leader: soon it may have one.
        await this.#backoff.wait()
        this.#cluster.forgetTopic(topic)
      }
      await this.#cluster.topic(topic)
    } catch (error) {
      if (!this.#isClosed) this.#failure = error instanceof Error ? error : new Error(String(error))
    } finally {
      this.#searchedTopics.delete(topic)
      this.#tellNews?.()
    }
  }

  async #fetchFrom(leaderId: number, positions: readonly Position[]): Promise<void> {
    try {
      await this.#fetchOnce(leaderId, positions)
      this.#backoff.reset()
      this.#trouble = null
    } catch (error) {
      if (this.#isClosed) return
      if (error instanceof Error && isPassing(error)) {
        const sinceMs = this.#trouble?.sinceMs ?? this.#cluster.env.clock.monotonicMs()
        this.#trouble = { error, sinceMs }
        for (const position of positions) this.#cluster.forgetTopic(position.topic)
        // Other partitions of the same answer may have records.
        this.#tellNews?.()
        await this.#backoff.wait()
      } else {
        this.#failure = error instanceof Error ? error : new Error(String(error))
      }
    } finally {
      this.#busyLeaders.delete(leaderId)
      this.#tellNews?.()
    }
  }

  async #fetchOnce(leaderId: number, positions: readonly Position[]): Promise<void> {
    const topics: { topic: TopicInfo; positions: Position[] }[] = []
    for (const [name, list] of groupByTopic(positions)) {
      topics.push({ topic: await this.#cluster.topic(name), positions: list })
    }
    const hasIds = topics.every(({ topic }) => topic.topicId !== ZERO_UUID)
    const connection = await this.#cluster.connectionToLeader(leaderId, 'fetch')
    const version = connection.versionOf(fetchApi, {
      minVersion: FIRST_USABLE_VERSION,
      maxVersion: hasIds ? fetchApi.maxVersion : FIRST_VERSION_WITH_IDS - 1,
    })
    const { maxWaitMs, minBytes, maxBytes, partitionMaxBytes, isolationLevel } = this.#options
    const answer = await connection.requestAt(
      fetchApi,
      version,
      {
        maxWaitMs,
        minBytes,
        maxBytes,
        isolationLevel: isolationCode(isolationLevel),
        topics: topics.map(({ topic, positions: list }) => ({
          ...(version >= FIRST_VERSION_WITH_IDS
            ? { topicId: topic.topicId }
            : { topic: topic.name }),
          partitions: list.map(position => ({
            partition: position.partition,
            currentLeaderEpoch: topic.partitions[position.partition]?.leaderEpoch ?? -1,
            fetchOffset: position.offset,
            partitionMaxBytes,
          })),
        })),
      },
      maxWaitMs + WAIT_GRACE_MS,
    )
    const error = errorOf(answer.errorCode, 'fetch')
    if (error !== null) throw error
    const names = new Map(topics.map(({ topic }) => [topic.topicId, topic.name]))
    // One that fails each time must not keep those behind it from ever being read.
    const failures: unknown[] = []
    for (const topic of answer.responses) {
      const name = topic.topic === '' ? names.get(topic.topicId) : topic.topic
      if (name === undefined) continue
      for (const partition of topic.partitions) {
        await this.#onPartition(name, partition, positions).catch(error => failures.push(error))
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  async #onPartition(
    topic: string,
    answer: Decoded<typeof fetchApi.response>['responses'][number]['partitions'][number],
    asked: readonly Position[],
  ): Promise<void> {
    const key = partitionKey({ topic, partition: answer.partitionIndex })
    const position = this.#positions.get(key)
    // Taken away or sought while the fetch was under way.
    if (position === undefined || !asked.includes(position)) return
    if (answer.errorCode !== 0) {
      await this.#onPartitionError(position, errorName(answer.errorCode))
      return
    }
    const fetched = decodeFetched({
      topic,
      partition: position.partition,
      fetchOffset: position.offset,
      records: answer.records,
      abortedTransactions:
        this.#options.isolationLevel === 'read_committed' ? answer.abortedTransactions : null,
    })
    position.highWatermark = answer.highWatermark
    position.offset = fetched.nextOffset
    position.buffered.push(...fetched.records)
  }

  async #onPartitionError(position: Position, name: ErrorName): Promise<void> {
    const { topic, partition } = position
    const error = new KafkaError(
      name,
      `${name} at offset ${position.offset} of ${topic}-${partition}`,
    )
    const policy = this.#options.onOutOfRange
    if (name === 'OFFSET_OUT_OF_RANGE' && policy !== 'none') {
      const timestamp = policy === 'earliest' ? OFFSET_EARLIEST : OFFSET_LATEST
      const [outcome] = await listOffsets(this.#cluster, [{ topic, partition, timestamp }])
      if (outcome?.value === null || outcome === undefined) throw outcome?.error ?? error
      position.offset = outcome.value.offset
      position.consumedOffset = outcome.value.offset
      return
    }
    throw error
  }
}
