// Partitions that are not as they should be: behind, without a leader, short of in-sync replicas.
import {
  type Cluster,
  describeConfigs,
  listTopics,
  type PartitionInfo,
  type TopicInfo,
} from '@weir/client'

export interface PartitionHealth extends PartitionInfo {
  readonly topic: string
  /** How many in-sync replicas acks=all needs; null where it was not asked for. */
  readonly minIsr: number | null
}

export const HEALTH_FILTERS = [
  'under-replicated',
  'offline',
  'under-min-isr',
  'at-min-isr',
] as const

export type HealthFilter = (typeof HEALTH_FILTERS)[number]

/** Partitions for which one of the filters holds, of these topics or (null) of all. */
export async function partitionsInNeed(
  cluster: Cluster,
  names: readonly string[] | null,
  filters: readonly HealthFilter[],
): Promise<PartitionHealth[]> {
  const all = await listTopics(cluster)
  const topics = names === null ? all : all.filter(topic => names.includes(topic.name))
  const needsMinIsr = filters.some(filter => filter.endsWith('min-isr'))
  const found: PartitionHealth[] = []
  for (const topic of topics) {
    const minIsr = needsMinIsr ? await minIsrOf(cluster, topic) : null
    for (const partition of topic.partitions) {
      const health = { topic: topic.name, ...partition, minIsr }
      if (filters.some(filter => holds(filter, health))) found.push(health)
    }
  }
  return found
}

function holds(filter: HealthFilter, partition: PartitionHealth): boolean {
  const inSync = partition.isr.length
  switch (filter) {
    case 'under-replicated':
      return inSync < partition.replicas.length
    case 'offline':
      return partition.leaderId < 0
    case 'under-min-isr':
      return inSync < (partition.minIsr ?? 1)
    case 'at-min-isr':
      return inSync === (partition.minIsr ?? 1)
  }
}

/** As the brokers see it: not more than there are replicas. */
async function minIsrOf(cluster: Cluster, topic: TopicInfo): Promise<number> {
  const resource = { type: 'topic', name: topic.name } as const
  const { entries } = await describeConfigs(cluster, resource, { names: ['min.insync.replicas'] })
  const replicas = topic.partitions[0]?.replicas.length ?? 1
  return Math.min(Number(entries[0]?.value ?? 1), Math.max(1, replicas))
}
