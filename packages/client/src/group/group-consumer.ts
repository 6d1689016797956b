// A consumer in a group: membership, committed positions and fetching together.
import { type ErrorName, KafkaError } from '@weir/protocol'
import { fetchGroupOffsets } from '../admin/group-offsets.ts'
import { listOffsets, OFFSET_EARLIEST, OFFSET_LATEST } from '../admin/offsets.ts'
import type { Cluster } from '../cluster.ts'
import type { ConsumerRecord } from '../fetch-decoder.ts'
import { Fetcher, type FetcherOptions, type StartPosition } from '../fetcher.ts'
import { partitionKey, type TopicPartition } from '../topic-partition.ts'
import { GroupMembership, type GroupMembershipOptions } from './group-membership.ts'

export interface GroupConsumerOptions extends GroupMembershipOptions, FetcherOptions {
  /** Where to begin in a partition for which the group has committed nothing. */
  readonly startAt?: 'earliest' | 'latest'
}

/** How often the leader of a group looks for new partitions of its topics. */
const WATCH_INTERVAL_MS = 15_000

/** What a commit is refused with when the generation is over. */
const REBALANCE_ERRORS: ReadonlySet<ErrorName> = new Set<ErrorName>([
  'REBALANCE_IN_PROGRESS',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
])

export class GroupConsumer {
  readonly #cluster: Cluster
  readonly #options: GroupConsumerOptions
  readonly #membership: GroupMembership
  readonly #fetcher: Fetcher
  readonly #committed = new Map<string, number>()
  /** End offsets of the assigned partitions; null until somebody asks in this generation. */
  #ends: ReadonlyMap<string, number> | null = null
  #nextWatchMs = 0
  #mustJoin = true
  /** It has partitions, and does not know yet where to begin in them. */
  #mustLocate = false
  #onAssigned: (partitions: readonly TopicPartition[]) => void = () => {}

  constructor(cluster: Cluster, options: GroupConsumerOptions) {
    this.#cluster = cluster
    this.#options = options
    this.#membership = new GroupMembership(cluster, options)
    this.#fetcher = new Fetcher(cluster, { onOutOfRange: options.startAt ?? 'latest', ...options })
    this.#membership.onRebalance(() => {
      this.#mustJoin = true
      this.#fetcher.wakeUp()
    })
  }

  get assignment(): readonly TopicPartition[] {
    return this.#membership.assignment
  }

  /** Called with the partitions of every new generation. */
  onAssigned(listener: (partitions: readonly TopicPartition[]) => void): void {
    this.#onAssigned = listener
  }

  /**
   * Records of the assigned partitions, or none after `timeoutMs`. Joins the group first where it has
   * to. What an earlier call returned counts as processed when a rebalance makes this one commit.
   */
  async poll(timeoutMs: number): Promise<ConsumerRecord[]> {
    await this.#watchPartitions()
    if (this.#mustJoin) await this.#rejoin()
    if (this.#mustLocate && !(await this.#locate())) return []
    return await this.#fetcher.poll(timeoutMs)
  }

  /** Partitions with the offset after the last record that `poll` returned. */
  positions(): ReturnType<Fetcher['positions']> {
    return this.#fetcher.positions()
  }

  /**
   * Commits what `poll` has returned so far, in all assigned partitions; not `unprocessed`, the rest of
   * what the latest `poll` returned, which will be read again. False: a rebalance came between, and
   * what was not committed will be read again by whoever gets its partition.
   */
  async commit(unprocessed: readonly ConsumerRecord[] = []): Promise<boolean> {
    const first = new Map<string, number>()
    for (const record of unprocessed) {
      const key = partitionKey(record)
      first.set(key, Math.min(record.offset, first.get(key) ?? record.offset))
    }
    const changed = this.#fetcher
      .positions()
      .map(position => ({
        ...position,
        offset: first.get(partitionKey(position)) ?? position.offset,
      }))
      .filter(position => this.#committed.get(partitionKey(position)) !== position.offset)
    try {
      await this.#membership.commit(changed)
    } catch (error) {
      if (!(error instanceof KafkaError) || !REBALANCE_ERRORS.has(error.errorName)) throw error
      this.#mustJoin = true
      return false
    }
    for (const position of changed) this.#committed.set(partitionKey(position), position.offset)
    return true
  }

  /** All assigned partitions were read up to where they ended when they were assigned. */
  async isAtEnd(): Promise<boolean> {
    if (!this.#membership.isActive || this.#mustJoin || this.#mustLocate) return false
    this.#ends ??= await this.#readEnds()
    const ends = this.#ends
    return this.positions().every(
      position => position.offset >= (ends.get(partitionKey(position)) ?? 0),
    )
  }

  /** Leaves the group without committing. */
  async close(): Promise<void> {
    this.#fetcher.close()
    await this.#membership.leave()
  }

  wakeUp(): void {
    this.#fetcher.wakeUp()
  }

  /** Now and then, as the leader: partitions that were added have to be given to somebody. */
  async #watchPartitions(): Promise<void> {
    const nowMs = this.#cluster.env.clock.monotonicMs()
    if (this.#mustJoin || nowMs < this.#nextWatchMs) return
    this.#nextWatchMs = nowMs + WATCH_INTERVAL_MS
    if (await this.#membership.hasStaleAssignment()) this.#mustJoin = true
  }

  async #rejoin(): Promise<void> {
    if (this.#membership.isActive) {
      // A failed commit is not an error here: the records will be read again by whoever gets them.
      await this.commit().catch(() => false)
    }
    this.#mustJoin = false
    try {
      await this.#membership.join()
    } catch (error) {
      this.#mustJoin = true
      throw error
    }
    this.#nextWatchMs = this.#cluster.env.clock.monotonicMs() + WATCH_INTERVAL_MS
    this.#fetcher.assign([])
    this.#committed.clear()
    this.#ends = null
    this.#mustLocate = true
  }

  /**
   * Where to begin; as long as that fails the next `poll` tries again, within the same generation.
   * False: a rebalance came meanwhile, and what was found may be another member's by now.
   */
  async #locate(): Promise<boolean> {
    const partitions = this.assignment
    const positions = await this.#startPositions(partitions)
    if (this.#mustJoin) return false
    this.#fetcher.assign(positions)
    this.#mustLocate = false
    this.#onAssigned(partitions)
    return true
  }

  async #readEnds(): Promise<Map<string, number>> {
    const queries = this.assignment.map(item => ({ ...item, timestamp: OFFSET_LATEST }))
    const ends = new Map<string, number>()
    for (const { request, value, error } of await listOffsets(this.#cluster, queries)) {
      if (value === null) throw error
      ends.set(partitionKey(request), value.offset)
    }
    return ends
  }

  async #startPositions(partitions: readonly TopicPartition[]): Promise<StartPosition[]> {
    if (partitions.length === 0) return []
    const offsets = await fetchGroupOffsets(this.#cluster, this.#options.groupId, partitions)
    const positions: StartPosition[] = []
    const found = new Set<string>()
    for (const { topic, partition, offset } of offsets) {
      found.add(partitionKey({ topic, partition }))
      this.#committed.set(partitionKey({ topic, partition }), offset)
      positions.push({ topic, partition, offset })
    }
    const timestamp = this.#options.startAt === 'earliest' ? OFFSET_EARLIEST : OFFSET_LATEST
    const missing = partitions
      .filter(item => !found.has(partitionKey(item)))
      .map(({ topic, partition }) => ({ topic, partition, timestamp }))
    for (const { request, value, error } of await listOffsets(this.#cluster, missing)) {
      if (value === null) throw error
      positions.push({ topic: request.topic, partition: request.partition, offset: value.offset })
    }
    return positions
  }
}
