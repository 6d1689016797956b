// The way from the leader of a partition to the controller: changes of the ISR as compare-and-set on the
// partition epoch (KIP-497, KIP-903). Whoever builds the node says how they get there.

import type { ErrorName } from '@weir/protocol'

export interface IsrChange {
  readonly topicId: string
  readonly partitionIndex: number
  readonly leaderEpoch: number
  /** The partition epoch that the change is based on. */
  readonly partitionEpoch: number
  /** All members; each with the broker epoch under which it is known here, -1 for "any". */
  readonly newIsr: readonly { readonly brokerId: number; readonly brokerEpoch: number }[]
  readonly leaderRecoveryState: 0
}

export interface IsrChangeOutcome {
  readonly error: ErrorName
  /** With NONE: the partition as the controller has it now. */
  readonly partition?: {
    readonly leaderId: number
    readonly leaderEpoch: number
    readonly isr: readonly number[]
    readonly partitionEpoch: number
  }
}

export interface IsrChannel {
  /**
   * One outcome for each change, in order. Rejects when no controller answered: what became of the
   * changes is then unknown, and they are sent again.
   */
  alterPartition(changes: readonly IsrChange[]): Promise<readonly IsrChangeOutcome[]>
}
