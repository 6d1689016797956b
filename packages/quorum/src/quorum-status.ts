// What DescribeQuorum and tools show of the quorum: per voter and observer how far it is, when it
// was last heard of, and when it last had everything. On the leader only.

import type { MemberStatus, Membership, RaftStatus } from '@weir/raft'

export interface ReplicaStatus {
  readonly nodeId: number
  readonly directoryId: string
  readonly kind: 'voter' | 'learner' | 'observer'
  /** Exclusive, as Kafka shows it. */
  readonly logEndOffset: number
  /** Wall clock; -1 if never since this node leads. */
  readonly lastFetchMs: number
  readonly lastCaughtUpMs: number
}

export interface QuorumStatus {
  readonly leaderId: number | null
  readonly leaderEpoch: number
  /** Exclusive. */
  readonly highWatermark: number
  readonly isDamaged: boolean
  readonly membership: Membership
  /** Empty on a node that does not lead. */
  readonly replicas: readonly ReplicaStatus[]
}

interface Contact {
  lastFetchMs: number
  lastCaughtUpMs: number
  /** The end of the leader's log when the follower was last heard of. */
  endAtFetch: number
}

const NEVER_MS = -1

export class ContactTimes {
  readonly #contacts = new Map<number, Contact>()

  clear(): void {
    this.#contacts.clear()
  }

  /** A follower answered; `member` is what the leader knows of it now. */
  heard(member: MemberStatus, lastIndex: number, nowMs: number): void {
    const contact = this.#contacts.get(member.id) ?? {
      lastFetchMs: NEVER_MS,
      lastCaughtUpMs: NEVER_MS,
      endAtFetch: Number.POSITIVE_INFINITY,
    }
    // As Kafka counts: caught up now, or at the last answer if it has everything of that moment.
    if (member.matchIndex >= lastIndex) contact.lastCaughtUpMs = nowMs
    else if (member.matchIndex >= contact.endAtFetch)
      contact.lastCaughtUpMs = Math.max(contact.lastCaughtUpMs, contact.lastFetchMs)
    contact.lastFetchMs = nowMs
    contact.endAtFetch = lastIndex
    this.#contacts.set(member.id, contact)
  }

  status(raft: RaftStatus, directoryOf: (id: number) => string, nowMs: number): QuorumStatus {
    return {
      leaderId: raft.leaderId,
      leaderEpoch: raft.term,
      highWatermark: raft.commitIndex + 1,
      isDamaged: raft.isDamaged,
      membership: raft.membership,
      replicas: raft.members.map(member => {
        const contact = this.#contacts.get(member.id)
        const isSelf = member.id === raft.id
        return {
          nodeId: member.id,
          directoryId: directoryOf(member.id),
          kind: member.role,
          logEndOffset: (isSelf ? raft.lastIndex : member.matchIndex) + 1,
          lastFetchMs: isSelf ? nowMs : (contact?.lastFetchMs ?? NEVER_MS),
          lastCaughtUpMs: isSelf ? nowMs : (contact?.lastCaughtUpMs ?? NEVER_MS),
        }
      }),
    }
  }
}
