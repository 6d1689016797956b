// Elections. PreVote and CheckQuorum belong together: a node that hears its leader refuses to vote,
// a node asks before it starts a term, and a leader without a majority steps down. So a node that
// is cut off on one side neither deposes a working leader nor is one for long.

import { broadcastAppend } from './replication.ts'
import type { RaftState } from './state.ts'
import type { VoteReply, VoteRequest } from './types.ts'

export type CampaignKind = 'pre-vote' | 'vote' | 'transfer'

/** Starts an election unless this node may not lead. */
export function campaign(state: RaftState, kind: CampaignKind): void {
  if (state.isLeader || !state.canCampaign()) return
  const type = kind === 'pre-vote' ? 'pre-vote' : 'vote'
  if (type === 'pre-vote') state.becomePreCandidate()
  else state.becomeCandidate()
  state.tracker.recordVote(state.id, true)
  if (decide(state)) return
  const { term: lastTerm, index: lastIndex } = state.log.lastPosition
  const term = type === 'pre-vote' ? state.term + 1 : state.term
  const isTransfer = kind === 'transfer'
  const asked = { type, from: state.id, term, lastIndex, lastTerm, isTransfer } as const
  for (const to of state.tracker.voterIds)
    if (to !== state.id) state.send({ ...asked, to, ...state.commitNews() })
}

/** Acts on the votes so far. False while the election is open. */
function decide(state: RaftState): boolean {
  const result = state.tracker.voteResult()
  if (result === 'pending') return false
  if (result === 'lost') {
    state.becomeFollower(state.term, null)
    return true
  }
  if (state.role === 'pre-candidate') {
    campaign(state, 'vote')
    return true
  }
  state.becomeLeader()
  broadcastAppend(state)
  return true
}

/** `message.term` is this node's own by now, or for a pre-vote at least that. */
export function handleVoteRequest(state: RaftState, message: VoteRequest): void {
  const isPreVote = message.type === 'pre-vote'
  state.learnCommit(message)
  const isFree = isPreVote
    ? message.term > state.term || (state.vote === null && state.leaderId === null)
    : state.vote === message.from || (state.vote === null && state.leaderId === null)
  const isUpToDate = state.log.isUpToDate({ term: message.lastTerm, index: message.lastIndex })
  // A node without a configuration may be an old one whose disk is gone: it could vote twice.
  const mayVote = state.tracker.isInitialised && !state.isDamaged()
  const isGranted = isFree && isUpToDate && mayVote
  if (isGranted && !isPreVote) {
    state.electionElapsed = 0
    state.vote = message.from
  }
  state.send({
    type: isPreVote ? 'pre-vote-reply' : 'vote-reply',
    from: state.id,
    to: message.from,
    term: isGranted ? message.term : state.term,
    isGranted,
    ...state.commitNews(),
  })
}

export function handleVoteReply(state: RaftState, message: VoteReply): void {
  if (!state.isLeader) state.learnCommit(message)
  const expected = state.role === 'pre-candidate' ? 'pre-vote-reply' : 'vote-reply'
  if (message.type !== expected) return
  if (state.role !== 'pre-candidate' && state.role !== 'candidate') return
  // A grant for another round of the same candidate.
  if (state.role === 'pre-candidate' && message.isGranted && message.term !== state.term + 1) return
  if (!state.tracker.isVoter(message.from)) return
  state.tracker.recordVote(message.from, message.isGranted)
  decide(state)
}
