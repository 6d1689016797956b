// Sending a snapshot in chunks to a follower whose entries are compacted, and receiving one.
//
// One chunk is out at a time; the answer names the offset that is wanted next, so a transfer that
// was disturbed goes on where it stopped. The bytes are the driver's: it fills chunks from its
// store and writes those that arrive.

import { assert } from '@weir/core'
import type { Progress } from './progress.ts'
import type { RaftState } from './state.ts'
import type { SnapshotReply, SnapshotRequest } from './types.ts'

const NO_BYTES = Buffer.alloc(0)

export function sendSnapshotChunk(state: RaftState, to: number, progress: Progress): boolean {
  if (progress.state !== 'snapshot') {
    const snapshot = state.snapshot
    // Unreachable peers do not get snapshots prepared for them.
    if (!progress.isActive) return false
    assert(snapshot !== null && snapshot.index >= state.log.snapshotIndex, 'no snapshot to send', {
      snapshotIndex: state.log.snapshotIndex,
      available: snapshot?.index ?? null,
    })
    progress.becomeSnapshot(snapshot)
  }
  const snapshot = progress.snapshot
  assert(snapshot !== null, 'snapshot progress without a snapshot', { to })
  progress.isPaused = true
  state.send({
    type: 'snapshot',
    from: state.id,
    to,
    term: state.term,
    snapshot,
    offset: progress.snapshotOffset,
    data: NO_BYTES,
    isLast: false,
  })
  return true
}

export function handleSnapshotReply(state: RaftState, message: SnapshotReply): void {
  const progress = state.tracker.progressOf(message.from)
  if (progress === undefined) return
  progress.isActive = true
  progress.silentTicks = 0
  if (progress.state !== 'snapshot' || progress.snapshot?.index !== message.index) return
  // An answer that came twice must not bring the chunk twice.
  if (progress.snapshotOffset === message.nextOffset) return
  progress.nextChunk(message.nextOffset)
  sendSnapshotChunk(state, message.from, progress)
}

export function handleSnapshotRequest(state: RaftState, message: SnapshotRequest): void {
  const { snapshot } = message
  const { log } = state
  if (snapshot.index <= log.commitIndex) {
    state.send(state.appendReply(message.from, log.commitIndex))
    return
  }
  if (log.matches(snapshot.index, snapshot.term)) {
    log.commitTo(snapshot.index)
    state.send(state.appendReply(message.from, snapshot.index))
    return
  }
  const incoming = receive(state, message)
  if (incoming) restore(state, message)
}

/** Takes a chunk if it is the next one. True after the last. */
function receive(state: RaftState, message: SnapshotRequest): boolean {
  const { snapshot, offset, data, isLast } = message
  const known = state.incoming
  const isKnown =
    known !== null &&
    known.from === message.from &&
    known.snapshot.index === snapshot.index &&
    known.snapshot.term === snapshot.term
  const incoming = isKnown ? known : { from: message.from, snapshot, nextOffset: 0 }
  state.incoming = incoming
  const isNext = offset === incoming.nextOffset
  if (isNext) {
    state.chunks.push({ snapshot, offset, data, isLast })
    incoming.nextOffset += data.length
    if (isLast) return true
  }
  state.send({
    type: 'snapshot-reply',
    from: state.id,
    to: message.from,
    term: state.term,
    index: snapshot.index,
    nextOffset: incoming.nextOffset,
  })
  return false
}

function restore(state: RaftState, message: SnapshotRequest): void {
  const { snapshot } = message
  assert(state.incoming?.nextOffset === snapshot.bytes, 'snapshot of another size', {
    expected: snapshot.bytes,
    received: state.incoming?.nextOffset ?? 0,
  })
  state.incoming = null
  state.log.restore(snapshot)
  state.tracker.setMembership(snapshot.membership, snapshot.index + 1)
  state.snapshot = snapshot
  state.uninstalled = snapshot
  state.send(state.appendReply(message.from, snapshot.index))
}
