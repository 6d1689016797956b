// What an assignor takes and gives. Assignors are pure: the same input gives the same target.

import type { PartitionSet } from '../partitions.ts'

export interface AssignorMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  /** Ids of topics that exist, sorted. */
  readonly topicIds: readonly string[]
  /** The target so far. */
  readonly target: PartitionSet
}

export interface AssignorTopic {
  readonly topicId: string
  readonly partitionCount: number
  /** The racks of the replicas of a partition. */
  racksOf(partitionIndex: number): readonly string[]
}

export interface AssignorInput {
  /** Sorted by member id. */
  readonly members: readonly AssignorMember[]
  readonly topics: ReadonlyMap<string, AssignorTopic>
}

/** A target for each member. */
export type Assignor = (input: AssignorInput) => Map<string, PartitionSet>
