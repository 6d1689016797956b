// The settings of one topic in the form in which partitions use them.

import type { LogConfig } from '@weir/log'
import type { Codec } from '@weir/protocol'

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
