// Sending the log to followers, and what a follower does with it.
//
// Entries go ahead of the answers within a window (`Progress`). A follower that does not have the
// entry before them answers with the place where its log may agree: by term, so that one round
// trip skips a whole term of differences.

import { assert } from '@weir/core'
import type { Progress } from './progress.ts'
import { sendSnapshotChunk } from './snapshot-transfer.ts'
import type { RaftState } from './state.ts'
import type {
  AppendReply,
  AppendRequest,
  HeartbeatReply,
  HeartbeatRequest,
  Message,
} from './types.ts'
import { UncommittedBudget } from './uncommitted-budget.ts'

/**
 * Sends one message to a follower if its window allows. Without new entries only if `evenEmpty`,
 * which tells it the commit index or asks whether it matches. False if nothing was sent.
 */
export function sendAppend(state: RaftState, to: number, evenEmpty: boolean): boolean {
  const progress = state.tracker.progressOf(to)
  if (progress === undefined || to === state.id || !progress.canSend) return false
  const previousIndex = progress.nextIndex - 1
  const previousTerm = state.log.termAt(previousIndex)
  if (progress.state === 'snapshot' || previousTerm === null)
    return sendSnapshotChunk(state, to, progress)
  const entries = state.log.slice(progress.nextIndex, state.limits.maxAppendBytes)
  if (entries.length === 0 && !evenEmpty) return false
  const lastIndex = previousIndex + entries.length
  progress.sent(lastIndex, UncommittedBudget.sizeOf(entries))
  state.send({
    type: 'append',
    from: state.id,
    to,
    term: state.term,
    previousIndex,
    previousTerm,
    entries,
    commitIndex: state.log.commitIndex,
  })
  return true
}

export function broadcastAppend(state: RaftState): void {
  for (const [id] of state.tracker.peers) sendAppend(state, id, true)
}

/** Sends until the window is full or there is nothing left. */
function sendAll(state: RaftState, to: number): void {
  const limit = state.limits.maxInflightMessages
  for (let i = 0; i < limit; i++) if (!sendAppend(state, to, false)) return
}

export function broadcastHeartbeat(state: RaftState): void {
  for (const [id, progress] of state.tracker.peers)
    if (id !== state.id) sendHeartbeat(state, id, progress)
}

function sendHeartbeat(state: RaftState, to: number, progress: Progress): void {
  state.send({
    type: 'heartbeat',
    from: state.id,
    to,
    term: state.term,
    commitIndex: progress.commitFor(state.log.commitIndex),
    readSequence: state.reads.sequence,
  })
}

/** Leader: commits what a majority holds. True if the commit index moved. */
export function maybeCommit(state: RaftState): boolean {
  const before = state.log.commitIndex
  if (!state.log.maybeCommit(state.tracker.matchedByQuorum(), state.term)) return false
  const committed = state.log.between(
    before + 1,
    state.log.commitIndex + 1,
    Number.POSITIVE_INFINITY,
  )
  state.budget.release(UncommittedBudget.sizeOf(committed))
  releaseEarlyReads(state)
  return true
}

// --- Follower ---

export function handleAppend(state: RaftState, message: AppendRequest): void {
  const { log } = state
  if (message.previousIndex < log.commitIndex) {
    state.send(state.appendReply(message.from, log.commitIndex))
    return
  }
  if (!log.matches(message.previousIndex, message.previousTerm)) {
    const hint = log.lastAgreement(message.previousIndex, message.previousTerm)
    state.send({
      ...state.appendReply(message.from, message.previousIndex),
      isRejected: true,
      hintIndex: hint.index,
      hintTerm: hint.term,
    })
    return
  }
  log.append(message.entries)
  const lastNew = message.previousIndex + message.entries.length
  log.commitTo(Math.min(message.commitIndex, lastNew))
  state.send(state.appendReply(message.from, lastNew))
}

export function handleHeartbeat(state: RaftState, message: HeartbeatRequest): void {
  // The leader counts on what was acknowledged; a damaged log may end before it.
  const { lastIndex } = state.log
  state.log.commitTo(
    state.isDamaged() ? Math.min(message.commitIndex, lastIndex) : message.commitIndex,
  )
  state.send({
    type: 'heartbeat-reply',
    from: state.id,
    to: message.from,
    term: state.term,
    readSequence: message.readSequence,
    isDamaged: state.isDamaged(),
  })
}

// --- Leader ---

export function handleAppendReply(state: RaftState, message: AppendReply): void {
  const progress = state.tracker.progressOf(message.from)
  if (progress === undefined) return
  progress.isActive = true
  progress.silentTicks = 0
  if (message.isRejected) handleRejection(state, progress, message)
  else handleAcknowledgement(state, progress, message)
}

function handleRejection(state: RaftState, progress: Progress, message: AppendReply): void {
  const agreed = state.log.lastAgreement(message.hintIndex, message.hintTerm).index
  if (message.isDamaged && message.hintIndex < progress.matchIndex) {
    progress.forget(agreed)
  } else {
    if (!progress.reject(message.index, agreed)) return
    if (progress.state === 'replicate') progress.becomeProbe()
  }
  sendAppend(state, message.from, true)
}

function handleAcknowledgement(state: RaftState, progress: Progress, message: AppendReply): void {
  assert(message.index <= state.log.lastIndex, 'acknowledged beyond the end of the log', {
    from: message.from,
    index: message.index,
    lastIndex: state.log.lastIndex,
  })
  const wasFull = !progress.canSend
  const isNews = progress.acknowledge(message.index)
  if (progress.state === 'snapshot') maybeEndSnapshot(state, progress)
  else if (progress.state === 'probe' && (isNews || progress.matchIndex === message.index))
    progress.becomeReplicate()
  else if (!isNews) return
  if (maybeCommit(state)) broadcastAppend(state)
  else if (wasFull) sendAppend(state, message.from, true)
  sendAll(state, message.from)
  maybeFinishTransfer(state, message.from)
}

/** The follower has what it was sent, or all that it needed; the log may be compacted beyond both. */
function maybeEndSnapshot(state: RaftState, progress: Progress): void {
  if (state.log.termAt(progress.matchIndex) !== null) progress.becomeReplicate()
  else if (progress.matchIndex >= (progress.snapshot?.index ?? 0)) progress.becomeProbe()
}

/** Tells the chosen successor to campaign at once, as soon as it has the whole log. */
export function maybeFinishTransfer(state: RaftState, to: number): void {
  if (state.transferTarget !== to) return
  if (state.tracker.progressOf(to)?.matchIndex !== state.log.lastIndex) return
  state.send({ type: 'timeout-now', from: state.id, to, term: state.term })
}

export function handleHeartbeatReply(state: RaftState, message: HeartbeatReply): void {
  const progress = state.tracker.progressOf(message.from)
  if (progress === undefined) return
  progress.isActive = true
  progress.silentTicks = 0
  progress.beat()
  const isBehind = progress.matchIndex < state.log.lastIndex || progress.state === 'probe'
  if (isBehind || message.isDamaged) sendAppend(state, message.from, true)
  if (message.readSequence <= progress.readSequence) return
  progress.readSequence = message.readSequence
  releaseReads(state)
}

// --- Linearizable reads ---

/** Leader: a read that this node or another asks for. */
export function startRead(state: RaftState, context: number, from: number): void {
  const commitTerm = state.log.termAt(state.log.commitIndex)
  if (!state.reads.isUsable(commitTerm, state.term)) {
    state.reads.addEarly({ context, from })
    return
  }
  state.reads.add({ context, from }, state.log.commitIndex)
  confirmOwnReads(state)
}

function releaseEarlyReads(state: RaftState): void {
  const early = state.reads.takeEarly()
  for (const read of early) state.reads.add(read, state.log.commitIndex)
  if (early.length > 0) confirmOwnReads(state)
}

function confirmOwnReads(state: RaftState): void {
  const own = state.tracker.progressOf(state.id)
  if (own !== undefined) own.readSequence = state.reads.sequence
  releaseReads(state)
  if (!state.reads.isEmpty) broadcastHeartbeat(state)
}

function releaseReads(state: RaftState): void {
  for (const read of state.reads.confirm(state.tracker.readsConfirmedByQuorum()))
    answerRead(state, read.from, { context: read.context, index: read.index })
}

function answerRead(
  state: RaftState,
  to: number,
  { context, index }: { context: number; index: number },
): void {
  if (to === state.id) {
    state.readStates.push({ context, index })
    return
  }
  const reply: Message = {
    type: 'read-reply',
    from: state.id,
    to,
    term: state.term,
    context,
    index,
  }
  state.send(reply)
}
