// A limit for the copying that a reassignment causes: a rate on each broker that takes part, and on
// each topic the replicas that it is for, so that followers that merely keep up are not slowed down.
import {
  alterConfigs,
  type Cluster,
  type ConfigChange,
  describeCluster,
  describeConfigs,
} from '@weir/client'
import type { PlannedMove } from './reassignment-plan.ts'

const RATES = ['leader.replication.throttled.rate', 'follower.replication.throttled.rate'] as const
const REPLICAS = {
  leader: 'leader.replication.throttled.replicas',
  follower: 'follower.replication.throttled.replicas',
} as const

export interface ThrottledReplicas {
  /** PARTITION:BROKER,...: those that are read from, all that there were. */
  readonly leader: string
  /** Those that are copied to. */
  readonly follower: string
}

/** By topic. */
export function throttledReplicas(moves: readonly PlannedMove[]): Map<string, ThrottledReplicas> {
  const topics = new Map<string, { leader: string[]; follower: string[] }>()
  for (const { topic, partition, from, to } of moves) {
    const lists = topics.get(topic) ?? { leader: [], follower: [] }
    topics.set(topic, lists)
    lists.leader.push(...from.map(nodeId => `${partition}:${nodeId}`))
    lists.follower.push(
      ...to.filter(nodeId => !from.includes(nodeId)).map(nodeId => `${partition}:${nodeId}`),
    )
  }
  return new Map(
    [...topics].map(([topic, { leader, follower }]) => [
      topic,
      { leader: leader.join(','), follower: follower.join(',') },
    ]),
  )
}

/** Before the moves begin. Throws KafkaError. */
export async function setThrottle(
  cluster: Cluster,
  moves: readonly PlannedMove[],
  bytesPerSecond: number,
): Promise<void> {
  for (const [topic, replicas] of throttledReplicas(moves)) {
    await alterConfigs(cluster, { type: 'topic', name: topic }, [
      { name: REPLICAS.leader, value: replicas.leader },
      { name: REPLICAS.follower, value: replicas.follower },
    ])
  }
  const brokers = new Set(moves.flatMap(({ from, to }) => [...from, ...to]))
  for (const nodeId of [...brokers].sort((a, b) => a - b)) {
    await alterConfigs(
      cluster,
      { type: 'broker', name: String(nodeId) },
      RATES.map(name => ({ name, value: String(bytesPerSecond) })),
    )
  }
}

export interface RemovedThrottle {
  readonly brokers: readonly number[]
  readonly topics: readonly string[]
}

/** Takes away what `setThrottle` and its Kafka equal have set, of all brokers and of these topics. */
export async function removeThrottle(
  cluster: Cluster,
  topics: readonly string[],
): Promise<RemovedThrottle> {
  const removed = { brokers: [] as number[], topics: [] as string[] }
  const { brokers } = await describeCluster(cluster)
  for (const { nodeId, isFenced } of brokers) {
    if (isFenced) continue
    const resource = { type: 'broker', name: String(nodeId) } as const
    const { entries } = await describeConfigs(cluster, resource, { names: RATES })
    const set = entries.filter(entry => entry.source === 'DYNAMIC_BROKER_CONFIG')
    if (set.length === 0) continue
    await alterConfigs(cluster, resource, set.map(unset))
    removed.brokers.push(nodeId)
  }
  for (const topic of topics) {
    const resource = { type: 'topic', name: topic } as const
    const names = Object.values(REPLICAS)
    const { entries } = await describeConfigs(cluster, resource, { names })
    const set = entries.filter(entry => entry.source === 'DYNAMIC_TOPIC_CONFIG')
    if (set.length === 0) continue
    await alterConfigs(cluster, resource, set.map(unset))
    removed.topics.push(topic)
  }
  return removed
}

function unset({ name }: { readonly name: string }): ConfigChange {
  return { name, value: null }
}
