// Rebuilds a shard from its partition: every record of the log is replayed, up to the end that it
// had when this broker became the leader. Tombstones and transaction markers count (G3).

import type { Env } from '@weir/core'
import {
  batchAttributes,
  batchPositions,
  batchProducerId,
  forEachRecord,
  isControl,
  isTransactional,
} from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { CoordinatorShard, ShardKind } from './coordinator-shard.ts'

/** Replayed in one turn: a few thousand records, a few milliseconds. */
const READ_BYTES = 128 * 1024
const NO_PRODUCER_ID = -1
/** The type in the key of a control record: int16 version, int16 type. */
const CONTROL_TYPE_AT = 2
const CONTROL_KEY_BYTES = 4
const CONTROL_ABORT = 0
const CONTROL_COMMIT = 1

export interface LoadOptions {
  /** Exclusive. */
  readonly endOffset: number
  readonly nowMs: () => number
  /** False once the load is not wanted any more: it stops at the next turn. */
  readonly isWanted: () => boolean
}

/** True if all was replayed, false if the load was given up. Rejects if the log cannot be read. */
export async function loadShard<R, S extends CoordinatorShard<R>>(
  env: Env,
  kind: ShardKind<R, S>,
  source: { readonly partition: Partition; readonly shard: S },
  options: LoadOptions,
): Promise<boolean> {
  const { partition, shard } = source
  let offset = partition.log.logStartOffset
  while (offset < options.endOffset) {
    const outcome = await partition.read({
      fetchOffset: offset,
      maxBytes: READ_BYTES,
      minOneBatch: true,
      view: 'logEnd',
    })
    if (outcome.kind === 'failed') {
      throw new Error(
        `${partition.topic}-${partition.partitionIndex} at ${offset}: ${outcome.error}`,
      )
    }
    try {
      if (!options.isWanted()) return false
      if (outcome.endOffset <= offset) return true
      const bytes = outcome.chunks.length === 1 ? outcome.chunks[0] : undefined
      replayBatches(kind, shard, bytes ?? Buffer.concat(outcome.chunks), options.nowMs())
      offset = outcome.endOffset
    } finally {
      outcome.release()
    }
    await new Promise<void>(resolve => env.clock.soon(resolve))
    if (!options.isWanted()) return false
  }
  return true
}

function replayBatches<R, S extends CoordinatorShard<R>>(
  kind: ShardKind<R, S>,
  shard: S,
  bytes: Buffer,
  nowMs: number,
): void {
  for (const at of batchPositions(bytes)) {
    const attributes = batchAttributes(bytes, at)
    if (isControl(attributes)) {
      replayMarker(shard, bytes, at)
      continue
    }
    const producerId = isTransactional(attributes) ? batchProducerId(bytes, at) : NO_PRODUCER_ID
    forEachRecord(bytes, at, ({ key, value }) => {
      const record = key === null ? null : kind.decode(key, value)
      if (record !== null) shard.replay(record, nowMs, producerId)
    })
  }
}

function replayMarker<R>(shard: CoordinatorShard<R>, bytes: Buffer, at: number): void {
  const producerId = batchProducerId(bytes, at)
  forEachRecord(bytes, at, ({ key }) => {
    if (key === null || key.length < CONTROL_KEY_BYTES) return
    const type = key.readInt16BE(CONTROL_TYPE_AT)
    if (type === CONTROL_COMMIT || type === CONTROL_ABORT) {
      shard.replayTransactionEnd(producerId, type === CONTROL_COMMIT)
    }
  })
}
