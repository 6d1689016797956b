// What a partition takes and tells, and those whom it tells.

import type { PartitionImage } from '@weir/controller'
import type { ErrorName } from '@weir/protocol'
import type { LeadershipGuard } from '../replication/replication-links.ts'
import type { IsrAuthority } from './leader-state.ts'
import type { Partition } from './partition.ts'
import type { PartitionConfig } from './partition-config.ts'
import type { TurnBudget } from './turn-budget.ts'

/**
 * How much a reader may see: 'committed' is below the last stable offset. A replica sees what is
 * written: what a full disk takes back may be followed by other records of the same epoch.
 */
export type ReadView = 'uncommitted' | 'committed' | 'replica' | 'logEnd'

export interface PartitionRead {
  readonly fetchOffset: number
  readonly maxBytes: number
  /** True: the first batch comes whole even if it is larger than `maxBytes`. */
  readonly minOneBatch: boolean
  readonly view: ReadView
}

/** Somebody who reads along: told in the turn in which there may be something new to see. */
export interface PartitionSubscriber {
  onPartitionChange(partition: Partition): void
}

/** Told of what happens to the log of a follower. */
export interface FollowerListener {
  /** All that was appended is written, or was lost with the end that the log has now. */
  onFollowerWritten(): void
  /** A read has found damage. */
  onFollowerDamaged(): void
}

/** A coordinator that keeps its state in this partition. */
export interface PartitionListener {
  onHighWatermark(partition: Partition): void
  /** Appended records from `fromOffset` on are lost: forget and reload. */
  onAppendsLost(partition: Partition, fromOffset: number): void
}

export type AppendRefusal = {
  readonly kind: 'failed'
  readonly error: ErrorName
  readonly message: string
}

/** What all partitions of a node share. */
export interface PartitionOptions {
  readonly nodeId: number
  /** Null on a node without peers. */
  readonly authority: IsrAuthority | null
  readonly guard: LeadershipGuard | null
  /** For batches of large requests. */
  readonly turns: TurnBudget
  /** The partition leads now; it could not when it was told to. */
  readonly onLateLeader?: (partition: Partition) => void
  /** Its disk has no room; `log.isFull` says for how long. */
  readonly onDiskFull?: (partition: Partition) => void
}

export interface PartitionStart {
  readonly topic: string
  readonly image: PartitionImage
  readonly config: PartitionConfig
}
