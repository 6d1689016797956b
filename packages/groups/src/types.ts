// What a group shard takes and gives: requests come with a context, decisions leave as effects.
//
// Invariant: a method that decides changes only what a restart may forget (who waits, what is
// being rebalanced, timers). Everything durable changes in `replay`, once the records of the
// decision were accepted by the log.

import type { GroupRecord } from './records.ts'

export interface Reply {
  readonly requestId: number
  readonly response: unknown
}

/**
 * The outcome of one decision. The records are appended as one batch; if that is accepted they are
 * replayed, then `afterReplay` runs, and the replies leave when the batch is committed. If it is
 * refused nothing of this happens, and the requests in `replies` get the error.
 */
export interface Effects<R> {
  readonly records: R[]
  readonly replies: Reply[]
  /** A change of forgettable state that only holds together with the records. */
  afterReplay: (() => void) | null
}

export type GroupEffects = Effects<GroupRecord>

export function noEffects(): GroupEffects {
  return { records: [], replies: [], afterReplay: null }
}

/** One reply and nothing else. */
export function replyOnly(requestId: number, response: unknown): GroupEffects {
  return { records: [], replies: [{ requestId, response }], afterReplay: null }
}

/** What a request brings beside its body. */
export interface RequestContext {
  readonly nowMs: number
  readonly apiVersion: number
  readonly clientId: string
  /** As Kafka writes it into the group's metadata: a slash and the address. */
  readonly clientHost: string
}

/** The settings of the broker that the groups follow; times in milliseconds. */
export interface GroupsConfig {
  /** group.min.session.timeout.ms, inclusive. */
  readonly minSessionTimeoutMs: number
  /** group.max.session.timeout.ms, inclusive. */
  readonly maxSessionTimeoutMs: number
  /** group.initial.rebalance.delay.ms */
  readonly initialRebalanceDelayMs: number
  /** group.max.size */
  readonly maxSize: number
  /** offset.metadata.max.bytes; compared with the number of characters, as in Kafka. */
  readonly offsetMetadataMaxBytes: number
  /** offsets.retention.minutes in milliseconds. */
  readonly offsetsRetentionMs: number
  /** offsets.retention.check.interval.ms */
  readonly offsetsRetentionCheckIntervalMs: number
  /**
   * How far the wall clock is ahead of the times that a shard is given, which do not jump and stand still
   * while the machine sleeps. What is kept for another process goes by the wall clock: when an offset was
   * committed, when a group became empty.
   */
  readonly wallAheadMs: number
  readonly consumer: ConsumerGroupsConfig
}

/** Which way a group may change between the protocols while it has members. */
export type MigrationPolicy = 'disabled' | 'upgrade' | 'downgrade' | 'bidirectional'

/** The settings of consumer groups (KIP-848). */
export interface ConsumerGroupsConfig {
  /** False: nobody may join by the consumer protocol. */
  readonly isEnabled: boolean
  /** group.consumer.assignors; the first one is the default. */
  readonly assignors: readonly string[]
  /** group.consumer.max.size */
  readonly maxSize: number
  readonly migrationPolicy: MigrationPolicy
  sessionTimeoutMs(groupId: string): number
  heartbeatIntervalMs(groupId: string): number
}

const DEFAULT_CONSUMER_GROUPS_CONFIG: ConsumerGroupsConfig = Object.freeze({
  isEnabled: true,
  assignors: ['uniform', 'range'],
  maxSize: 2_147_483_647,
  migrationPolicy: 'bidirectional',
  sessionTimeoutMs: () => 45_000,
  heartbeatIntervalMs: () => 5000,
})

export const DEFAULT_GROUPS_CONFIG: GroupsConfig = Object.freeze({
  minSessionTimeoutMs: 6000,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 3000,
  maxSize: 2_147_483_647,
  offsetMetadataMaxBytes: 4096,
  offsetsRetentionMs: 7 * 24 * 60 * 60 * 1000,
  offsetsRetentionCheckIntervalMs: 600_000,
  wallAheadMs: 0,
  consumer: DEFAULT_CONSUMER_GROUPS_CONFIG,
})

/** How long a member that is new, and so cannot send heartbeats, may wait for its first answer. */
export const NEW_MEMBER_JOIN_TIMEOUT_MS = 5 * 60 * 1000

/** What the groups know of the cluster's topics; a view of the newest metadata image. */
export interface TopicsView {
  /** Null if no topic has the name. */
  topicId(name: string): string | null
  /** Null if no topic has the id. */
  topicName(topicId: string): string | null
  /** 0 if no topic has the name. */
  partitionCount(name: string): number
  /** The racks of the replicas of a partition, as far as they are known. */
  racksOf(name: string, partitionIndex: number): readonly string[]
  names(): Iterable<string>
  /** Grows with every change of a topic. */
  readonly changeCount: number
  /** Grows when topics come or go. */
  readonly namesVersion: number
}
