// The vocabulary of the log package: what callers pass in and get back.
//
// Offsets are numbers below 2^53. Every `...EndOffset`, `highWatermark` and `lastStableOffset` is
// exclusive (the next offset); `lastOffset` is inclusive. Expected failures are values with the
// name of Kafka's error; they are never thrown.

/** The settings of one log; all may change while it is open. Unlimited is Infinity (never -1). */
export interface LogConfig {
  /** A segment is closed before it would grow beyond this. */
  readonly segmentBytes: number
  /** A segment is closed when its first batch is this old, minus a jitter. */
  readonly segmentMs: number
  readonly segmentJitterMs: number
  /** Bytes of log between two entries of the offset index. */
  readonly indexIntervalBytes: number
  /** A segment is closed when an index reaches this. */
  readonly maxIndexBytes: number
  readonly cleanupDelete: boolean
  readonly cleanupCompact: boolean
  readonly retentionMs: number
  readonly retentionBytes: number
  /** Deleted segment files are unlinked after this delay. */
  readonly fileDeleteDelayMs: number
  /** Acks wait for a sync whenever so many messages are not synced; 1 = every ack after a sync. */
  readonly flushMessages: number
  readonly flushMs: number
  readonly deleteRetentionMs: number
  readonly minCompactionLagMs: number
  readonly maxCompactionLagMs: number
  /** In [0, 1]. */
  readonly minCleanableDirtyRatio: number
  /** True: the log stamps batches with its clock (message.timestamp.type=LogAppendTime). */
  readonly isLogAppendTime: boolean
  readonly producerIdExpirationMs: number
}

/** Kafka 4.3.1's defaults. */
export const DEFAULT_LOG_CONFIG: LogConfig = Object.freeze({
  segmentBytes: 1_073_741_824,
  segmentMs: 604_800_000,
  segmentJitterMs: 0,
  indexIntervalBytes: 4096,
  maxIndexBytes: 10_485_760,
  cleanupDelete: true,
  cleanupCompact: false,
  retentionMs: 604_800_000,
  retentionBytes: Number.POSITIVE_INFINITY,
  fileDeleteDelayMs: 60_000,
  flushMessages: Number.POSITIVE_INFINITY,
  flushMs: Number.POSITIVE_INFINITY,
  deleteRetentionMs: 86_400_000,
  minCompactionLagMs: 0,
  maxCompactionLagMs: Number.POSITIVE_INFINITY,
  minCleanableDirtyRatio: 0.5,
  isLogAppendTime: false,
  producerIdExpirationMs: 86_400_000,
})

/** A subset of the protocol's error names. */
export type LogErrorName =
  | 'KAFKA_STORAGE_ERROR'
  | 'CORRUPT_MESSAGE'
  | 'INVALID_RECORD'
  | 'OFFSET_OUT_OF_RANGE'
  | 'OUT_OF_ORDER_SEQUENCE_NUMBER'
  | 'INVALID_PRODUCER_EPOCH'
  | 'INVALID_TXN_STATE'
  | 'TRANSACTION_COORDINATOR_FENCED'
  | 'RECORD_LIST_TOO_LARGE'
  | 'FENCED_LEADER_EPOCH'

export interface Failed {
  readonly kind: 'failed'
  readonly error: LogErrorName
  readonly message: string
}

/**
 * client: a producer's batch; offsets are assigned, sequences checked.
 * coordinator: a coordinator's batch or transaction marker; offsets are assigned.
 * replication: batches of the leader; they keep their offsets and epochs, which are checked, as is the
 * checksum.
 */
export type AppendOrigin = 'client' | 'coordinator' | 'replication'

export interface AppendOptions {
  /** The epoch of the leader: stamped on what is appended (with replication: the highest allowed). */
  readonly leaderEpoch: number
  readonly origin: AppendOrigin
  /** The time for LogAppendTime and for the producers' state. */
  readonly nowMs: number
}

export interface Appended {
  /** duplicate: a retry of a batch that is in the log; the offsets are those of the first time. */
  readonly kind: 'appended' | 'duplicate'
  readonly baseOffset: number
  readonly lastOffset: number
  /** -1 unless the log stamps batches itself. */
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
}

export type AppendOutcome = Appended | Failed

export interface ReadRequest {
  readonly fromOffset: number
  readonly maxBytes: number
  /** Exclusive: only batches that end below it are returned. */
  readonly limitOffset: number
  /** True: the first batch is returned whole even if it is larger than `maxBytes`. */
  readonly minOneBatch: boolean
  /** True: answers `abortedTransactions` (read_committed). */
  readonly withAborted?: boolean
}

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface ReadResult {
  readonly kind: 'read'
  /** Whole batches, in order. The first may begin before `fromOffset`. Empty: nothing to read. */
  readonly chunks: readonly Buffer[]
  /** Base offset of the first batch; `fromOffset` if there is none. */
  readonly startOffset: number
  /** The offset after the last batch returned; `fromOffset` if there is none. */
  readonly endOffset: number
  readonly bytes: number
  /** Null unless asked for. */
  readonly abortedTransactions: readonly AbortedTransaction[] | null
  /** Gives the memory back; call exactly once, when the chunks are not needed any more. */
  release(): void
}

/** OFFSET_OUT_OF_RANGE, CORRUPT_MESSAGE (damage at that offset) or KAFKA_STORAGE_ERROR. */
export type ReadOutcome = ReadResult | Failed

export interface TimestampAndOffset {
  readonly timestamp: number
  readonly offset: number
  /** -1 if unknown. */
  readonly leaderEpoch: number
}

/** Answer of OffsetForLeaderEpoch: -1, -1 when there is none. */
export interface EpochEndOffset {
  readonly leaderEpoch: number
  readonly endOffset: number
}

export interface LogFailure {
  /** space: the disk is full; the log goes on by itself. offline: its directory is gone for good. */
  readonly kind: 'space' | 'offline'
  /** What was appended from here on is not in the log any more. */
  readonly fromOffset: number
  readonly cause: Error
}

/** Who is told about a log: its partition. Called in the turn in which it happens. */
export interface LogListener {
  /** `writtenEndOffset` has moved. */
  onWritten(): void
  /** Batches from `failure.fromOffset` on were dropped: their acks fail with KAFKA_STORAGE_ERROR. */
  onFailure(failure: LogFailure): void
  /** A read has found damage that was not known. */
  onDamage?(): void
}

/** Damage that a read or a recovery found and that is not lifted yet. Offsets half-open. */
export interface DamagedRange {
  readonly fromOffset: number
  readonly toOffset: number
  readonly segmentBaseOffset: number
  /** Half-open range of bytes in the segment file. */
  readonly fromPosition: number
  readonly toPosition: number
}

export interface ActiveProducer {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestamp: number
  readonly coordinatorEpoch: number
  /** -1 when no transaction is open. */
  readonly currentTransactionStartOffset: number
}
