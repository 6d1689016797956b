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
  readonly log: AcceptedRecord[] = []
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

  /** Who waits gets no answer any more. */
  restart(nowMs: number): Answer[] {
    this.shard = this.rebuild(nowMs)
    return this.apply(this.shard.start(nowMs), nowMs)
  }
}
