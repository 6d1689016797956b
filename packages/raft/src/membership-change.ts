// Changes of the membership on the way through the log: proposed by the leader one at a time, in
// force when applied, on every node after the same check.

import { encodeConfigChange } from './codec.ts'
import { changeMembership } from './confchange.ts'
import { broadcastAppend, maybeCommit } from './replication.ts'
import { type RaftState, refused } from './state.ts'
import type { ConfigChange, ProposeOutcome } from './types.ts'

/** Why `change` cannot be made, in words; null if it can. */
export function changeRefusal(state: RaftState, change: ConfigChange): string | null {
  const outcome = changeMembership(state.tracker.membership, change)
  return outcome.kind === 'invalid' ? outcome.why : null
}

export function proposeChange(state: RaftState, change: ConfigChange): ProposeOutcome {
  if (!state.isLeader) return refused('not-leader')
  if (state.transferTarget !== null) return refused('transferring')
  if (!state.hasCommittedInTerm()) return refused('term-not-committed')
  if (state.tracker.isChangePending(state.pendingConfigIndex, state.log.appliedIndex))
    return refused('change-pending')
  if (changeRefusal(state, change) !== null) return refused('invalid-change')
  if (!change.changes.every(one => one.kind !== 'add-voter' || hasLog(state, one.member.id)))
    return refused('not-caught-up')
  const firstIndex = state.appendOwn([{ kind: 'config', data: encodeConfigChange(change) }])
  state.pendingConfigIndex = firstIndex
  broadcastAppend(state)
  return { kind: 'appended', firstIndex, term: state.term }
}

/**
 * Whether a node follows the log within its window, from a snapshot or entry that it has. An empty
 * node cannot vote, and a quorum that counts on it could not elect.
 */
function hasLog(state: RaftState, id: number): boolean {
  const progress = state.tracker.progressOf(id)
  return id === state.id || (progress?.state === 'replicate' && progress.matchIndex > 0)
}

/** The entry of a change is applied. */
export function applyChange(state: RaftState, change: ConfigChange): void {
  const outcome = changeMembership(state.tracker.membership, change)
  // Can only be an entry of a leader that knew less; every node comes to the same conclusion.
  if (outcome.kind === 'invalid') return
  state.tracker.setMembership(outcome.membership, state.log.lastIndex + 1)
  if (!state.isLeader) return
  if (state.transferTarget !== null && !state.tracker.isVoter(state.transferTarget))
    state.transferTarget = null
  maybeCommit(state)
  broadcastAppend(state)
  // A leader that was removed has told the others how far it committed; it can do no more.
  if (!state.tracker.isVoter(state.id)) state.becomeFollower(state.term, null)
}

/** A joint configuration that asks for it is left as soon as it is in force. */
export function maybeLeaveJoint(state: RaftState): void {
  const { tracker, isLeader, log, pendingConfigIndex } = state
  if (!isLeader || !tracker.membership.autoLeave || !tracker.isJoint) return
  if (log.appliedIndex >= pendingConfigIndex) proposeChange(state, { changes: [] })
}
