// Topic settings, each with the broker settings that its default comes from, nearest first.

import { gzipLevelProblem, throttledReplicasProblem } from '../checks.ts'
import { why } from '../reasons.ts'
import { boolean, double, int, list, long, MAX_LONG, string } from '../row.ts'

// biome-ignore format: one row a line.
export const topicRows = [
  list('cleanup.policy', 'delete', { oneOf: ['compact', 'delete'], brokerKeys: ['log.cleanup.policy'] }, 'What happens to old records: delete, compact, both, or nothing for an empty list.'),
  string('compression.type', 'producer', { oneOf: ['uncompressed', 'zstd', 'lz4', 'snappy', 'gzip', 'producer'], brokerKeys: ['compression.type'] }, 'Codec of stored batches; producer keeps what the producer chose.'),
  int('compression.gzip.level', -1, { min: -1, max: 9, check: gzipLevelProblem, brokerKeys: ['compression.gzip.level'] }, 'Level of gzip where the broker compresses.'),
  int('compression.lz4.level', 9, { min: 1, max: 17, brokerKeys: ['compression.lz4.level'] }, 'Level of lz4 where the broker compresses.'),
  int('compression.zstd.level', 3, { min: -131_072, max: 22, brokerKeys: ['compression.zstd.level'] }, 'Level of zstd where the broker compresses.'),
  long('delete.retention.ms', 86_400_000, { min: 0, unit: 'ms', brokerKeys: ['log.cleaner.delete.retention.ms'] }, 'How long the markers of deleted keys stay readable.'),
  long('file.delete.delay.ms', 60_000, { min: 0, unit: 'ms', brokerKeys: ['log.segment.delete.delay.ms'] }, 'How long the files of a deleted segment stay.'),
  long('flush.messages', MAX_LONG, { min: 1, brokerKeys: ['log.flush.interval.messages'] }, 'Unsynced records of a partition at most before an fsync.'),
  long('flush.ms', MAX_LONG, { min: 0, unit: 'ms', brokerKeys: ['log.flush.interval.ms', 'log.flush.scheduler.interval.ms'] }, 'A record is synced after this time.'),
  list('follower.replication.throttled.replicas', '', { check: throttledReplicasProblem }, 'Replicas whose fetching is throttled, as PARTITION:BROKER, or * for all.'),
  list('leader.replication.throttled.replicas', '', { check: throttledReplicasProblem }, 'Replicas that are served at a throttled rate, as PARTITION:BROKER, or * for all.'),
  int('index.interval.bytes', 4096, { min: 0, unit: 'bytes', brokerKeys: ['log.index.interval.bytes'] }, 'Bytes of records between two entries of the offset index.'),
  long('local.retention.bytes', -2, { min: -2, unit: 'bytes', accepted: why.NO_TIERS, brokerKeys: ['log.local.retention.bytes'] }, 'Bytes of a partition that stay on the broker\'s disk after they were moved.'),
  long('local.retention.ms', -2, { min: -2, unit: 'ms', accepted: why.NO_TIERS, brokerKeys: ['log.local.retention.ms'] }, 'How long records stay on the broker\'s disk after they were moved.'),
  long('max.compaction.lag.ms', MAX_LONG, { min: 1, unit: 'ms', brokerKeys: ['log.cleaner.max.compaction.lag.ms'] }, 'Records older than this are compacted whatever the share.'),
  int('max.message.bytes', 1_048_588, { min: 0, unit: 'bytes', brokerKeys: ['message.max.bytes'] }, 'Size of a record batch at most, after compression.'),
  long('message.timestamp.after.max.ms', 3_600_000, { min: 0, unit: 'ms', brokerKeys: ['log.message.timestamp.after.max.ms'] }, 'How far in the future a producer\'s timestamp may lie.'),
  long('message.timestamp.before.max.ms', MAX_LONG, { min: 0, unit: 'ms', brokerKeys: ['log.message.timestamp.before.max.ms'] }, 'How far in the past a producer\'s timestamp may lie.'),
  string('message.timestamp.type', 'CreateTime', { oneOf: ['CreateTime', 'LogAppendTime'], brokerKeys: ['log.message.timestamp.type'] }, 'Whose time a record carries: the producer\'s or that of the append.'),
  double('min.cleanable.dirty.ratio', 0.5, { min: 0, max: 1, brokerKeys: ['log.cleaner.min.cleanable.ratio'] }, 'Share of a log that has to be uncleaned before it is cleaned.'),
  long('min.compaction.lag.ms', 0, { min: 0, unit: 'ms', brokerKeys: ['log.cleaner.min.compaction.lag.ms'] }, 'Records younger than this are not compacted.'),
  int('min.insync.replicas', 1, { min: 1, brokerKeys: ['min.insync.replicas'] }, 'Replicas that must have a record before acks=all is answered.'),
  boolean('preallocate', false, { accepted: why.GROWING_FILES, brokerKeys: ['log.preallocate'] }, 'Reserve the space of a segment when it is created.'),
  boolean('remote.log.copy.disable', false, { accepted: why.NO_TIERS }, 'Stop moving segments to remote storage.'),
  boolean('remote.log.delete.on.disable', false, { accepted: why.NO_TIERS }, 'Delete remote segments when remote storage is switched off.'),
  boolean('remote.storage.enable', false, { refused: why.NO_TIERS }, 'Move old segments to remote storage.'),
  long('retention.bytes', -1, { unit: 'bytes', brokerKeys: ['log.retention.bytes'] }, 'Oldest segments are deleted while a partition is larger than this; -1 for no limit.'),
  long('retention.ms', 604_800_000, { min: -1, unit: 'ms', brokerKeys: ['log.retention.ms', 'log.retention.minutes', 'log.retention.hours'] }, 'Records older than this are deleted; -1 for never.'),
  int('segment.bytes', 1_073_741_824, { min: 1_048_576, unit: 'bytes', brokerKeys: ['log.segment.bytes'] }, 'Size at which a segment is closed and a new one is started.'),
  int('segment.index.bytes', 10_485_760, { min: 4, unit: 'bytes', brokerKeys: ['log.index.size.max.bytes'] }, 'An index of this size closes its segment.'),
  long('segment.jitter.ms', 0, { min: 0, unit: 'ms', brokerKeys: ['log.roll.jitter.ms', 'log.roll.jitter.hours'] }, 'A random part of up to this is taken off the age, so that logs do not roll at once.'),
  long('segment.ms', 604_800_000, { min: 1, unit: 'ms', brokerKeys: ['log.roll.ms', 'log.roll.hours'] }, 'Age at which a segment is closed.'),
  boolean('unclean.leader.election.enable', false, { brokerKeys: ['unclean.leader.election.enable'] }, 'Let a replica that lacks acknowledged records lead, if no other is left.'),
] as const
