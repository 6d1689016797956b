import type { Sample, Samples } from '@weir/core/metrics'
import type { QuorumStatus } from '@weir/quorum'
import type { ControlServices, Services } from '../services.ts'

const NO_LEADER = -1

export function clusterMetrics({ metadata, metadataOffset, quorum }: ControlServices): Samples {
  let offline = 0
  for (const topic of metadata.topics) {
    for (const partition of topic.partitions) if (partition.leader < 0) offline++
  }
  let fenced = 0
  for (const broker of metadata.brokers.values()) if (broker.fenced) fenced++
  const status = quorum().status()
  return {
    weir_partitions_offline: [{ value: offline }],
    weir_topics: [{ value: metadata.topicCount }],
    weir_brokers: [
      { labels: ['unfenced'], value: metadata.brokers.size - fenced },
      { labels: ['fenced'], value: fenced },
    ],
    weir_metadata_offset: [{ value: metadataOffset() }],
    weir_quorum_leader_id: [{ value: status.leaderId ?? NO_LEADER }],
    weir_quorum_epoch: [{ value: status.leaderEpoch }],
    weir_quorum_high_watermark: [{ value: status.highWatermark }],
    weir_quorum_replica_lag: replicaLags(status),
  }
}

/** Known to the leader only. */
function replicaLags({ replicas }: QuorumStatus): Sample[] {
  const endOffset = Math.max(0, ...replicas.map(replica => replica.logEndOffset))
  return replicas.map(({ nodeId, kind, logEndOffset }) => ({
    labels: [String(nodeId), kind],
    value: endOffset - logEndOffset,
  }))
}

export function replicationMetrics({ replicaManager }: Services): Samples {
  let hosted = 0
  let led = 0
  let underReplicated = 0
  let underMinIsr = 0
  for (const partition of replicaManager.partitions()) {
    hosted++
    if (!partition.isLeader) continue
    led++
    if (partition.isr.length < partition.replicas.length) underReplicated++
    if (partition.checkInsyncReplicas() !== null) underMinIsr++
  }
  return {
    weir_partitions: [{ value: hosted }],
    weir_partitions_led: [{ value: led }],
    weir_partitions_under_replicated: [{ value: underReplicated }],
    weir_partitions_under_min_isr: [{ value: underMinIsr }],
    weir_isr_shrinks_total: [{ value: replicaManager.isrShrinkCount }],
    weir_isr_expands_total: [{ value: replicaManager.isrExpandCount }],
  }
}
