// The groups of the cluster, as far as this broker coordinates them: finds the partition of
// __consumer_offsets that keeps a group, and runs requests on its shard.

import type { MetadataDelta, MetadataImage } from '@weir/controller'
import type { Env } from '@weir/core'
import {
  decodeGroupRecord,
  encodeGroupRecord,
  type GroupEffects,
  type GroupRecord,
  GroupShard,
} from '@weir/groups'
import { type ErrorName, KafkaError } from '@weir/protocol'
import type { AutoTopicCreator } from '../metadata/auto-topic-creator.ts'
import type { MetadataSubscriber } from '../metadata/metadata-publisher.ts'
import type { NodeSettings } from '../metadata/node-settings.ts'
import type { ReplicaManager } from '../partition/replica-manager.ts'
import { ClusterTopics } from './cluster-topics.ts'
import { CoordinatorRuntime } from './coordinator-runtime.ts'
import { groupsConfigOf } from './groups-config.ts'
import { javaHashCode } from './java-hash.ts'
import type { SubmitOptions } from './shard-host.ts'

export const OFFSETS_TOPIC = '__consumer_offsets'

/** How long FindCoordinator waits for a shard that this broker has begun to load. */
const LOAD_WAIT_MS = 5000

export interface GroupCoordinatorParts {
  readonly nodeId: number
  readonly metadata: MetadataImage
  readonly settings: NodeSettings
  readonly autoTopics: AutoTopicCreator
  readonly replicaManager: ReplicaManager
}

/** The broker that coordinates a group, or why there is none now. */
export type FoundCoordinator =
  | { readonly kind: 'found'; readonly nodeId: number }
  | { readonly kind: 'failed'; readonly error: ErrorName }

export type GroupRun = (requestId: number, shard: GroupShard, nowMs: number) => GroupEffects

export class GroupCoordinator implements MetadataSubscriber {
  readonly #env: Env
  readonly #parts: GroupCoordinatorParts
  readonly #runtime: CoordinatorRuntime<GroupRecord, GroupShard>
  readonly #topics: ClusterTopics

  constructor(env: Env, parts: GroupCoordinatorParts) {
    this.#env = env
    this.#parts = parts
    const wallAheadMs = () => this.#runtime.wallAheadMs
    const config = groupsConfigOf(parts.settings, parts.metadata, wallAheadMs)
    this.#topics = new ClusterTopics(parts.metadata)
    this.#runtime = new CoordinatorRuntime<GroupRecord, GroupShard>(env, {
      topic: OFFSETS_TOPIC,
      newShard: () => new GroupShard(env.random, config, this.#topics),
      writeTimeoutMs: () => parts.settings.get('offsets.commit.timeout.ms'),
      encode: encodeGroupRecord,
      decode: decodeGroupRecord,
    })
  }

  /** From now on this broker loads the shards that it leads. */
  start(): void {
    this.#parts.replicaManager.addLeadershipListener(this.#runtime)
  }

  close(): void {
    this.#runtime.close()
  }

  /** Creates the internal topic if it is missing. A shard that is here is loaded when it is named. */
  async find(groupId: string): Promise<FoundCoordinator> {
    const { metadata, nodeId } = this.#parts
    if (metadata.topic(OFFSETS_TOPIC) === undefined) {
      const isThere = await this.#createTopic()
      if (!isThere) return { kind: 'failed', error: 'COORDINATOR_NOT_AVAILABLE' }
    }
    const partitionIndex = this.#partitionOf(groupId)
    const leader = metadata.partition(OFFSETS_TOPIC, partitionIndex)?.leader ?? -1
    if (leader < 0) return { kind: 'failed', error: 'COORDINATOR_NOT_AVAILABLE' }
    if (leader === nodeId && !this.#runtime.isActive(partitionIndex)) {
      // As in Kafka it is named all the same: kafkajs ends its consumer if it hears here of a load.
      await Promise.race([this.#loaded(partitionIndex), this.#env.clock.sleep(LOAD_WAIT_MS)])
    }
    return { kind: 'found', nodeId: leader }
  }

  async #createTopic(): Promise<boolean> {
    try {
      const errors = await this.#parts.autoTopics.create([OFFSETS_TOPIC])
      return !errors.has(OFFSETS_TOPIC)
    } catch (error) {
      // No controller in time: the client asks again.
      if (!(error instanceof KafkaError)) throw error
      this.#env.log.debug('the topic of the groups could not be created', { error })
      return false
    }
  }

  /** What the metadata says is applied in slices: the shard may not even have begun. */
  async #loaded(partitionIndex: number): Promise<void> {
    await this.#parts.replicaManager.whenApplied()
    await this.#runtime.loaded(partitionIndex)
  }

  /** Resolves with the reply of the group's shard. Rejects with KafkaError. */
  submit<Reply>(groupId: string, run: GroupRun, options?: SubmitOptions): Promise<Reply> {
    const partitionIndex = this.#partitionOf(groupId)
    return this.#runtime.submit(partitionIndex, run, options) as Promise<Reply>
  }

  /** Runs on every shard of this broker. Rejects with KafkaError if one of them cannot answer. */
  submitToAll<Reply>(run: GroupRun): Promise<Reply[]> {
    const submitted = this.#runtime.partitionIndexes.map(
      each => this.#runtime.submit(each, run) as Promise<Reply>,
    )
    return Promise.all(submitted)
  }

  /** As `submitToAll`, without the shards that cannot answer now. */
  async submitToServing<Reply>(run: GroupRun): Promise<Reply[]> {
    const submitted = this.#runtime.partitionIndexes.map(
      each => this.#runtime.submit(each, run) as Promise<Reply>,
    )
    const settled = await Promise.allSettled(submitted)
    return settled.flatMap(each => (each.status === 'fulfilled' ? [each.value] : []))
  }

  /**
   * Asks each shard concerned, once and all at the same time, for the ids that it keeps. `onRefused`
   * answers for a shard that cannot take the request: one that is elsewhere does not end the others.
   */
  async submitByShard<Reply>(
    groupIds: readonly string[],
    run: (groupIds: readonly string[]) => GroupRun,
    onRefused: (error: ErrorName, groupIds: readonly string[]) => Reply,
  ): Promise<Reply[]> {
    const byPartition = new Map<number, string[]>()
    for (const groupId of groupIds) {
      const partitionIndex = this.#partitionOf(groupId)
      const known = byPartition.get(partitionIndex)
      if (known === undefined) byPartition.set(partitionIndex, [groupId])
      else known.push(groupId)
    }
    const replies = [...byPartition].map(async ([partitionIndex, ids]) => {
      try {
        return (await this.#runtime.submit(partitionIndex, run(ids))) as Reply
      } catch (error) {
        return onRefused(coordinatorErrorOf(error), ids)
      }
    })
    return await Promise.all(replies)
  }

  /** Topics that are gone from the cluster take their committed offsets along. */
  onMetadata(_image: MetadataImage, delta: MetadataDelta): void {
    this.#topics.onMetadata(delta)
    const { removedTopics } = delta
    if (removedTopics.length > 0) {
      this.#runtime.runOnAll((shard, nowMs) => shard.topicsDeleted(removedTopics, nowMs))
    }
  }

  #partitionOf(groupId: string): number {
    const topic = this.#parts.metadata.topic(OFFSETS_TOPIC)
    const configured = () => this.#parts.settings.get('offsets.topic.num.partitions')
    const count = topic?.partitions.length ?? configured()
    return (javaHashCode(groupId) & 0x7fff_ffff) % count
  }
}

/** The error of a request that a coordinator could not take; anything else is a bug of ours. */
export function coordinatorErrorOf(error: unknown): ErrorName {
  if (error instanceof KafkaError) return error.errorName
  throw error
}
