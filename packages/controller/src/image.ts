// The cluster's metadata as replayed records: topics, partitions, brokers, settings, features. The
// active controller decides on one of these; every broker reads another one, fed with committed
// batches only. Plain mutable maps: a batch is applied in one turn, no reader sees half of it.
//
// Invariants: a topic is in topicsByName and topicsById or in neither; its partitions are dense from
// 0; changes happen through `replay` and nothing else; entries are replaced, not edited, so that a
// reader may keep a PartitionImage over an await and compare it by identity.

import { assert } from '@weir/core'
import { PartitionIndex } from './partition-index.ts'
import {
  type BrokerChangeRecord,
  CONFIG_RESOURCE,
  type MetadataRecord,
  type PartitionChangeRecord,
  type PartitionRecord,
  type RegisterBrokerRecord,
} from './records.ts'

/** One partition, immutable; a change makes a new one. */
export type PartitionImage = Omit<PartitionRecord, 'kind'>
/** One broker, immutable. */
export type BrokerImage = Omit<RegisterBrokerRecord, 'kind'>

export interface TopicImage {
  readonly name: string
  readonly topicId: string
  /** Indexed by partition; dense. */
  readonly partitions: readonly PartitionImage[]
}

const NO_CONFIGS: ReadonlyMap<string, string> = new Map()

/** What a batch of records changed; the publisher passes it on with the image. */
export class MetadataDelta {
  /**
   * By the ids of topics that were created or whose partitions changed, and still exist: the partitions
   * that did, in the order of the changes; one may be there several times.
   */
  readonly changedPartitions = new Map<string, number[]>()
  readonly removedTopics: TopicImage[] = []
  /** Keys as made by `configResourceKey`. */
  readonly changedConfigs = new Set<string>()
  readonly changedBrokerIds = new Set<number>()
}

export function configResourceKey(resourceType: number, resourceName: string): string {
  return `${resourceType}:${resourceName}`
}

export class MetadataImage {
  readonly #topicsByName = new Map<string, TopicImage>()
  readonly #topicsById = new Map<string, TopicImage>()
  readonly #brokers = new Map<number, BrokerImage>()
  readonly #configs = new Map<string, Map<string, string>>()
  readonly #features = new Map<string, number>()
  #index = new PartitionIndex()
  /** Partition lists that this image may grow in place: nobody else has them. */
  #ownLists = new WeakSet<readonly PartitionImage[]>()
  #clusterId: string | null = null
  #nextProducerId = 0

  /** Null until the first leader has written it. */
  get clusterId(): string | null {
    return this.#clusterId
  }

  /** In no particular order. */
  get topics(): Iterable<TopicImage> {
    return this.#topicsByName.values()
  }

  get topicCount(): number {
    return this.#topicsByName.size
  }

  get brokers(): ReadonlyMap<number, BrokerImage> {
    return this.#brokers
  }

  /** Finalised features with their levels. */
  get features(): ReadonlyMap<string, number> {
    return this.#features
  }

  get nextProducerId(): number {
    return this.#nextProducerId
  }

  topic(name: string): TopicImage | undefined {
    return this.#topicsByName.get(name)
  }

  topicById(topicId: string): TopicImage | undefined {
    return this.#topicsById.get(topicId)
  }

  partition(topicName: string, partitionIndex: number): PartitionImage | undefined {
    return this.#topicsByName.get(topicName)?.partitions[partitionIndex]
  }

  partitionById(topicId: string, partitionIndex: number): PartitionImage | undefined {
    return this.#topicsById.get(topicId)?.partitions[partitionIndex]
  }

  /** Finds partitions by what they have in common; follows each change. */
  get index(): PartitionIndex {
    return this.#index
  }

  /** Registered, unfenced and not about to stop. */
  isActive(brokerId: number): boolean {
    const broker = this.#brokers.get(brokerId)
    return broker !== undefined && !broker.fenced && !broker.inControlledShutdown
  }

  /** The overrides of one resource; empty if it has none. Broker '' is the cluster-wide default. */
  configs(resourceType: number, resourceName: string): ReadonlyMap<string, string> {
    return this.#configs.get(configResourceKey(resourceType, resourceName)) ?? NO_CONFIGS
  }

  topicConfigs(name: string): ReadonlyMap<string, string> {
    return this.configs(CONFIG_RESOURCE.topic, name)
  }

  /** Names of the resources of a type that have at least one override. */
  configuredResources(resourceType: number): string[] {
    const prefix = `${resourceType}:`
    const names: string[] = []
    for (const key of this.#configs.keys()) {
      if (key.startsWith(prefix)) names.push(key.slice(prefix.length))
    }
    return names
  }

  /** Applies one record; the only way to change the image. */
  replay(record: MetadataRecord, delta?: MetadataDelta): void {
    switch (record.kind) {
      case 'clusterId':
        this.#clusterId = record.clusterId
        return
      case 'feature':
        if (record.level === 0) this.#features.delete(record.name)
        else this.#features.set(record.name, record.level)
        return
      case 'topic':
        this.#addTopic({ name: record.name, topicId: record.topicId, partitions: [] }, delta)
        return
      case 'removeTopic':
        this.#removeTopic(record.topicId, delta)
        return
      case 'partition':
        this.#setPartition(record, delta)
        return
      case 'partitionChange':
        this.#changePartition(record, delta)
        return
      case 'config':
        this.#setConfig(record.resourceType, record.resourceName, record.key, record.value)
        delta?.changedConfigs.add(configResourceKey(record.resourceType, record.resourceName))
        return
      case 'registerBroker': {
        const { kind: _, ...broker } = record
        this.#brokers.set(record.brokerId, broker)
        delta?.changedBrokerIds.add(record.brokerId)
        return
      }
      case 'brokerChange':
        this.#changeBroker(record, delta)
        return
      case 'unregisterBroker':
        this.#brokers.delete(record.brokerId)
        delta?.changedBrokerIds.add(record.brokerId)
        return
      case 'producerIds':
        assert(record.nextProducerId >= this.#nextProducerId, 'producer ids go back', {
          next: record.nextProducerId,
          current: this.#nextProducerId,
        })
        this.#nextProducerId = record.nextProducerId
    }
  }

  /** Another image of the same, which changes on its own. Costs by topics, not by partitions. */
  copy(): MetadataImage {
    const copy = new MetadataImage()
    copy.become(this)
    return copy
  }

  /** Takes the state of another image over. The entries are shared: neither grows a list in place. */
  become(other: MetadataImage): void {
    replaceAll(this.#topicsByName, other.#topicsByName)
    replaceAll(this.#topicsById, other.#topicsById)
    replaceAll(this.#brokers, other.#brokers)
    replaceAll(this.#features, other.#features)
    this.#configs.clear()
    for (const [key, values] of other.#configs) this.#configs.set(key, new Map(values))
    this.#clusterId = other.#clusterId
    this.#nextProducerId = other.#nextProducerId
    this.#index = other.#index.copy()
    this.#ownLists = new WeakSet()
    other.#ownLists = new WeakSet()
  }

  /** Keys of all resources with overrides, as made by `configResourceKey`. */
  get configuredKeys(): Iterable<string> {
    return this.#configs.keys()
  }

  configsOf(key: string): ReadonlyMap<string, string> {
    return this.#configs.get(key) ?? NO_CONFIGS
  }

  /** The records from which an empty image becomes this one: a snapshot. */
  *records(): Generator<MetadataRecord> {
    if (this.#clusterId !== null) yield { kind: 'clusterId', clusterId: this.#clusterId }
    for (const [name, level] of this.#features) yield { kind: 'feature', name, level }
    for (const broker of this.#brokers.values()) yield { kind: 'registerBroker', ...broker }
    for (const { name, topicId, partitions } of this.#topicsByName.values()) {
      yield { kind: 'topic', name, topicId }
      // Invariant: the entries are the records themselves (#setPartition), so nothing is copied.
      yield* partitions as Iterable<PartitionRecord>
    }
    for (const [resource, values] of this.#configs) {
      const colon = resource.indexOf(':')
      const resourceType = Number(resource.slice(0, colon))
      const resourceName = resource.slice(colon + 1)
      for (const [key, value] of values) {
        yield { kind: 'config', resourceType, resourceName, key, value }
      }
    }
    if (this.#nextProducerId > 0) {
      yield { kind: 'producerIds', nextProducerId: this.#nextProducerId }
    }
  }

  #addTopic(topic: TopicImage, delta: MetadataDelta | undefined): void {
    const { name, topicId } = topic
    assert(!this.#topicsByName.has(name), 'topic is there already', { name, topicId })
    assert(!this.#topicsById.has(topicId), 'topic id is in use', { name, topicId })
    this.#topicsByName.set(name, topic)
    this.#topicsById.set(topicId, topic)
    this.#ownLists.add(topic.partitions)
    delta?.changedPartitions.set(topicId, [])
  }

  #removeTopic(topicId: string, delta: MetadataDelta | undefined): void {
    const topic = this.#topicsById.get(topicId)
    assert(topic !== undefined, 'removal of an unknown topic', { topicId })
    this.#topicsById.delete(topicId)
    this.#topicsByName.delete(topic.name)
    for (const partition of topic.partitions) this.#index.update(partition, undefined)
    this.#configs.delete(configResourceKey(CONFIG_RESOURCE.topic, topic.name))
    delta?.changedPartitions.delete(topicId)
    delta?.removedTopics.push(topic)
  }

  #changePartition(record: PartitionChangeRecord, delta: MetadataDelta | undefined): void {
    const before = this.#topicsById.get(record.topicId)?.partitions[record.partitionIndex]
    assert(before !== undefined, 'change of an unknown partition', {
      topicId: record.topicId,
      index: record.partitionIndex,
    })
    this.#setPartition(changedPartition(before, record), delta)
  }

  #changeBroker(record: BrokerChangeRecord, delta: MetadataDelta | undefined): void {
    const { brokerId, fenced, inControlledShutdown } = record
    const broker = this.#brokers.get(brokerId)
    assert(broker?.brokerEpoch === record.brokerEpoch, 'change of another registration', {
      brokerId,
      brokerEpoch: record.brokerEpoch,
      current: broker?.brokerEpoch,
    })
    this.#brokers.set(brokerId, {
      ...broker,
      fenced: fenced ?? broker.fenced,
      inControlledShutdown: inControlledShutdown ?? broker.inControlledShutdown,
      isSuspect: broker.isSuspect && fenced !== false,
    })
    delta?.changedBrokerIds.add(brokerId)
  }

  /** The record itself becomes the entry: the controller's image and the broker's share it. */
  #setPartition(partition: PartitionRecord, delta: MetadataDelta | undefined): void {
    const topic = this.#topicsById.get(partition.topicId)
    const index = partition.partitionIndex
    assert(topic !== undefined, 'partition of an unknown topic', { topicId: partition.topicId })
    assert(index <= topic.partitions.length, 'partitions are not dense', {
      topic: topic.name,
      index,
      count: topic.partitions.length,
    })
    // In place where nobody else has the list: a topic is created, and after a failure changed,
    // partition by partition, and that has to stay linear. Only `replay` does it, within one turn.
    let { partitions } = topic
    if (!this.#ownLists.has(partitions)) {
      partitions = partitions.slice()
      this.#ownLists.add(partitions)
      const changed = { ...topic, partitions }
      this.#topicsByName.set(topic.name, changed)
      this.#topicsById.set(topic.topicId, changed)
    }
    this.#index.update(partitions[index], partition)
    ;(partitions as PartitionImage[])[index] = partition
    if (delta !== undefined) noteChange(delta, topic.topicId, index)
  }

  #setConfig(type: number, name: string, key: string, value: string | null): void {
    const resource = configResourceKey(type, name)
    let values = this.#configs.get(resource)
    if (value !== null) {
      if (values === undefined) {
        values = new Map()
        this.#configs.set(resource, values)
      }
      values.set(key, value)
      return
    }
    values?.delete(key)
    if (values?.size === 0) this.#configs.delete(resource)
  }
}

/** The partition with what the record says; what it does not say stays. */
export function changedPartition(
  before: PartitionImage,
  record: PartitionChangeRecord,
): PartitionRecord {
  return {
    kind: 'partition',
    topicId: before.topicId,
    partitionIndex: before.partitionIndex,
    replicas: record.replicas ?? before.replicas,
    isr: record.isr ?? before.isr,
    addingReplicas: record.addingReplicas ?? before.addingReplicas,
    removingReplicas: record.removingReplicas ?? before.removingReplicas,
    elr: record.elr ?? before.elr,
    lastKnownElr: record.lastKnownElr ?? before.lastKnownElr,
    leader: record.leader ?? before.leader,
    leaderRecoveryState: record.leaderRecoveryState ?? before.leaderRecoveryState,
    leaderEpoch: record.leaderEpoch ?? before.leaderEpoch,
    partitionEpoch: record.partitionEpoch,
  }
}

function noteChange(delta: MetadataDelta, topicId: string, partitionIndex: number): void {
  const indexes = delta.changedPartitions.get(topicId)
  if (indexes === undefined) delta.changedPartitions.set(topicId, [partitionIndex])
  else indexes.push(partitionIndex)
}

function replaceAll<K, V>(target: Map<K, V>, source: ReadonlyMap<K, V>): void {
  target.clear()
  for (const [key, value] of source) target.set(key, value)
}
