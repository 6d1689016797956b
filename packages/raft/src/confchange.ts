// Membership changes: what a change makes of a membership, or why it is refused.
//
// A change of at most one voter takes effect at once; more than one goes through a joint
// configuration, in which both majorities decide, and which the leader leaves by itself. A change
// takes effect when its entry is applied, so an entry that is truncated never had any.

import type { ConfigChange, Member, MemberChange, Membership, SnapshotMeta } from './types.ts'

/** Removed members are remembered for ever; this many removals is beyond any operator. */
const MAX_RETIRED = 10_000

export type ChangeOutcome =
  | { readonly kind: 'changed'; readonly membership: Membership }
  | { readonly kind: 'invalid'; readonly why: string }

export const EMPTY_MEMBERSHIP: Membership = {
  voters: [],
  outgoingVoters: [],
  learners: [],
  nextLearners: [],
  autoLeave: false,
  members: [],
  retired: [],
}

/** The membership that a cluster starts with; the same on each of its first voters. */
function initialMembership(members: readonly Member[]): Membership {
  const sorted = [...members].sort((a, b) => a.id - b.id)
  return { ...EMPTY_MEMBERSHIP, voters: sorted.map(member => member.id), members: sorted }
}

/**
 * What the log of a new cluster starts after: an empty state machine and its first voters. It is
 * the same on each of them, and whoever joins later is sent it.
 */
export function bootstrapSnapshot(members: readonly Member[]): SnapshotMeta {
  return { index: 1, term: 1, membership: initialMembership(members), bytes: 0 }
}

export function isJoint(membership: Membership): boolean {
  return membership.outgoingVoters.length > 0
}

function invalid(why: string): ChangeOutcome {
  return { kind: 'invalid', why }
}

function sorted(ids: Iterable<number>): number[] {
  return [...ids].sort((a, b) => a - b)
}

function leaveJoint(membership: Membership): ChangeOutcome {
  if (!isJoint(membership)) return invalid('there is no joint configuration to leave')
  const kept = new Set([...membership.voters, ...membership.learners, ...membership.nextLearners])
  return {
    kind: 'changed',
    membership: {
      ...membership,
      outgoingVoters: [],
      learners: sorted([...membership.learners, ...membership.nextLearners]),
      nextLearners: [],
      autoLeave: false,
      members: membership.members.filter(member => kept.has(member.id)),
    },
  }
}

/** Why this one change cannot be made; null if it can. */
function refusal(membership: Membership, change: MemberChange): string | null {
  const { id, directoryId } = change.member
  const known = membership.members.find(member => member.id === id)
  if (change.kind === 'remove') return known === undefined ? `node ${id} is not a member` : null
  if (!Number.isSafeInteger(id) || id < 1) return `node id ${id} is not a positive integer`
  if (known !== undefined) {
    if (known.directoryId === directoryId || directoryId === '' || known.directoryId === '')
      return null
    return `node ${id} is a member with directory ${known.directoryId}, not ${directoryId}`
  }
  const isRetired = membership.retired.some(
    old => old.id === id && (old.directoryId === directoryId || directoryId === ''),
  )
  return isRetired ? `node ${id} was removed: it can only return with a new directory` : null
}

class Draft {
  readonly voters: Set<number>
  readonly learners: Set<number>
  readonly members: Map<number, Member>
  readonly retired: Member[]

  constructor(membership: Membership) {
    this.voters = new Set(membership.voters)
    this.learners = new Set(membership.learners)
    this.members = new Map(membership.members.map(member => [member.id, member]))
    this.retired = [...membership.retired]
  }

  apply({ kind, member }: MemberChange): void {
    const known = this.members.get(member.id)
    if (kind === 'remove') {
      this.voters.delete(member.id)
      this.learners.delete(member.id)
      this.members.delete(member.id)
      if (known !== undefined)
        this.retired.push({ ...known, directoryId: known.directoryId || member.directoryId })
      return
    }
    this.members.set(member.id, {
      id: member.id,
      directoryId: member.directoryId || (known?.directoryId ?? ''),
      address: member.address || (known?.address ?? ''),
    })
    if (kind === 'add-voter') {
      this.learners.delete(member.id)
      this.voters.add(member.id)
    } else {
      this.voters.delete(member.id)
      this.learners.add(member.id)
    }
  }
}

function differences(before: readonly number[], after: ReadonlySet<number>): number {
  const old = new Set(before)
  const gone = before.filter(id => !after.has(id)).length
  return gone + [...after].filter(id => !old.has(id)).length
}

/** What `change` makes of `membership`. Never throws: a change comes from an operator. */
export function changeMembership(membership: Membership, change: ConfigChange): ChangeOutcome {
  if (change.changes.length === 0) return leaveJoint(membership)
  if (isJoint(membership)) return invalid('a joint configuration is under way')
  const ids = new Set(change.changes.map(one => one.member.id))
  if (ids.size !== change.changes.length) return invalid('a node is named twice')
  for (const one of change.changes) {
    const why = refusal(membership, one)
    if (why !== null) return invalid(why)
  }
  const draft = new Draft(membership)
  for (const one of change.changes) draft.apply(one)
  if (draft.voters.size === 0) return invalid('no voter would be left')
  if (draft.retired.length > MAX_RETIRED) return invalid('too many members were removed')
  return { kind: 'changed', membership: finish(membership, draft) }
}

function finish(before: Membership, draft: Draft): Membership {
  const joint = differences(before.voters, draft.voters) > 1
  const outgoing = joint ? before.voters : []
  const stillOutgoing = new Set(outgoing)
  // A voter of the old configuration that leaves stays a member until the joint one ends.
  const members = new Map(draft.members)
  for (const member of before.members)
    if (stillOutgoing.has(member.id) && !members.has(member.id)) members.set(member.id, member)
  return {
    voters: sorted(draft.voters),
    outgoingVoters: outgoing,
    learners: sorted([...draft.learners].filter(id => !stillOutgoing.has(id))),
    nextLearners: sorted([...draft.learners].filter(id => stillOutgoing.has(id))),
    autoLeave: joint,
    members: [...members.values()].sort((a, b) => a.id - b.id),
    retired: draft.retired,
  }
}
