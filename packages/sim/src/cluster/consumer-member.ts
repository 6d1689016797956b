// A member of a KIP-848 group: heartbeats, gives up what it is told to before it says so, reads what it
// owns, commits within its epoch.

import {
  type Cluster,
  commitGroupOffsets,
  Fetcher,
  fetchGroupOffsets,
  isPassing,
  type TopicPartition,
} from '@weir/client'
import { errorMessage } from '@weir/core'
import {
  type ConsumerGroupHeartbeatResponse,
  consumerGroupHeartbeatApi,
  errorName,
  findCoordinatorApi,
  KafkaError,
} from '@weir/protocol'
import { isFencing, type MemberOptions } from './classic-member.ts'
import { clusterOf, isAboutBrokers } from './clients.ts'
import type { ClusterWorld } from './cluster-world.ts'
import type { CommitHistory } from './commit-history.ts'
import { partitionKey } from './record-history.ts'

export const CONSUMER_GROUP = 'consumer'
const POLL_MS = 250
const HEARTBEAT_MS = 300
/** As the brokers are told. */
const SESSION_MS = 3000
const REBALANCE_MS = 10_000

export class ConsumerMember {
  readonly #world: ClusterWorld
  readonly #history: CommitHistory
  readonly #options: MemberOptions
  readonly #cluster: Cluster
  readonly #fetcher: Fetcher
  readonly #memberId: string
  /** What it owns, with what was committed there last. */
  readonly #owned = new Map<string, TopicPartition & { committed: number }>()
  #topicNames = new Map<string, string>()
  #epoch = 0
  #coordinator: number | null = null
  #nextHeartbeatMs = 0
  #isOn = true

  constructor(world: ClusterWorld, history: CommitHistory, options: MemberOptions) {
    this.#world = world
    this.#history = history
    this.#options = options
    this.#cluster = clusterOf(world, options.name)
    this.#memberId = this.#cluster.env.random.uuid()
    this.#fetcher = new Fetcher(this.#cluster, { maxWaitMs: 400 })
    this.#run().catch(error => world.fail(`${options.name}: ${errorMessage(error)}`))
  }

  stop(): void {
    this.#isOn = false
  }

  async #run(): Promise<void> {
    while (this.#isOn) {
      await this.#attempt(() => this.#maybeHeartbeat())
      await this.#attempt(() => this.#fetcher.poll(POLL_MS))
      await this.#attempt(() => this.#commit())
    }
    this.#fetcher.close()
    for (const key of this.#owned.keys()) this.#history.released(this.#memberId, key)
    // It leaves if it can.
    await this.#heartbeat(-1).catch(() => null)
  }

  async #attempt(act: () => Promise<unknown>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#world.note(`${this.#options.name}: ${errorMessage(error)}`)
      if (!isPassing(error) && !isAboutBrokers(error) && !isFencing(error)) throw error
      this.#coordinator = null
      await new Promise<void>(resolve => this.#world.sim.after(POLL_MS, resolve))
    }
  }

  // --- Membership ---

  async #maybeHeartbeat(): Promise<void> {
    if (this.#world.nowMs < this.#nextHeartbeatMs) return
    const sentMs = this.#world.nowMs
    const answer = await this.#heartbeat(this.#epoch)
    const name = errorName(answer.errorCode)
    if (name === 'FENCED_MEMBER_EPOCH' || name === 'UNKNOWN_MEMBER_ID') {
      this.#world.note(`${this.#options.name}: ${name} at epoch ${this.#epoch}`)
      this.#epoch = 0
      this.#release(() => true)
      return
    }
    if (answer.errorCode !== 0) throw new KafkaError(name, `heartbeat: ${name}`)
    if (answer.memberEpoch < this.#epoch)
      this.#world.fail(`${this.#options.name}: epoch ${answer.memberEpoch} after ${this.#epoch}`)
    this.#epoch = answer.memberEpoch
    this.#nextHeartbeatMs = sentMs + HEARTBEAT_MS
    this.#history.renewed(this.#memberId, sentMs + SESSION_MS)
    if (answer.assignment !== null) await this.#reconcile(answer.assignment.topicPartitions, sentMs)
  }

  async #heartbeat(memberEpoch: number): Promise<ConsumerGroupHeartbeatResponse> {
    this.#coordinator ??= await this.#findCoordinator()
    const byTopic = new Map<string, number[]>()
    for (const { topic, partition } of this.#owned.values()) {
      const { topicId } = await this.#cluster.topic(topic)
      byTopic.set(topicId, [...(byTopic.get(topicId) ?? []), partition])
    }
    return await this.#cluster.request(this.#coordinator, consumerGroupHeartbeatApi, {
      groupId: CONSUMER_GROUP,
      memberId: this.#memberId,
      memberEpoch,
      rebalanceTimeoutMs: REBALANCE_MS,
      subscribedTopicNames: [...this.#options.topics],
      topicPartitions: [...byTopic].map(([topicId, partitions]) => ({ topicId, partitions })),
    })
  }

  async #findCoordinator(): Promise<number> {
    const topics = await Promise.all(this.#options.topics.map(name => this.#cluster.topic(name)))
    this.#topicNames = new Map(topics.map(({ topicId, name }) => [topicId, name]))
    const answer = await this.#cluster.request('any', findCoordinatorApi, {
      coordinatorKeys: [CONSUMER_GROUP],
    })
    const [found] = answer.coordinators
    const name = errorName(found?.errorCode ?? -1)
    if (found === undefined || name !== 'NONE') throw new KafkaError(name, `coordinator: ${name}`)
    if (!this.#cluster.brokers.has(found.nodeId)) await this.#cluster.refreshMetadata([])
    return found.nodeId
  }

  /** Gives up first; what is new it has at once, since the coordinator gives only what is free. */
  async #reconcile(
    target: NonNullable<ConsumerGroupHeartbeatResponse['assignment']>['topicPartitions'],
    sentMs: number,
  ): Promise<void> {
    const wanted = new Map<string, TopicPartition>()
    for (const { topicId, partitions } of target) {
      const topic = this.#topicNames.get(topicId)
      if (topic === undefined) continue
      for (const partition of partitions) {
        wanted.set(groupKey({ topic, partition }), { topic, partition })
      }
    }
    const isGoing = (key: string) => !wanted.has(key)
    const added = [...wanted].filter(([key]) => !this.#owned.has(key))
    if ([...this.#owned.keys()].some(isGoing)) {
      await this.#attempt(() => this.#commit())
      this.#release(isGoing)
      this.#nextHeartbeatMs = 0
    }
    for (const [key] of added) this.#history.assigned(this.#memberId, key, sentMs + SESSION_MS)
    if (added.length > 0) await this.#begin(added)
  }

  async #begin(added: readonly (readonly [string, TopicPartition])[]): Promise<void> {
    const before = new Map(added.map(([key]) => [key, this.#history.fetching(key)]))
    for (const [key, { topic, partition }] of added)
      this.#owned.set(key, { topic, partition, committed: -2 })
    const partitions = added.map(([, partition]) => partition)
    const epoch = this.#epoch
    const found = await fetchGroupOffsets(this.#cluster, CONSUMER_GROUP, partitions)
    const offsets = new Map(found.map(each => [groupKey(each), each.offset]))
    for (const [key] of added) {
      const own = this.#owned.get(key)
      // Taken away while it was asking.
      if (own === undefined || epoch !== this.#epoch) continue
      const offset = offsets.get(key) ?? -1
      this.#history.fetched(key, offset, before.get(key) ?? null)
      this.#history.begins(this.#memberId, key, offset)
      own.committed = offset
    }
    this.#assignFetcher()
  }

  #release(isGoing: (key: string) => boolean): void {
    for (const key of [...this.#owned.keys()].filter(isGoing)) {
      this.#owned.delete(key)
      this.#history.released(this.#memberId, key)
    }
    this.#assignFetcher()
  }

  #assignFetcher(): void {
    const known = [...this.#owned.values()].filter(({ committed }) => committed > -2)
    this.#fetcher.assign(
      known.map(({ topic, partition, committed }) => {
        return { topic, partition, offset: Math.max(0, committed) }
      }),
    )
  }

  // --- Commits ---

  async #commit(): Promise<void> {
    // A fetch of committed offsets that failed is made up for.
    const unknown = [...this.#owned].filter(([, { committed }]) => committed === -2)
    if (unknown.length > 0) await this.#begin(unknown)
    const changed = this.#fetcher.positions().filter(({ topic, partition, offset }) => {
      const own = this.#owned.get(groupKey({ topic, partition }))
      return own !== undefined && own.committed !== offset && offset > 0
    })
    if (changed.length === 0 || this.#epoch <= 0) return
    const commits = changed.map(position => {
      const key = groupKey(position)
      return { key, commit: this.#history.committing(this.#memberId, key, position.offset) }
    })
    const outcomes = await commitGroupOffsets(this.#cluster, CONSUMER_GROUP, changed, {
      generationId: this.#epoch,
      memberId: this.#memberId,
      groupInstanceId: null,
    })
    commits.forEach(({ key, commit }, index) => {
      const error = outcomes[index]?.error
      if (error !== null) {
        this.#world.note(`${this.#options.name}: commit of ${key}: ${error?.errorName}`)
        return
      }
      this.#history.acked(key, commit)
      const own = this.#owned.get(key)
      if (own !== undefined) own.committed = commit.offset
    })
  }
}

function groupKey({ topic, partition }: TopicPartition): string {
  return `${CONSUMER_GROUP}:${partitionKey(topic, partition)}`
}
