// What a member of a load does to be in its group, in one of the two protocols.

import type { Rpc } from '../rpc.ts'

export interface MemberShape {
  readonly groupId: string
  readonly topic: string
  readonly partitionCount: number
  /** Of classic members; the broker says it to the others. */
  readonly sessionTimeoutMs: number
}

export interface Step {
  /** The name of the answer's error, NONE if it was none. */
  readonly error: string
  /** When the next step is due. */
  readonly delayMs: number
}

export interface MemberProtocol {
  readonly memberId: string
  /** Generation or member epoch. */
  readonly epoch: number
  /** Partitions that the member has; empty while it joins. */
  readonly owned: readonly number[]
  /** Joins, or sends a heartbeat, or whatever comes next. Rejects when there is no answer. */
  step(rpc: Rpc): Promise<Step>
  leave(rpc: Rpc): Promise<void>
}

/** The coordinator is another broker now, or will be ready soon: the member keeps what it has. */
export const COORDINATOR_ERRORS: ReadonlySet<string> = new Set([
  'NOT_COORDINATOR',
  'COORDINATOR_NOT_AVAILABLE',
  'COORDINATOR_LOAD_IN_PROGRESS',
])
