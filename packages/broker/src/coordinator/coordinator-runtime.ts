// All shards of one kind of coordinator on this broker: one for each partition of the internal
// topic that it leads. They appear and go with the leadership.

import type { Env } from '@weir/core'
import { KafkaError } from '@weir/protocol'
import type { Partition } from '../partition/partition.ts'
import type { LeadershipListener } from '../partition/replica-manager.ts'
import { CoordinatorClock } from './coordinator-clock.ts'
import type { CoordinatorShard, ShardEffects, ShardKind } from './coordinator-shard.ts'
import { LoadTurns } from './load-turns.ts'
import { ShardHost, type SubmitOptions } from './shard-host.ts'

export class CoordinatorRuntime<R, S extends CoordinatorShard<R>> implements LeadershipListener {
  readonly #env: Env
  readonly #clock: CoordinatorClock
  readonly #kind: ShardKind<R, S>
  readonly #turns: LoadTurns
  readonly #hosts = new Map<number, ShardHost<R, S>>()
  #isClosed = false

  constructor(env: Env, kind: ShardKind<R, S>) {
    this.#env = env
    this.#clock = new CoordinatorClock(env.clock)
    this.#kind = kind
    this.#turns = new LoadTurns(env)
  }

  /** How far the wall clock is ahead of the time that the shards are given. */
  get wallAheadMs(): number {
    return this.#env.clock.nowMs() - this.#clock.nowMs()
  }

  onLeader(partition: Partition): void {
    if (partition.topic !== this.#kind.topic || this.#isClosed) return
    this.#hosts.get(partition.partitionIndex)?.close()
    this.#host(partition)
  }

  onNotLeader(partition: Partition): void {
    if (partition.topic !== this.#kind.topic) return
    const host = this.#hosts.get(partition.partitionIndex)
    if (host?.partition !== partition) return
    this.#hosts.delete(partition.partitionIndex)
    host.close()
  }

  #host(partition: Partition): void {
    const { partitionIndex } = partition
    const onLost = () => {
      if (this.#isClosed || this.#hosts.get(partitionIndex) !== host) return
      this.#hosts.delete(partitionIndex)
      // Not within the partition's own round of calls: the new host listens to it, too.
      this.#env.clock.soon(() => this.#rehost(partition))
    }
    const host = new ShardHost(this.#env, this.#clock, this.#kind, {
      partition,
      turns: this.#turns,
      onLost,
    })
    this.#hosts.set(partitionIndex, host)
  }

  #rehost(partition: Partition): void {
    if (this.#isClosed || !partition.isLeader || this.#hosts.has(partition.partitionIndex)) return
    this.#host(partition)
  }

  /** The partitions whose shards are here, loaded or not. */
  get partitionIndexes(): number[] {
    return [...this.#hosts.keys()]
  }

  /** Whether the shard is loaded and serves. */
  isActive(partitionIndex: number): boolean {
    return this.#hosts.get(partitionIndex)?.isActive === true
  }

  /** Resolves when the shard is loaded, or is not here. */
  loaded(partitionIndex: number): Promise<void> {
    return this.#hosts.get(partitionIndex)?.loaded() ?? Promise.resolve()
  }

  /** Rejects with KafkaError: NOT_COORDINATOR, COORDINATOR_LOAD_IN_PROGRESS, or why not appended. */
  submit(
    partitionIndex: number,
    run: (requestId: number, shard: S, nowMs: number) => ShardEffects<R>,
    options?: SubmitOptions,
  ): Promise<unknown> {
    const host = this.#hosts.get(partitionIndex)
    if (host === undefined) {
      const message = `${this.#kind.topic}-${partitionIndex} is not led by this broker`
      return Promise.reject(new KafkaError('NOT_COORDINATOR', message))
    }
    return host.submit(run, options)
  }

  /** On every shard: one that loads does it when it is loaded. Nobody waits for it. */
  runOnAll(decide: (shard: S, nowMs: number) => ShardEffects<R>): void {
    for (const host of this.#hosts.values()) host.run(decide)
  }

  close(): void {
    this.#isClosed = true
    for (const host of this.#hosts.values()) host.close()
    this.#hosts.clear()
  }
}
