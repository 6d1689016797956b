// What a node tells about itself, for tools and tests.

import type { RaftState } from './state.ts'
import type { MemberStatus, RaftStatus } from './types.ts'

export function raftStatus(state: RaftState): RaftStatus {
  const { log, tracker } = state
  return {
    id: state.id,
    term: state.term,
    role: state.role,
    leaderId: state.leaderId,
    vote: state.vote,
    firstIndex: log.firstIndex,
    lastIndex: log.lastIndex,
    commitIndex: log.commitIndex,
    appliedIndex: log.appliedIndex,
    isDamaged: state.isDamaged(),
    uncommittedBytes: state.budget.bytes,
    membership: tracker.membership,
    transferTarget: state.transferTarget,
    members: state.isLeader ? memberStatuses(state) : [],
  }
}

function memberStatuses(state: RaftState): MemberStatus[] {
  const ids = [...state.tracker.peers].map(([id]) => id).sort((a, b) => a - b)
  return ids.flatMap(id => memberStatus(state, id) ?? [])
}

export function memberStatus(state: RaftState, id: number): MemberStatus | null {
  const progress = state.tracker.progressOf(id)
  if (progress === undefined || !state.isLeader) return null
  return {
    id,
    role: state.tracker.roleOf(id),
    state: progress.state,
    matchIndex: progress.matchIndex,
    nextIndex: progress.nextIndex,
    isActive: id === state.id || progress.isActive,
    inflightBytes: progress.inflightBytes,
  }
}
