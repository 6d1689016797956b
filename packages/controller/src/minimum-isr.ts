// What a change of min.insync.replicas means for who is eligible (KIP-966). With a lower minimum a
// smaller ISR commits again: who is in the ELR by the old one need not have what is committed then, so
// it leaves the ELR in the same decision.

import { type EffectiveSettings, MIN_INSYNC_REPLICAS } from './effective-settings.ts'
import type { MetadataImage } from './image.ts'
import { partitionChange } from './partition-change.ts'
import { CONFIG_RESOURCE, type MetadataRecord, type PartitionChangeRecord } from './records.ts'
import type { ConfigChange } from './requests.ts'

/** Null if the minimum stays one that all nodes go by; the words are Kafka's. */
export function minimumProblem(
  { resourceType, resourceName }: ConfigChange,
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string | null {
  if (resourceType !== CONFIG_RESOURCE.broker) return null
  const isRemoved = before.has(MIN_INSYNC_REPLICAS) && !after.has(MIN_INSYNC_REPLICAS)
  if (resourceName !== '' && after.has(MIN_INSYNC_REPLICAS)) {
    return 'Broker-level min.insync.replicas cannot be altered while ELR is enabled.'
  }
  if (!isRemoved || resourceName !== '') return null
  return 'Cluster-level min.insync.replicas cannot be removed while ELR is enabled.'
}

/** The changes of partitions that follow from changes of settings. */
export function newMinimum(
  image: MetadataImage,
  settings: EffectiveSettings,
  changes: readonly MetadataRecord[],
): PartitionChangeRecord[] {
  const ofTopics = new Map<string, string | null>()
  let ofAll: string | null = null
  for (const change of changes) {
    if (change.kind !== 'config' || change.key !== MIN_INSYNC_REPLICAS) continue
    if (change.resourceType === CONFIG_RESOURCE.topic) {
      ofTopics.set(change.resourceName, change.value)
    } else if (change.resourceType === CONFIG_RESOURCE.broker) ofAll = change.value
  }
  if (ofAll === null && ofTopics.size === 0) return []
  const records: PartitionChangeRecord[] = []
  const general = ofAll === null ? settings.defaultMinInsyncReplicas() : Number(ofAll)
  for (const { topicId, partitionIndex } of image.index.withElr) {
    const topic = image.topicById(topicId)
    const partition = topic?.partitions[partitionIndex]
    if (topic === undefined || partition === undefined) continue
    const own = ofTopics.has(topic.name)
      ? ofTopics.get(topic.name)
      : image.topicConfigs(topic.name).get(MIN_INSYNC_REPLICAS)
    const minInsyncReplicas = Math.max(1, Number(own ?? general))
    const record = partitionChange(
      partition,
      {},
      { ...settings.rulesOf(topic.name), minInsyncReplicas },
    )
    if (record !== null) records.push(record)
  }
  return records
}
