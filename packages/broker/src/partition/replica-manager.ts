// The partitions of this broker, by name and by topic id, kept in step with the metadata image: led
// here, or followed from their leaders.
// What many changes ask for is done in slices (metadata-backlog.ts).
// One timer sweeps acks that have waited too long, and runs only while somebody waits; one looks for
// followers that lag.

import type { MetadataDelta, MetadataImage, PartitionImage, TopicImage } from '@weir/controller'
import { assert, type Env, type Timer } from '@weir/core'
import type { Log, LogManager } from '@weir/log'
import { IsrChanges } from '../replication/isr-changes.ts'
import { NodeAuthority } from '../replication/node-authority.ts'
import { ReplicaFetchers } from '../replication/replica-fetchers.ts'
import type { ReplicationLinks } from '../replication/replication-links.ts'
import { ReplicationQuota } from '../replication/replication-quota.ts'
import { IsrSweeper } from './isr-sweeper.ts'
import { MetadataBacklog } from './metadata-backlog.ts'
import { Partition } from './partition.ts'
import type { PartitionConfig } from './partition-config.ts'
import type { PartitionOptions } from './partition-types.ts'
import { TopicTraffic } from './topic-traffic.ts'
import { TurnBudget } from './turn-budget.ts'

/** How late the answer of a timed out produce may be. */
const ACK_SWEEP_MS = 100
/** Of large requests, and of compressed batches: 1 ms of plain records, 2 ms of compressed ones. */
const BATCH_BYTES_A_TURN = 512 * 1024
/** The log of the cluster's metadata is none of a partition. */
const METADATA_TOPIC = '__cluster_metadata'

export interface ReplicaManagerOptions {
  readonly nodeId: number
  /** The settings of a topic as they are now. */
  readonly configOf: (topic: string) => PartitionConfig
  /** `fullPartitions` has one more. */
  readonly onDiskFull?: () => void
  /** Absent on a node that has no peers: nothing is followed, the ISR is what the image says. */
  readonly replication?: ReplicationLinks
}

/** Of a node with peers. */
interface Replication {
  readonly links: ReplicationLinks
  readonly changes: IsrChanges
  readonly fetchers: ReplicaFetchers
}

/** Told when this broker starts or stops leading a partition; coordinators load and unload there. */
export interface LeadershipListener {
  onLeader(partition: Partition): void
  onNotLeader(partition: Partition): void
}

interface HostedTopic {
  readonly name: string
  readonly topicId: string
  /** Read once for all of them: it is made from hundreds of settings. */
  config: PartitionConfig
  /** Sparse: only partitions with a replica on this broker. */
  readonly partitions: (Partition | undefined)[]
}

export class ReplicaManager {
  readonly #env: Env
  readonly #logManager: LogManager
  readonly #options: ReplicaManagerOptions
  readonly #byName = new Map<string, HostedTopic>()
  readonly #byId = new Map<string, HostedTopic>()
  readonly #listeners: LeadershipListener[] = []
  readonly #awaiting = new Set<Partition>()
  /** Whose disk was full, until that is found to be over. */
  readonly #full = new Set<Partition>()
  readonly #partitionOptions: PartitionOptions
  readonly #replication: Replication | null
  /** Bytes sent to throttled followers, and fetched for throttled partitions. */
  readonly leaderQuota: ReplicationQuota
  readonly traffic = new TopicTraffic()
  /** For the validation of what is produced. */
  readonly appendTurns: TurnBudget
  /** Times that a partition led here lost, and gained, members of its ISR. */
  isrShrinkCount = 0
  isrExpandCount = 0
  readonly #followerQuota: ReplicationQuota
  readonly #backlog: MetadataBacklog
  readonly #isrSweeper: IsrSweeper
  readonly #brokerChanges: IsrSweeper
  /** Always the same object in service. */
  #image: MetadataImage | null = null
  #isSweepArmed = false
  #isClosed = false
  #isrTimer: Timer | null = null

  constructor(env: Env, logManager: LogManager, options: ReplicaManagerOptions) {
    this.#env = env
    this.#logManager = logManager
    this.#options = options
    this.#backlog = new MetadataBacklog(env.clock, {
      apply: (topicId, partitionIndex) => this.#apply(topicId, partitionIndex),
      remove: partition => this.#removePartition(partition),
    })
    const all = () => this.partitions()
    this.#isrSweeper = new IsrSweeper(env.clock, all, each => each.sweepIsr())
    this.#brokerChanges = new IsrSweeper(env.clock, all, each => each.brokersChanged())
    const { nodeId, replication: links } = options
    this.leaderQuota = new ReplicationQuota(env, () => rateOf(links, 'leader'))
    this.#followerQuota = new ReplicationQuota(env, () => rateOf(links, 'follower'))
    this.#replication = links === undefined ? null : this.#connect(links)
    this.appendTurns = new TurnBudget(env.clock, BATCH_BYTES_A_TURN)
    this.#partitionOptions = {
      nodeId,
      authority:
        this.#replication === null
          ? null
          : new NodeAuthority(nodeId, this.#replication.links, this.#replication.changes),
      guard: links?.guard ?? null,
      turns: this.appendTurns,
      onLateLeader: partition => this.#tellLeader(partition),
      onDiskFull: partition => {
        this.#full.add(partition)
        options.onDiskFull?.()
      },
    }
    this.#scheduleIsrSweep()
  }

  #connect(links: ReplicationLinks): Replication {
    const changes = new IsrChanges(this.#env, links.isrChannel)
    const { nodeId } = this.#options
    const fetchers = new ReplicaFetchers(this.#env, nodeId, links, this.#followerQuota)
    return { links, changes, fetchers }
  }

  /** The partition if this broker has a replica of it. */
  getPartition(topic: string, partitionIndex: number): Partition | undefined {
    return this.#byName.get(topic)?.partitions[partitionIndex]
  }

  getPartitionById(topicId: string, partitionIndex: number): Partition | undefined {
    return this.#byId.get(topicId)?.partitions[partitionIndex]
  }

  /** All partitions that this broker has a replica of. */
  *partitions(): Generator<Partition> {
    for (const topic of this.#byName.values()) {
      for (const partition of topic.partitions) if (partition !== undefined) yield partition
    }
  }

  /** Whose log refuses appends because the disk is full. */
  fullPartitions(): Iterable<Partition> {
    for (const partition of this.#full) {
      if (partition.isClosed || !partition.log.isFull) this.#full.delete(partition)
    }
    return this.#full
  }

  /** Hears of every leadership from now on; those that exist are told at once. */
  addLeadershipListener(listener: LeadershipListener): void {
    this.#listeners.push(listener)
    for (const partition of this.partitions()) {
      if (partition.isLeader) listener.onLeader(partition)
    }
  }

  /**
   * Applies what changed; without a delta all of the image (at the start). Of many changes some are
   * applied later: see `whenApplied`.
   */
  applyImage(image: MetadataImage, delta?: MetadataDelta): void {
    this.#image = image
    for (const topic of delta?.removedTopics ?? []) this.#removeTopic(topic)
    // First: a new topic's settings come with it, and its partitions are made with them.
    if (delta !== undefined && delta.changedConfigs.size > 0) {
      this.updateConfigs(delta.changedConfigs)
    }
    if (delta === undefined) {
      for (const topic of image.topics) this.#noteAll(topic)
    } else {
      for (const [topicId, indexes] of delta.changedPartitions) {
        for (const partitionIndex of indexes) this.#note(topicId, partitionIndex)
      }
    }
    this.#backlog.run()
    // Who was not let into an ISR before may be now, and an idle follower has no reason to ask again.
    if (delta !== undefined && delta.changedBrokerIds.size > 0) this.#brokerChanges.start()
  }

  /** Changes that are not applied yet. */
  get backlogSize(): number {
    return this.#backlog.size
  }

  /** Resolves when all partitions are what the image says, or when this is closed. */
  whenApplied(): Promise<void> {
    return this.#backlog.whenEmpty()
  }

  /**
   * Sets logs aside that no partition of this broker has: of topics that were deleted, or moved away,
   * while it was down (R17). Only for an image that is up to date, after all of it was applied.
   */
  removeStrays(): void {
    assert(this.#backlog.size === 0, 'partitions that are still to be made have logs')
    if (this.#isClosed) return
    for (const { topic, topicId, partitionIndex } of [...this.#logManager.logs()]) {
      if (topic === METADATA_TOPIC) continue
      if (this.getPartitionById(topicId, partitionIndex) !== undefined) continue
      // Which topic it was; that it has been set aside, and where, is said when that is done.
      this.#env.log.info('a log of no partition', { topic, topicId, partitionIndex })
      const done = this.#logManager.setAside(topic, partitionIndex)
      this.#env.log.background(done, `setting ${topic}-${partitionIndex} aside`)
    }
  }

  /** Keys of the changed resources as in the delta; broker settings are defaults of all topics. */
  updateConfigs(changed: ReadonlySet<string>): void {
    const hasBrokerChange = [...changed].some(key => key.startsWith(BROKER_RESOURCE_PREFIX))
    for (const topic of this.#byName.values()) {
      if (!hasBrokerChange && !changed.has(TOPIC_RESOURCE_PREFIX + topic.name)) continue
      const config = this.#options.configOf(topic.name)
      topic.config = config
      for (const partition of topic.partitions) {
        if (partition === undefined) continue
        partition.log.updateConfig(config.log)
        partition.updateConfig(config)
        this.#replication?.fetchers.recheck(partition)
      }
    }
  }

  /** Its acks are looked after: they end in REQUEST_TIMED_OUT when their time is up. */
  watchAcks(partition: Partition): void {
    this.#awaiting.add(partition)
    if (this.#isSweepArmed) return
    this.#isSweepArmed = true
    this.#env.clock.after(ACK_SWEEP_MS, () => this.#sweep())
  }

  /** Stops serving; logs are closed by their manager. */
  close(): void {
    this.#isClosed = true
    this.#backlog.close()
    this.#isrSweeper.close()
    this.#brokerChanges.close()
    this.#isrTimer?.cancel()
    this.#replication?.fetchers.close()
    this.#replication?.changes.close()
    for (const partition of this.partitions()) {
      if (partition.isLeader) this.#tellNotLeader(partition)
      partition.close()
    }
    this.#byName.clear()
    this.#byId.clear()
    this.#awaiting.clear()
  }

  #sweep(): void {
    this.#isSweepArmed = false
    const nowMs = this.#env.clock.monotonicMs()
    for (const partition of this.#awaiting) {
      partition.expireAcks(nowMs)
      if (!partition.hasPendingAcks) this.#awaiting.delete(partition)
    }
    if (this.#awaiting.size === 0 || this.#isSweepArmed) return
    this.#isSweepArmed = true
    this.#env.clock.after(ACK_SWEEP_MS, () => this.#sweep())
  }

  #scheduleIsrSweep(): void {
    if (this.#replication === null) return
    const lagTimeMaxMs = this.#replication.links.settings.get('replica.lag.time.max.ms')
    this.#isrTimer = this.#env.clock.after(lagTimeMaxMs / 2, () => {
      this.#isrSweeper.start()
      this.#scheduleIsrSweep()
    })
  }

  #noteAll({ topicId, partitions }: TopicImage): void {
    for (const { partitionIndex } of partitions) this.#note(topicId, partitionIndex)
  }

  /** To be brought to what the image says, if it concerns this broker. */
  #note(topicId: string, partitionIndex: number): void {
    const image = this.#image?.partitionById(topicId, partitionIndex)
    if (image === undefined) return
    const { nodeId } = this.#options
    const current = this.getPartitionById(topicId, partitionIndex)
    if (current === undefined) {
      if (image.replicas.includes(nodeId)) this.#backlog.add('new', topicId, partitionIndex)
      return
    }
    const isLed = image.leader === nodeId || current.leaderId === nodeId
    this.#backlog.add(isLed ? 'leading' : 'others', topicId, partitionIndex)
  }

  #apply(topicId: string, partitionIndex: number): void {
    const topic = this.#image?.topicById(topicId)
    const image = topic?.partitions[partitionIndex]
    if (topic === undefined || image === undefined) return
    const isHere = image.replicas.includes(this.#options.nodeId)
    const hosted = this.#byId.get(topicId)
    const current = hosted?.partitions[partitionIndex]
    if (current === undefined) {
      if (isHere) this.#createPartition(hosted ?? this.#hostTopic(topic), image)
    } else if (isHere) {
      this.#applyPartition(current, image)
    } else {
      if (hosted !== undefined) hosted.partitions[partitionIndex] = undefined
      this.#removePartition(current)
    }
  }

  /**
   * A broker that starts is fenced, and by the time that it is not, what its predecessor led has been
   * decided anew. Until then nobody leads that: what was written in that epoch may be lost here, and the
   * same offsets must not be written twice in one epoch (R14). Only a sole replica may lead at once: in
   * the same epoch if its predecessor stopped in order, else in one that its log does not know, which was
   * decided after the crash.
   */
  #asFound(image: PartitionImage, log: Log): PartitionImage {
    const { nodeId } = this.#options
    const self = this.#image?.brokers.get(nodeId)
    if (image.leader !== nodeId || self?.fenced !== true) return image
    const isSole = image.replicas.length === 1
    const mayLead = isSole && (!self.isSuspect || image.leaderEpoch > log.latestEpoch)
    return mayLead ? image : { ...image, leader: -1 }
  }

  #hostTopic({ name, topicId }: TopicImage): HostedTopic {
    const config = this.#options.configOf(name)
    const hosted: HostedTopic = { name, topicId, config, partitions: [] }
    this.#byName.set(name, hosted)
    this.#byId.set(topicId, hosted)
    return hosted
  }

  #createPartition(hosted: HostedTopic, image: PartitionImage): void {
    const { name, topicId, config } = hosted
    const log = this.#logManager.getOrCreate(name, topicId, image.partitionIndex, config.log)
    const start = { topic: name, image: this.#asFound(image, log), config }
    const partition = new Partition(this.#env, this.#partitionOptions, log, start)
    hosted.partitions[image.partitionIndex] = partition
    if (partition.isLeader) this.#tellLeader(partition)
    this.#followOrNot(partition)
  }

  #followOrNot(partition: Partition): void {
    const fetchers = this.#replication?.fetchers
    if (partition.isFollower) fetchers?.follow(partition)
    else fetchers?.unfollow(partition)
  }

  #applyPartition(partition: Partition, image: PartitionImage): void {
    const wasLeader = partition.isLeader
    const epochBefore = partition.leaderEpoch
    const isrBefore = partition.imageIsr.length
    partition.applyImage(image)
    if (partition.isLeader && image.isr.length < isrBefore) this.isrShrinkCount++
    if (partition.isLeader && image.isr.length > isrBefore) this.isrExpandCount++
    if (wasLeader && (!partition.isLeader || partition.leaderEpoch !== epochBefore)) {
      this.#tellNotLeader(partition)
    }
    if (partition.isLeader && (!wasLeader || partition.leaderEpoch !== epochBefore)) {
      this.#tellLeader(partition)
    }
    this.#followOrNot(partition)
  }

  #removeTopic(topic: TopicImage): void {
    const hosted = this.#byId.get(topic.topicId)
    if (hosted === undefined) return
    this.#byId.delete(topic.topicId)
    if (this.#byName.get(topic.name) === hosted) this.#byName.delete(topic.name)
    this.traffic.forget(topic.name)
    for (const partition of hosted.partitions) {
      if (partition !== undefined) this.#backlog.addRemoved(partition)
    }
  }

  #removePartition(partition: Partition): void {
    const { topic, partitionIndex } = partition
    this.#replication?.fetchers.unfollow(partition)
    if (partition.isLeader) this.#tellNotLeader(partition)
    partition.close()
    this.#awaiting.delete(partition)
    const deletion = this.#logManager.deleteLog(topic, partitionIndex)
    this.#env.log.background(deletion, `deletion of ${topic}-${partitionIndex}`)
  }

  #tellLeader(partition: Partition): void {
    for (const listener of this.#listeners) listener.onLeader(partition)
  }

  #tellNotLeader(partition: Partition): void {
    for (const listener of this.#listeners) listener.onNotLeader(partition)
  }
}

function rateOf(links: ReplicationLinks | undefined, side: 'leader' | 'follower'): number {
  return links?.settings.get(`${side}.replication.throttled.rate`) ?? Number.POSITIVE_INFINITY
}

// configResourceKey of the controller: resource type 2 is a topic, 4 a broker.
const TOPIC_RESOURCE_PREFIX = '2:'
const BROKER_RESOURCE_PREFIX = '4:'
