// The settings that the groups of this broker follow: of the broker, of the cluster's features, and of
// single groups.

import { CONFIG_RESOURCE, type MetadataImage } from '@weir/controller'
import type { ConsumerGroupsConfig, GroupsConfig, MigrationPolicy } from '@weir/groups'
import { groupValue } from '@weir/settings'
import type { NodeSettings } from '../metadata/node-settings.ts'

const MINUTE_MS = 60_000
/**
 * Members that are started together are collected also with a delay of 0, and know their topics by
 * then. Answered within 25 ms, kafka-python's leader joined again at once, for the metadata that it
 * got meanwhile, and then sent no heartbeats: 1 of 12 runs of the kit; with 120 ms none of 25.
 */
const MIN_INITIAL_REBALANCE_DELAY_MS = 120
const GROUP_FEATURE = 'group.version'

/** Reads the settings each time, so that changes count at once. */
export function groupsConfigOf(
  settings: NodeSettings,
  metadata: MetadataImage,
  wallAheadMs: () => number,
): GroupsConfig {
  return {
    get minSessionTimeoutMs() {
      return settings.get('group.min.session.timeout.ms')
    },
    get maxSessionTimeoutMs() {
      return settings.get('group.max.session.timeout.ms')
    },
    get initialRebalanceDelayMs() {
      const delayMs = settings.get('group.initial.rebalance.delay.ms')
      return Math.max(delayMs, MIN_INITIAL_REBALANCE_DELAY_MS)
    },
    get maxSize() {
      return settings.get('group.max.size')
    },
    get offsetMetadataMaxBytes() {
      return settings.get('offset.metadata.max.bytes')
    },
    get offsetsRetentionMs() {
      return settings.get('offsets.retention.minutes') * MINUTE_MS
    },
    get offsetsRetentionCheckIntervalMs() {
      return settings.get('offsets.retention.check.interval.ms')
    },
    get wallAheadMs() {
      return wallAheadMs()
    },
    consumer: consumerGroupsConfigOf(settings, metadata),
  }
}

function consumerGroupsConfigOf(
  settings: NodeSettings,
  metadata: MetadataImage,
): ConsumerGroupsConfig {
  const ofGroup = (
    groupId: string,
    key: 'consumer.session.timeout.ms' | 'consumer.heartbeat.interval.ms',
  ) => groupValue(key, metadata.configs(CONFIG_RESOURCE.group, groupId), settings.current)
  return {
    get isEnabled() {
      const hasFeature = (metadata.features.get(GROUP_FEATURE) ?? 0) >= 1
      return (
        hasFeature && settings.get('group.coordinator.rebalance.protocols').includes('consumer')
      )
    },
    get assignors() {
      return settings.get('group.consumer.assignors')
    },
    get maxSize() {
      return settings.get('group.consumer.max.size')
    },
    get migrationPolicy() {
      return settings.get('group.consumer.migration.policy').toLowerCase() as MigrationPolicy
    },
    sessionTimeoutMs: groupId => ofGroup(groupId, 'consumer.session.timeout.ms'),
    heartbeatIntervalMs: groupId => ofGroup(groupId, 'consumer.heartbeat.interval.ms'),
  }
}
