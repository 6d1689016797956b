// Which replica a consumer should read from (KIP-392): with replica.selector.class=RackAwareReplicaSelector
// one in its own rack, the leader if that is there, else the one that has most.

import type { Partition } from '../partition/partition.ts'
import type { Services } from '../services.ts'

export interface ConsumerPlace {
  readonly rackId: string
  readonly fetchOffset: number
}

/** The broker id of a follower; -1: the leader, which is this broker. */
export function nearestReplica(
  services: Services,
  partition: Partition,
  { rackId, fetchOffset }: ConsumerPlace,
): number {
  const selector = services.settings.get('replica.selector.class')
  if (selector === null || !selector.endsWith('RackAwareReplicaSelector')) return -1
  const { brokers } = services.metadata
  if (brokers.get(services.nodeId)?.rack === rackId) return -1
  let best = -1
  let bestEndOffset = -1
  for (const replicaId of partition.replicas) {
    const follower = partition.leaderState?.follower(replicaId)
    const broker = brokers.get(replicaId)
    if (follower === undefined || broker?.rack !== rackId || broker.fenced) continue
    const { logStartOffset, logEndOffset } = follower
    if (fetchOffset < logStartOffset || fetchOffset > logEndOffset) continue
    if (logEndOffset <= bestEndOffset) continue
    best = replicaId
    bestEndOffset = logEndOffset
  }
  return best
}
