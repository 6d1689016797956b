// Gives the tail to the disk: one gather write a turn, the next when it is done; directories and
// files at the first write; closing work of segments behind it.
//
// Invariants: at most one write of a log is under way; bytes are written in order; a short write goes
// on where it stopped; `diskEndOffset` moves only when a whole gather is in the file. When a write
// fails, everything that was not written is dropped, and the file is cut back to its last whole write.

import { assert, DiskError, type DiskFile } from '@weir/core'
import { writeFileAtomically } from './checkpoint-file.ts'
import { encodePartitionMetadata, PARTITION_METADATA } from './file-names.ts'
import { writeLogCheckpoint } from './log-checkpoint.ts'
import { handleWriteFailure } from './log-failure.ts'
import { sealWritten } from './log-seal.ts'
import type { LogState } from './log-state.ts'
import { afterWrite } from './log-sync.ts'
import type { Gather } from './tail-memory.ts'

const MAX_WRITE_BYTES = 4 * 1024 * 1024
const MAX_WRITE_BUFFERS = 512

/** Called at the end of a turn with appends. */
export function writePending(state: LogState): void {
  state.isWriteScheduled = false
  if (state.isWriting || state.isGone) return
  if (state.context.directory.failure !== null) {
    state.tail?.clear()
    state.wake()
    return
  }
  if (state.isCreated && state.isCheckpointDurable) {
    writeLoop(state)
    return
  }
  startAsync(state, prepareDirectory(state))
}

/** The directory, its metadata and the checkpoint with the epoch, before the first byte. */
async function prepareDirectory(state: LogState): Promise<void> {
  const { disk } = state.context.env
  if (!state.isCreated) {
    if (state.waitsFor !== null) await state.waitsFor
    state.waitsFor = null
    await disk.mkdir(state.directory)
    const metadata = encodePartitionMetadata(state.topicId)
    await writeFileAtomically(disk, `${state.directory}/${PARTITION_METADATA}`, metadata)
    await disk.syncDir(state.context.directory.path)
    state.isCreated = true
  }
  if (!state.isCheckpointDurable) await writeLogCheckpoint(state)
}

/** While the promise runs the log counts as writing: appends wait in memory. Then the loop goes on. */
export function startAsync(state: LogState, step: Promise<void>): void {
  state.isWriting = true
  const done = step.then(
    () => {
      state.isWriting = false
      if (state.isGone) state.wake()
      else writePending(state)
    },
    error => {
      state.isWriting = false
      fail(state, error)
    },
  )
  state.context.env.log.background(done, `writing ${state.topic}-${state.partitionIndex}`)
}

function writeLoop(state: LogState): void {
  const before = state.diskEndOffset
  try {
    for (;;) {
      const gather = state.tail?.gather(MAX_WRITE_BYTES, MAX_WRITE_BUFFERS) ?? null
      if (gather === null) break
      const pending = writeGather(state, gather)
      if (pending !== null) {
        if (state.diskEndOffset !== before) afterWrite(state)
        startAsync(state, pending)
        return
      }
    }
  } catch (error) {
    fail(state, error)
    return
  }
  if (state.diskEndOffset !== before) afterWrite(state)
  else state.wake()
}

/** Null: done at once. */
function writeGather(state: LogState, gather: Gather): Promise<void> | null {
  const reference = gather.segment.fileReference(state.directory)
  const { files } = state.context
  const file = files.acquire(reference)
  let result: number | Promise<number>
  try {
    result = file.write(gather.buffers, gather.position)
  } catch (error) {
    files.release(reference)
    throw error
  }
  if (result === gather.bytes) {
    files.release(reference)
    finishGather(state, gather)
    return null
  }
  return finishAsync(state, gather, file, result).finally(() => files.release(reference))
}

async function finishAsync(
  state: LogState,
  gather: Gather,
  file: DiskFile,
  result: number | Promise<number>,
): Promise<void> {
  let done = 0
  let step = await result
  for (;;) {
    if (step <= 0) throw new DiskError('EIO', file.path, 'a write of 0 bytes')
    done += step
    if (done >= gather.bytes) break
    step = await file.write(rest(gather.buffers, done), gather.position + done)
  }
  assert(done === gather.bytes, 'more written than asked for', { done, bytes: gather.bytes })
  const before = state.diskEndOffset
  finishGather(state, gather)
  if (state.diskEndOffset !== before) afterWrite(state)
}

function finishGather(state: LogState, gather: Gather): void {
  const { segment } = gather
  state.tail?.markWritten(gather.bytes)
  state.context.tailBudget.trim()
  segment.writtenBytes = gather.position + gather.bytes
  assert(segment.writtenBytes <= segment.bytes, 'written beyond what was appended')
  state.diskEndOffset = gather.endOffset
  if (state.seals !== null) sealWritten(state)
}

/** The buffers without their first `skip` bytes. */
function rest(buffers: readonly Buffer[], skip: number): Buffer[] {
  const result: Buffer[] = []
  let left = skip
  for (const buffer of buffers) {
    if (left >= buffer.length) {
      left -= buffer.length
      continue
    }
    result.push(left === 0 ? buffer : buffer.subarray(left))
    left = 0
  }
  return result
}

function fail(state: LogState, error: unknown): void {
  if (error instanceof DiskError) handleWriteFailure(state, error)
  else throw error
}
