// The settings of one topic in the form in which partitions use them.

import type { LogConfig } from '@weir/log'
import type { Codec, RecordValidationOptions } from '@weir/protocol'

/** A batch larger than this is validated in a worker thread: its checksum alone takes 0.2 ms a MiB. */
const INLINE_BATCH_BYTES = 4 * 1024 * 1024
/** A batch compressed to more than this is validated in a worker thread. */
const INLINE_INPUT_BYTES = 256 * 1024
/** So is one that holds more than this. */
const INLINE_OUTPUT_BYTES = 4 * 1024 * 1024
/** The decompressed records of one batch at most, or eight times the stored limit (H6). */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

export interface PartitionConfig {
  readonly log: LogConfig
  /** max.message.bytes: of one batch as it is stored. */
  readonly maxMessageBytes: number
  /** compression.type; 'producer' stores batches as they come. */
  readonly targetCodec: Codec | 'producer'
  /** Null is the codec's default. */
  readonly targetLevel: number | null
  /** Infinity is no limit. */
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  readonly minInsyncReplicas: number
  /** weir.produce.validation. */
  readonly validationDepth: 'full' | 'batch'
  /** Replicas that are served, and that fetch, at a throttled rate. */
  readonly leaderThrottled: ThrottledReplicas
  readonly followerThrottled: ThrottledReplicas
}

/** Every replica, or 'PARTITION:BROKER' of each. */
export type ThrottledReplicas = 'all' | ReadonlySet<string>

export function isThrottled(
  replicas: ThrottledReplicas,
  partitionIndex: number,
  brokerId: number,
): boolean {
  return replicas === 'all' || replicas.has(`${partitionIndex}:${brokerId}`)
}

/** The value of a setting: '*', or elements PARTITION:BROKER. */
export function throttledReplicas(elements: readonly string[]): ThrottledReplicas {
  return elements[0] === '*' ? 'all' : new Set(elements)
}

/** How records of producers are checked. */
export function validationOptions(config: PartitionConfig): RecordValidationOptions {
  return {
    maxBatchBytes: config.maxMessageBytes,
    targetCodec: config.targetCodec,
    targetLevel: config.targetLevel,
    isLogAppendTime: config.log.isLogAppendTime,
    timestampBeforeMaxMs: config.timestampBeforeMaxMs,
    timestampAfterMaxMs: config.timestampAfterMaxMs,
    isCompacted: config.log.cleanupCompact,
    depth: config.validationDepth,
    inlineBatchBytes: INLINE_BATCH_BYTES,
    inlineInputBytes: INLINE_INPUT_BYTES,
    inlineOutputBytes: INLINE_OUTPUT_BYTES,
    maxOutputBytes: Math.max(MAX_OUTPUT_BYTES, 8 * config.maxMessageBytes),
  }
}
