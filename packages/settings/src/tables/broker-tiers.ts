// Broker settings: tiered storage, which Weir does not have.

import { why } from '../reasons.ts'
import { boolean, double, int, long, MAX_LONG, string } from '../row.ts'

// biome-ignore format: one row a line.
export const tiersRows = [
  boolean('remote.log.storage.system.enable', false, { refused: why.NO_TIERS }, 'Move old segments to remote storage.'),
  long('log.local.retention.ms', -2, { min: -2, unit: 'ms', update: 'cluster-wide', accepted: why.NO_TIERS }, 'How long records stay on the broker\'s disk after they were moved.'),
  long('log.local.retention.bytes', -2, { min: -2, unit: 'bytes', update: 'cluster-wide', accepted: why.NO_TIERS }, 'Bytes of a partition that stay on the broker\'s disk after they were moved.'),
  int('remote.fetch.max.wait.ms', 500, { min: 1, unit: 'ms', update: 'cluster-wide', accepted: why.NO_TIERS }, 'How long a fetch waits for remote storage.'),
  long('remote.list.offsets.request.timeout.ms', 30_000, { min: 1, unit: 'ms', update: 'cluster-wide', accepted: why.NO_TIERS }, 'How long a search for offsets waits for remote storage.'),
  long('remote.log.index.file.cache.total.size.bytes', 1_073_741_824, { min: 1, unit: 'bytes', update: 'cluster-wide', accepted: why.NO_TIERS }, 'Disk space for indexes of remote segments.'),
  long('remote.log.index.file.cache.ttl.ms', 900_000, { min: -1, unit: 'ms', update: 'cluster-wide', accepted: why.NO_TIERS }, 'How long indexes of remote segments are kept.'),
  int('remote.log.manager.copier.thread.pool.size', 10, { min: 1, update: 'cluster-wide', accepted: why.NO_TIERS }, 'Threads that copy segments.'),
  long('remote.log.manager.copy.max.bytes.per.second', MAX_LONG, { min: 1, unit: 'bytes', update: 'cluster-wide', accepted: why.NO_TIERS }, 'Bytes that are copied a second, at most.'),
  int('remote.log.manager.copy.quota.window.num', 11, { min: 1, accepted: why.NO_TIERS }, 'Samples kept to measure copying.'),
  int('remote.log.manager.copy.quota.window.size.seconds', 1, { min: 1, unit: 's', accepted: why.NO_TIERS }, 'Length of a sample of copying.'),
  int('remote.log.manager.expiration.thread.pool.size', 10, { min: 1, update: 'cluster-wide', accepted: why.NO_TIERS }, 'Threads that delete remote segments.'),
  long('remote.log.manager.fetch.max.bytes.per.second', MAX_LONG, { min: 1, unit: 'bytes', update: 'cluster-wide', accepted: why.NO_TIERS }, 'Bytes that are fetched a second, at most.'),
  int('remote.log.manager.fetch.quota.window.num', 11, { min: 1, accepted: why.NO_TIERS }, 'Samples kept to measure remote fetches.'),
  int('remote.log.manager.fetch.quota.window.size.seconds', 1, { min: 1, unit: 's', accepted: why.NO_TIERS }, 'Length of a sample of remote fetches.'),
  int('remote.log.manager.follower.thread.pool.size', 2, { min: 1, update: 'cluster-wide', accepted: why.NO_TIERS }, 'Threads of followers of remote partitions.'),
  long('remote.log.manager.task.interval.ms', 30_000, { min: 1, unit: 'ms', accepted: why.NO_TIERS }, 'How often remote work is looked for.'),
  long('remote.log.manager.task.retry.backoff.max.ms', 30_000, { min: 1, unit: 'ms', accepted: why.NO_TIERS }, 'Longest pause before remote work is tried again.'),
  long('remote.log.manager.task.retry.backoff.ms', 500, { min: 1, unit: 'ms', accepted: why.NO_TIERS }, 'First pause before remote work is tried again.'),
  double('remote.log.manager.task.retry.jitter', 0.2, { min: 0, max: 0.5, accepted: why.NO_TIERS }, 'Random share added to the pauses.'),
  int('remote.log.manager.thread.pool.size', 2, { min: 1, accepted: why.NO_TIERS }, 'Threads of remote work.'),
  int('remote.log.metadata.custom.metadata.max.bytes', 128, { min: 0, unit: 'bytes', accepted: why.NO_TIERS }, 'Size of additional metadata of a remote segment.'),
  string('remote.log.metadata.manager.class.name', 'org.apache.kafka.server.log.remote.metadata.storage.TopicBasedRemoteLogMetadataManager', { accepted: why.NO_TIERS }, 'Class that keeps metadata of remote segments.'),
  string('remote.log.metadata.manager.class.path', null, { accepted: why.NO_TIERS }, 'Class path of the class that keeps metadata.'),
  string('remote.log.metadata.manager.impl.prefix', 'rlmm.config.', { accepted: why.NO_TIERS }, 'Prefix of settings for the class that keeps metadata.'),
  string('remote.log.metadata.manager.listener.name', null, { accepted: why.NO_TIERS }, 'Listener that metadata of remote segments goes through.'),
  int('remote.log.reader.max.pending.tasks', 100, { min: 1, accepted: why.NO_TIERS }, 'Reads of remote storage that wait, at most.'),
  int('remote.log.reader.threads', 10, { min: 1, update: 'cluster-wide', accepted: why.NO_TIERS }, 'Threads that read remote storage.'),
  string('remote.log.storage.manager.class.name', null, { accepted: why.NO_TIERS }, 'Class that stores remote segments.'),
  string('remote.log.storage.manager.class.path', null, { accepted: why.NO_TIERS }, 'Class path of the class that stores remote segments.'),
  string('remote.log.storage.manager.impl.prefix', 'rsm.config.', { accepted: why.NO_TIERS }, 'Prefix of settings for the class that stores remote segments.'),
] as const
