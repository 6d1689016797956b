// What the runtime needs of a state machine: the shape of GroupShard, and of the shards to come.

export interface ShardReply {
  readonly requestId: number
  readonly response: unknown
}

/** See packages/groups/src/types.ts: records, replies once they are committed, soft changes. */
export interface ShardEffects<R> {
  readonly records: readonly R[]
  readonly replies: readonly ShardReply[]
  readonly afterReplay: (() => void) | null
}

export interface CoordinatorShard<R> {
  /** `producerId` is -1 unless the record's batch is transactional. */
  replay(record: R, nowMs: number, producerId: number): void
  replayTransactionEnd(producerId: number, isCommit: boolean): void
  start(nowMs: number): ShardEffects<R>
  nextDeadlineMs(): number
  /** Does what the earliest deadline asks for, if it has passed. */
  expire(nowMs: number): ShardEffects<R>
}

export interface RecordBytes {
  readonly key: Buffer
  readonly value: Buffer | null
}

/** One kind of coordinator. */
export interface ShardKind<R, S extends CoordinatorShard<R>> {
  /** The internal topic. */
  readonly topic: string
  newShard(): S
  /** How long a reply waits for its records to be committed. */
  readonly writeTimeoutMs: () => number
  encode(record: R): RecordBytes
  /** Null for records that this version does not know. */
  decode(key: Buffer, value: Buffer | null): R | null
}
