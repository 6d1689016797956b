// The topics of the cluster as the groups of this broker see them: the metadata image, and counts that
// grow with its changes, so that a group need not look again at what is the same.

import type { MetadataDelta, MetadataImage } from '@weir/controller'
import type { TopicsView } from '@weir/groups'

export class ClusterTopics implements TopicsView {
  changeCount = 0
  namesVersion = 0
  readonly #metadata: MetadataImage
  /** Those that `namesVersion` has counted. */
  readonly #topicIds = new Set<string>()

  constructor(metadata: MetadataImage) {
    this.#metadata = metadata
    for (const { topicId } of metadata.topics) this.#topicIds.add(topicId)
  }

  onMetadata({ removedTopics, changedPartitions, changedBrokerIds }: MetadataDelta): void {
    const haveTopicsChanged = removedTopics.length > 0 || changedPartitions.size > 0
    // Brokers bring racks, which are a part of what assignors look at.
    if (haveTopicsChanged || changedBrokerIds.size > 0) this.changeCount++
    for (const { topicId } of removedTopics) {
      if (this.#topicIds.delete(topicId)) this.namesVersion++
    }
    for (const topicId of changedPartitions.keys()) {
      if (this.#topicIds.has(topicId)) continue
      this.#topicIds.add(topicId)
      this.namesVersion++
    }
  }

  topicId(name: string): string | null {
    return this.#metadata.topic(name)?.topicId ?? null
  }

  topicName(topicId: string): string | null {
    return this.#metadata.topicById(topicId)?.name ?? null
  }

  partitionCount(name: string): number {
    return this.#metadata.topic(name)?.partitions.length ?? 0
  }

  racksOf(name: string, partitionIndex: number): readonly string[] {
    const replicas = this.#metadata.partition(name, partitionIndex)?.replicas ?? []
    return replicas.flatMap(brokerId => this.#metadata.brokers.get(brokerId)?.rack ?? [])
  }

  *names(): Generator<string> {
    for (const { name } of this.#metadata.topics) yield name
  }
}
