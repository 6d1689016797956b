// One member of a classic group: what it told when it joined, and what it waits for.

import { copyBytes } from '../copy-bytes.ts'
import type { Timer } from '../timers.ts'

/** A way to assign partitions that a member supports, with its subscription in that way's bytes. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Buffer
}

export const EMPTY_BYTES = Buffer.alloc(0)

/** The waiting request of a member. */
export interface Waiting {
  readonly requestId: number
  readonly apiVersion: number
}

export interface MemberOptions {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly protocols: readonly MemberProtocol[]
  readonly assignment: Buffer
}

export class ClassicMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  /** In the member's order of preference. */
  protocols: readonly MemberProtocol[]
  /** Durable: set by replay only, but emptied when a rebalance begins before it was given out. */
  assignment: Buffer
  /** Joined and never answered yet: it does not know its id, so it cannot send heartbeats. */
  isNew = false
  awaitingJoin: Waiting | null = null
  awaitingSync: Waiting | null = null
  session: Timer | null = null

  constructor(options: MemberOptions) {
    this.memberId = options.memberId
    this.groupInstanceId = options.groupInstanceId
    this.clientId = options.clientId
    this.clientHost = options.clientHost
    this.rebalanceTimeoutMs = options.rebalanceTimeoutMs
    this.sessionTimeoutMs = options.sessionTimeoutMs
    this.protocols = options.protocols
    this.assignment = options.assignment
  }

  /** The subscription in the bytes of the named protocol; empty if the member does not know it. */
  metadata(protocolName: string | null): Buffer {
    return this.protocols.find(each => each.name === protocolName)?.metadata ?? EMPTY_BYTES
  }

  /** Same protocols, same order, same bytes: a rejoin that changes nothing. */
  matches(protocols: readonly MemberProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every((each, index) => {
        const own = this.protocols[index]
        return own !== undefined && own.name === each.name && own.metadata.equals(each.metadata)
      })
    )
  }

  /** The member's favourite of the candidates. */
  vote(candidates: ReadonlySet<string>): string | null {
    return this.protocols.find(each => candidates.has(each.name))?.name ?? null
  }

  /** A member that waits for an answer is alive without heartbeats. */
  get isExcusedFromHeartbeat(): boolean {
    return !this.isNew && (this.awaitingJoin !== null || this.awaitingSync !== null)
  }
}

export function copyProtocols(
  protocols: readonly { readonly name: string; readonly metadata: Buffer }[],
): MemberProtocol[] {
  return protocols.map(each => ({ name: each.name, metadata: copyBytes(each.metadata) }))
}
