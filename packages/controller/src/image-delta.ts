// What changed between two images, for a node whose state a snapshot replaced: its parts have to
// follow as if they had heard of each change.

import { type BrokerImage, MetadataDelta, type MetadataImage, type TopicImage } from './image.ts'

/** What leads from `before` to `after`. */
export function deltaBetween(before: MetadataImage, after: MetadataImage): MetadataDelta {
  const delta = new MetadataDelta()
  for (const topic of before.topics) {
    if (after.topicById(topic.topicId) === undefined) delta.removedTopics.push(topic)
  }
  for (const topic of after.topics) {
    const old = before.topicById(topic.topicId)
    const changed = changedPartitions(old, topic)
    if (old === undefined || changed.length > 0) {
      delta.changedPartitions.set(topic.topicId, changed)
    }
  }
  for (const key of new Set([...before.configuredKeys, ...after.configuredKeys])) {
    if (!isSame(before.configsOf(key), after.configsOf(key))) delta.changedConfigs.add(key)
  }
  for (const id of new Set([...before.brokers.keys(), ...after.brokers.keys()])) {
    if (!isSameBroker(before.brokers.get(id), after.brokers.get(id))) delta.changedBrokerIds.add(id)
  }
  return delta
}

/** Every change of a partition raises its epoch; partitions are added, never taken away. */
function changedPartitions(before: TopicImage | undefined, after: TopicImage): number[] {
  const changed: number[] = []
  for (const { partitionIndex, partitionEpoch } of after.partitions) {
    if (partitionEpoch !== before?.partitions[partitionIndex]?.partitionEpoch) {
      changed.push(partitionIndex)
    }
  }
  return changed
}

function isSame(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): boolean {
  if (before.size !== after.size) return false
  for (const [key, value] of after) if (before.get(key) !== value) return false
  return true
}

/** A registration makes a new broker epoch; only these two change under it. */
function isSameBroker(before: BrokerImage | undefined, after: BrokerImage | undefined): boolean {
  return (
    before?.brokerEpoch === after?.brokerEpoch &&
    before?.fenced === after?.fenced &&
    before?.inControlledShutdown === after?.inControlledShutdown
  )
}
