// All that this broker follows: a fetcher for each broker that leads some of it.

import type { Env } from '@weir/core'
import type { Partition } from '../partition/partition.ts'
import { FollowedPartition } from './followed-partition.ts'
import { PartitionApplier } from './partition-applier.ts'
import { ReplicaFetcher } from './replica-fetcher.ts'
import type { ReplicationLinks } from './replication-links.ts'
import type { ReplicationQuota } from './replication-quota.ts'

interface Following {
  readonly followed: FollowedPartition
  readonly fetcher: ReplicaFetcher
}

export class ReplicaFetchers {
  readonly #env: Env
  readonly #nodeId: number
  readonly #links: ReplicationLinks
  readonly #quota: ReplicationQuota
  readonly #applier: PartitionApplier
  readonly #byLeader = new Map<number, ReplicaFetcher>()
  readonly #following = new Map<Partition, Following>()
  #isClosed = false

  constructor(env: Env, nodeId: number, links: ReplicationLinks, quota: ReplicationQuota) {
    this.#env = env
    this.#nodeId = nodeId
    this.#links = links
    this.#quota = quota
    this.#applier = new PartitionApplier(env, { nodeId, links, quota })
  }

  /** Partitions that are followed now. */
  get size(): number {
    return this.#following.size
  }

  /** Follows the leader that the partition has now, from where its log ends; nobody if it has none. */
  follow(partition: Partition): void {
    const current = this.#following.get(partition)
    if (current?.followed.leaderEpoch === partition.leaderEpoch) return
    this.unfollow(partition)
    if (partition.leaderId < 0 || this.#isClosed) return
    const followed = new FollowedPartition(partition)
    const fetcher = this.#fetcherOf(partition.leaderId)
    this.#following.set(partition, { followed, fetcher })
    fetcher.add(followed)
  }

  unfollow(partition: Partition): void {
    const current = this.#following.get(partition)
    if (current === undefined) return
    this.#following.delete(partition)
    current.fetcher.remove(current.followed)
  }

  /** What decides whether a partition may be fetched has changed. */
  recheck(partition: Partition): void {
    const current = this.#following.get(partition)
    if (current !== undefined) current.fetcher.changed(current.followed)
  }

  close(): void {
    this.#isClosed = true
    for (const partition of [...this.#following.keys()]) this.unfollow(partition)
    for (const fetcher of this.#byLeader.values()) fetcher.close()
    this.#byLeader.clear()
  }

  #fetcherOf(leaderId: number): ReplicaFetcher {
    let fetcher = this.#byLeader.get(leaderId)
    if (fetcher === undefined) {
      fetcher = new ReplicaFetcher(this.#env, {
        nodeId: this.#nodeId,
        leaderId,
        links: this.#links,
        applier: this.#applier,
        isThrottled: ({ partition }) =>
          partition.isThrottledFollower(this.#nodeId) && this.#quota.isExceeded,
      })
      this.#byLeader.set(leaderId, fetcher)
    }
    return fetcher
  }
}
