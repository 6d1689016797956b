// Runs one shard over its partition, for one term of leadership: loads it, runs a request to
// completion, appends its records as one decision, replays them if accepted, and holds the replies
// until the high watermark has passed everything appended before them.
//
// Failure = forget: when the leadership or an append is lost the host is closed, whoever waits gets
// NOT_COORDINATOR, and a new host loads the shard again. A refused append only fails its requests.

import { assert, type Env, errorMessage, type Timer } from '@weir/core'
import { type ErrorName, KafkaError, type NewRecord, RecordBatchBuilder } from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { PartitionListener } from '../partition/partition-types.ts'
import type { CoordinatorClock } from './coordinator-clock.ts'
import type { CoordinatorShard, ShardEffects, ShardKind, ShardReply } from './coordinator-shard.ts'
import { HeldReplies, type Waiting } from './held-replies.ts'
import type { LoadTurns } from './load-turns.ts'
import { loadShard } from './shard-loader.ts'

/** Records of one decision that are larger than this together go into several batches. */
const MAX_BATCH_BYTES = 512 * 1024
/** A timer that fires later than this: the process was stopped, requests come first. */
const LATE_TIMER_MS = 1000
const LATE_TIMER_GRACE_MS = 500
/** How long deadlines are met in one turn, and how many at most. */
const MAX_EXPIRY_MS = 4
const MAX_EXPIRIES_PER_TURN = 64
const LOAD_RETRY_MS = 5000
const ANY_EPOCH = -1

export type Decide<R, S> = (shard: S, nowMs: number) => ShardEffects<R>

type HostState = 'loading' | 'active' | 'closed'

export interface SubmitOptions {
  /** True: an answer that depends on nothing that is being written: it leaves at once. */
  readonly isImmediate?: boolean
}

export class ShardHost<R, S extends CoordinatorShard<R>> implements PartitionListener {
  readonly partition: Partition
  readonly #env: Env
  readonly #clock: CoordinatorClock
  readonly #kind: ShardKind<R, S>
  readonly #turns: LoadTurns
  readonly #onLost: () => void
  readonly #shard: S
  #state: HostState = 'loading'
  #nextRequestId = 1
  readonly #waiting = new Map<number, Waiting>()
  readonly #held: HeldReplies
  /** The end of what was appended or loaded: a reply waits until the high watermark is there. */
  #endOffset = 0
  #timer: Timer | null = null
  #timerDeadlineMs = Number.POSITIVE_INFINITY
  /** The timer was late, and waits for what is in the sockets: no request brings it forward. */
  #isInGrace = false
  #loaders: (() => void)[] = []
  /** Decisions of the node that came while the shard was loading. */
  #deferred: Decide<R, S>[] = []

  constructor(
    env: Env,
    clock: CoordinatorClock,
    kind: ShardKind<R, S>,
    place: {
      readonly partition: Partition
      readonly turns: LoadTurns
      readonly onLost: () => void
    },
  ) {
    this.#env = env
    this.#clock = clock
    this.#kind = kind
    this.partition = place.partition
    this.#turns = place.turns
    this.#onLost = place.onLost
    this.#shard = kind.newShard()
    this.#held = new HeldReplies(env, kind.writeTimeoutMs, waiting =>
      waiting.reject(failure('COORDINATOR_NOT_AVAILABLE', `${this.#name}: not replicated in time`)),
    )
    this.partition.watchers.addListener(this)
    env.log.background(this.#load(), `load of ${this.#name}`)
  }

  get #name(): string {
    return `${this.partition.topic}-${this.partition.partitionIndex}`
  }

  get isActive(): boolean {
    return this.#state === 'active'
  }

  /** Resolves when the shard is loaded, or will never be. */
  loaded(): Promise<void> {
    if (this.#state !== 'loading') return Promise.resolve()
    return new Promise(resolve => this.#loaders.push(resolve))
  }

  async #load(): Promise<void> {
    const { partition } = this
    const endOffset = partition.log.logEndOffset
    const startedMs = this.#env.clock.monotonicMs()
    const nowMs = () => this.#clock.nowMs()
    const isWanted = () => this.#state === 'loading'
    try {
      const source = { partition, shard: this.#shard }
      const isDone = await loadShard(this.#turns, this.#kind, source, {
        endOffset,
        nowMs,
        isWanted,
      })
      if (!isDone || this.#state !== 'loading') return
    } catch (error) {
      if (this.#state !== 'loading') return
      const reason = errorMessage(error)
      this.#env.log.error('a coordinator cannot load', { shard: this.#name, reason })
      this.#env.clock.after(LOAD_RETRY_MS, () => this.#lose())
      return
    }
    this.#endOffset = endOffset
    this.#state = 'active'
    for (const resolve of this.#loaders.splice(0)) resolve()
    this.#apply(this.#shard.start(this.#clock.nowMs()))
    for (const decide of this.#deferred.splice(0)) this.run(decide)
    if (endOffset > 0) {
      const ms = Math.round(this.#env.clock.monotonicMs() - startedMs)
      this.#env.log.debug('coordinator loaded', { shard: this.#name, endOffset, ms })
    }
  }

  /** Runs one decision; resolves with its reply once that may be seen. Rejects with KafkaError. */
  submit(
    run: (requestId: number, shard: S, nowMs: number) => ShardEffects<R>,
    options: SubmitOptions = {},
  ): Promise<unknown> {
    if (this.#state === 'loading') {
      return Promise.reject(failure('COORDINATOR_LOAD_IN_PROGRESS', `${this.#name} is loading`))
    }
    if (this.#state === 'closed') {
      return Promise.reject(failure('NOT_COORDINATOR', `${this.#name} has moved`))
    }
    // After a pause somebody else may be the coordinator by now: no answer from memory (R16).
    if (this.partition.checkLeader(ANY_EPOCH) !== null) {
      return Promise.reject(failure('COORDINATOR_LOAD_IN_PROGRESS', `${this.#name} is in doubt`))
    }
    return new Promise((resolve, reject) => {
      const requestId = this.#nextRequestId++
      const effects = run(requestId, this.#shard, this.#clock.nowMs())
      this.#waiting.set(requestId, { resolve, reject })
      if (options.isImmediate === true && effects.records.length === 0) {
        for (const reply of effects.replies) this.#answer(reply)
        effects.afterReplay?.()
        this.#armTimer()
      } else {
        this.#apply(effects)
      }
    })
  }

  /** A decision that nobody waits for. */
  run(decide: Decide<R, S>): void {
    if (this.#state === 'loading') this.#deferred.push(decide)
    if (this.#state === 'active') this.#apply(decide(this.#shard, this.#clock.nowMs()))
  }

  #apply(effects: ShardEffects<R>): void {
    const endOffset = this.#endOffset
    try {
      this.#appendAndReply(effects)
    } catch (error) {
      // The log may have what the memory has not: only the log knows now what holds.
      if (this.#endOffset !== endOffset) this.#env.clock.soon(() => this.#lose())
      throw error
    }
  }

  #appendAndReply(effects: ShardEffects<R>): void {
    const { records, replies } = effects
    if (records.length > 0) {
      const refusal = this.#append(records)
      if (refusal !== null) {
        for (const { requestId } of replies) this.#take(requestId)?.reject(refusal)
        this.#armTimer()
        return
      }
      const nowMs = this.#clock.nowMs()
      for (const record of records) this.#shard.replay(record, nowMs, -1)
    }
    effects.afterReplay?.()
    const { highWatermark } = this.partition
    for (const reply of replies) {
      if (highWatermark >= this.#endOffset) this.#answer(reply)
      else this.#hold(reply)
    }
    this.#armTimer()
  }

  #answer({ requestId, response }: ShardReply): void {
    this.#take(requestId)?.resolve(response)
  }

  #hold({ requestId, response }: ShardReply): void {
    const waiting = this.#take(requestId)
    if (waiting !== undefined) this.#held.hold(this.#endOffset, waiting, response)
  }

  #take(requestId: number): Waiting | undefined {
    const waiting = this.#waiting.get(requestId)
    this.#waiting.delete(requestId)
    return waiting
  }

  /** Null if the records are in the log. */
  #append(records: readonly R[]): KafkaError | null {
    const { partition } = this
    const lack = partition.checkInsyncReplicas()
    if (lack !== null) return failure(coordinatorError(lack), `${this.#name}: ${lack}`)
    const timestamp = this.#clock.nowMs()
    let builder = new RecordBatchBuilder()
    let isFirst = true
    for (let index = 0; index < records.length; index++) {
      const record = records[index]
      assert(record !== undefined, 'a record is missing')
      const { key, value }: Pick<NewRecord, 'key' | 'value'> = this.#kind.encode(record)
      builder.append({ timestamp, key, value })
      if (index < records.length - 1 && builder.sizeInBytes < MAX_BATCH_BYTES) continue
      const outcome = partition.appendAsLeader(builder.build(), 'coordinator', timestamp)
      if (outcome.kind === 'failed') {
        const error = failure(coordinatorError(outcome.error), `${this.#name}: ${outcome.message}`)
        // Part of the decision is in the log: only the log knows now what holds.
        if (!isFirst) this.#env.clock.soon(() => this.#lose())
        return error
      }
      this.#endOffset = outcome.lastOffset + 1
      isFirst = false
      builder = new RecordBatchBuilder()
    }
    return null
  }

  onHighWatermark(): void {
    this.#held.release(this.partition.highWatermark)
  }

  onAppendsLost(): void {
    this.#lose()
  }

  #lose(): void {
    if (this.#state === 'closed') return
    this.close()
    this.#onLost()
  }

  /** Forgets everything; the log remembers. */
  close(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.partition.watchers.removeListener(this)
    this.#timer?.cancel()
    this.#timer = null
    const error = failure('NOT_COORDINATOR', `${this.#name} has moved`)
    this.#held.rejectAll(error)
    for (const waiting of this.#waiting.values()) waiting.reject(error)
    this.#waiting.clear()
    for (const resolve of this.#loaders.splice(0)) resolve()
  }

  #armTimer(): void {
    if (this.#state !== 'active' || this.#isInGrace) return
    const deadlineMs = this.#shard.nextDeadlineMs()
    if (deadlineMs === this.#timerDeadlineMs) return
    // An earlier timer finds nothing to do and arms the next one: cheaper than to move it each time.
    if (this.#timer !== null && deadlineMs > this.#timerDeadlineMs) return
    this.#timer?.cancel()
    this.#timer = null
    this.#timerDeadlineMs = deadlineMs
    if (deadlineMs === Number.POSITIVE_INFINITY) return
    const delayMs = Math.max(deadlineMs - this.#clock.nowMs(), 0)
    this.#timer = this.#env.clock.after(delayMs, () => this.#onTimer())
  }

  #onTimer(): void {
    const lateMs = this.#clock.nowMs() - this.#timerDeadlineMs
    this.#isInGrace = lateMs > LATE_TIMER_MS
    if (this.#isInGrace) {
      // What the members sent meanwhile is in the sockets: let it be read before they are dropped.
      this.#timerDeadlineMs = this.#clock.nowMs() + LATE_TIMER_GRACE_MS
      this.#timer = this.#env.clock.after(LATE_TIMER_GRACE_MS, () => this.#onTimer())
      return
    }
    this.#timer = null
    this.#timerDeadlineMs = Number.POSITIVE_INFINITY
    const endMs = this.#env.clock.monotonicMs() + MAX_EXPIRY_MS
    for (let count = 0; count < MAX_EXPIRIES_PER_TURN; count++) {
      const nowMs = this.#clock.nowMs()
      if (count > 0 && this.#env.clock.monotonicMs() > endMs) break
      if (this.#state !== 'active' || this.#shard.nextDeadlineMs() > nowMs) break
      this.#apply(this.#shard.expire(nowMs))
    }
    this.#armTimer()
  }
}

function failure(error: ErrorName, message: string): KafkaError {
  return new KafkaError(error, message)
}

/** What a failed append means to the client of a coordinator, as in Kafka. */
function coordinatorError(error: ErrorName): ErrorName {
  switch (error) {
    case 'UNKNOWN_TOPIC_OR_PARTITION':
    case 'NOT_ENOUGH_REPLICAS':
    case 'NOT_ENOUGH_REPLICAS_AFTER_APPEND':
    case 'REQUEST_TIMED_OUT':
      return 'COORDINATOR_NOT_AVAILABLE'
    case 'NOT_LEADER_OR_FOLLOWER':
    case 'KAFKA_STORAGE_ERROR':
      return 'NOT_COORDINATOR'
    default:
      return 'UNKNOWN_SERVER_ERROR'
  }
}
