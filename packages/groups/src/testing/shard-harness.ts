// Drives a shard as the coordinator runtime does, without a log: records pass through their bytes,
// a refused append is an error to the requests concerned, and a restart replays what was accepted.
// For tests only.

import { assert, type Random } from '@weir/core'
import { GroupShard } from '../group-shard.ts'
import { decodeGroupRecord, encodeGroupRecord, type RecordBytes } from '../records.ts'
import type { GroupEffects, GroupsConfig, TopicsView } from '../types.ts'

export const NO_TOPICS: TopicsView = {
  topicId: () => null,
  topicName: () => null,
  partitionCount: () => 0,
  racksOf: () => [],
  names: () => [],
  changeCount: 0,
  namesVersion: 0,
}

export interface AcceptedRecord extends RecordBytes {
  readonly producerId: number
}

export interface Answer {
  readonly requestId: number
  /** Undefined if the append was refused. */
  readonly response: unknown
}

export class ShardHarness {
  readonly #random: Random
  readonly #topics: TopicsView
  /** What the next shard is made with. */
  config: GroupsConfig
  log: AcceptedRecord[] = []
  shard: GroupShard
  /** The next append is refused. */
  refusesNext = false
  /** The records appended next belong to this producer's transaction. */
  producerId = -1

  constructor(random: Random, config: GroupsConfig, topics: TopicsView) {
    this.#random = random
    this.config = config
    this.#topics = topics
    this.shard = this.newShard()
    this.apply(this.shard.start(0), 0)
  }

  newShard(): GroupShard {
    return new GroupShard(this.#random, this.config, this.#topics)
  }

  apply(effects: GroupEffects, nowMs: number): Answer[] {
    const { records, replies } = effects
    if (records.length > 0 && this.refusesNext) {
      this.refusesNext = false
      return replies.map(({ requestId }) => ({ requestId, response: undefined }))
    }
    for (const record of records) {
      const { producerId } = this
      this.log.push({ ...encodeGroupRecord(record), producerId })
      this.shard.replay(record, nowMs, producerId)
    }
    effects.afterReplay?.()
    return [...replies]
  }

  /** A shard with what the log says, not started. */
  rebuild(nowMs: number): GroupShard {
    const shard = this.newShard()
    for (const { key, value, producerId } of this.log) {
      const record = decodeGroupRecord(key, value)
      assert(record !== null, 'a record of our own is unknown')
      shard.replay(record, nowMs, producerId)
    }
    return shard
  }

  /**
   * As the cleaner of the log does: of the first `endOffset` records each key keeps its last one.
   * Records of transactions stay, and their key with them.
   */
  compact(endOffset: number, options: { readonly dropsTombstones: boolean }): void {
    const cleaned = this.log.slice(0, endOffset)
    const last = new Map(cleaned.map((each, index) => [each.key.toString('latin1'), index]))
    const kept = cleaned.filter((each, index) => {
      if (each.producerId !== -1) return true
      if (last.get(each.key.toString('latin1')) !== index) return false
      return each.value !== null || !options.dropsTombstones
    })
    this.log = [...kept, ...this.log.slice(endOffset)]
  }

  /** Who waits gets no answer any more. */
  restart(nowMs: number): Answer[] {
    this.shard = this.rebuild(nowMs)
    return this.apply(this.shard.start(nowMs), nowMs)
  }
}
