// Rebuilds a shard from its partition: every record of the log is replayed, up to the end that it
// had when this broker became the leader. Tombstones and transaction markers count (G3). It may be
// compacted meanwhile: then records are missing that later ones stand for, and the end stays.

import {
  batchAttributes,
  batchPositions,
  batchProducerId,
  isControl,
  isTransactional,
  records,
} from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { CoordinatorShard, ShardKind } from './coordinator-shard.ts'
import type { LoadTurns } from './load-turns.ts'

const READ_BYTES = 256 * 1024
/** Replayed between two looks at the clock: well below a millisecond. */
const RECORDS_PER_LOOK = 128
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
  turns: LoadTurns,
  kind: ShardKind<R, S>,
  source: { readonly partition: Partition; readonly shard: S },
  options: LoadOptions,
): Promise<boolean> {
  const { partition, shard } = source
  const replay = new BatchReplay(kind, shard, turns, options)
  let offset = partition.log.logStartOffset
  while (offset < options.endOffset) {
    const outcome = await partition.read({
      fetchOffset: offset,
      maxBytes: READ_BYTES,
      minOneBatch: true,
      view: 'logEnd',
    })
    if (outcome.kind === 'failed') {
      const { logStartOffset } = partition.log
      if (outcome.error === 'OFFSET_OUT_OF_RANGE' && offset < logStartOffset) {
        // The first segments were deleted while they were about to be read.
        offset = logStartOffset
        continue
      }
      throw new Error(
        `${partition.topic}-${partition.partitionIndex} at ${offset}: ${outcome.error}`,
      )
    }
    try {
      if (outcome.endOffset <= offset) return options.isWanted()
      await turns.next()
      const bytes = outcome.chunks.length === 1 ? outcome.chunks[0] : undefined
      const isDone = await replay.replayAll(bytes ?? Buffer.concat(outcome.chunks))
      if (!isDone) return false
      offset = outcome.endOffset
    } finally {
      outcome.release()
    }
  }
  return options.isWanted()
}

class BatchReplay<R, S extends CoordinatorShard<R>> {
  readonly #kind: ShardKind<R, S>
  readonly #shard: S
  readonly #turns: LoadTurns
  readonly #options: LoadOptions
  #count = 0

  constructor(kind: ShardKind<R, S>, shard: S, turns: LoadTurns, options: LoadOptions) {
    this.#kind = kind
    this.#shard = shard
    this.#turns = turns
    this.#options = options
  }

  /** The batches of a chunk, in as many turns as it takes. False: the load was given up. */
  async replayAll(bytes: Buffer): Promise<boolean> {
    const { isWanted, nowMs } = this.#options
    const shard = this.#shard
    if (!isWanted()) return false
    let turnMs = nowMs()
    for (const at of batchPositions(bytes)) {
      const attributes = batchAttributes(bytes, at)
      const producerId = batchProducerId(bytes, at)
      const isMarker = isControl(attributes)
      const offsetsOf = isTransactional(attributes) ? producerId : NO_PRODUCER_ID
      for (const { key, value } of records(bytes, at)) {
        if (key !== null) {
          if (isMarker) {
            this.#replayMarker(key, producerId)
          } else {
            const record = this.#kind.decode(key, value)
            if (record !== null) shard.replay(record, turnMs, offsetsOf)
          }
        }
        if (++this.#count % RECORDS_PER_LOOK !== 0 || !this.#turns.isOver) continue
        await this.#turns.next()
        if (!isWanted()) return false
        turnMs = nowMs()
      }
    }
    return true
  }

  #replayMarker(key: Buffer, producerId: number): void {
    if (key.length < CONTROL_KEY_BYTES) return
    const type = key.readInt16BE(CONTROL_TYPE_AT)
    if (type === CONTROL_COMMIT || type === CONTROL_ABORT) {
      this.#shard.replayTransactionEnd(producerId, type === CONTROL_COMMIT)
    }
  }
}
