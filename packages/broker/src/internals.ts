// Parts of a node for the simulation of a cluster, which breaks their rules one at a time to see that it
// notices. Nothing else may use them.

export { FollowerState } from './partition/follower-state.ts'
export { LeaderState } from './partition/leader-state.ts'
export { Partition } from './partition/partition.ts'
export { PendingAcks } from './partition/pending-acks.ts'
export { FollowedPartition } from './replication/followed-partition.ts'
export { IsrChanges } from './replication/isr-changes.ts'
export { NodeAuthority } from './replication/node-authority.ts'
export { PartitionApplier } from './replication/partition-applier.ts'
export { PauseGuard } from './replication/pause-guard.ts'
export { ReplicaFetcher } from './replication/replica-fetcher.ts'
