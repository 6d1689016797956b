// Moves under way, with how far each is.
import {
  type Cluster,
  listReassignments,
  type OngoingReassignment,
  type TopicPartition,
} from '@weir/client'

export interface MoveProgress extends OngoingReassignment {
  /** Of `addingReplicas`, those that have everything. */
  readonly caughtUp: readonly number[]
}

export async function movesUnderWay(
  cluster: Cluster,
  partitions: readonly TopicPartition[] | null,
): Promise<MoveProgress[]> {
  const moves = await listReassignments(cluster, partitions)
  const topics = [...new Set(moves.map(move => move.topic))]
  if (topics.length > 0) await cluster.retry(() => cluster.refreshMetadata(topics))
  return moves.map(move => {
    const info = cluster
      .cachedTopic(move.topic)
      ?.partitions.find(({ partitionIndex }) => partitionIndex === move.partition)
    const inSync = info?.isr ?? []
    return { ...move, caughtUp: move.addingReplicas.filter(nodeId => inSync.includes(nodeId)) }
  })
}

export const PROGRESS_COLUMNS = [
  { title: 'TOPIC', cell: (row: MoveProgress) => row.topic },
  { title: 'PARTITION', cell: (row: MoveProgress) => row.partition, align: 'right' as const },
  { title: 'REPLICAS', cell: (row: MoveProgress) => row.replicas.join(',') },
  { title: 'ADDING', cell: (row: MoveProgress) => row.addingReplicas.join(',') },
  { title: 'CAUGHT UP', cell: (row: MoveProgress) => row.caughtUp.join(',') },
  { title: 'REMOVING', cell: (row: MoveProgress) => row.removingReplicas.join(',') },
]
