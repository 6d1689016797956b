// Group settings, each with the broker setting that its default comes from.

import { offsetResetProblem } from '../checks.ts'
import { CONSUMER_GROUPS, SHARE_GROUPS, STREAMS_GROUPS } from '../reasons.ts'
import { boolean, int, string } from '../row.ts'

// biome-ignore format: one row a line.
export const groupRows = [
  int('consumer.assignment.interval.ms', 1000, { min: 0, unit: 'ms', ...CONSUMER_GROUPS, brokerKeys: ['group.consumer.assignment.interval.ms'] }, 'Shortest time between two assignments of the group.'),
  int('consumer.heartbeat.interval.ms', 5000, { min: 1, unit: 'ms', brokerKeys: ['group.consumer.heartbeat.interval.ms'] }, 'How often members send a heartbeat.'),
  int('consumer.session.timeout.ms', 45_000, { min: 1, unit: 'ms', brokerKeys: ['group.consumer.session.timeout.ms'] }, 'A member that was silent for this long is removed.'),
  int('share.assignment.interval.ms', 1000, { min: 0, unit: 'ms', ...SHARE_GROUPS, brokerKeys: ['group.share.assignment.interval.ms'] }, 'Shortest time between two assignments of the group.'),
  string('share.auto.offset.reset', 'latest', { check: offsetResetProblem, ...SHARE_GROUPS }, 'Where a group starts: latest, earliest, or by_duration:DURATION before now.'),
  int('share.delivery.count.limit', 5, { min: 2, ...SHARE_GROUPS, brokerKeys: ['group.share.delivery.count.limit'] }, 'How often a record is delivered, at most.'),
  int('share.heartbeat.interval.ms', 5000, { min: 1, unit: 'ms', ...SHARE_GROUPS, brokerKeys: ['group.share.heartbeat.interval.ms'] }, 'How often members send a heartbeat.'),
  string('share.isolation.level', 'read_uncommitted', { oneOf: ['read_committed', 'read_uncommitted'], ...SHARE_GROUPS }, 'Whether members see records of transactions that may still be aborted.'),
  int('share.partition.max.record.locks', 2000, { min: 100, ...SHARE_GROUPS, brokerKeys: ['group.share.partition.max.record.locks'] }, 'Locked records of a partition, at most.'),
  int('share.record.lock.duration.ms', 30_000, { min: 1000, unit: 'ms', ...SHARE_GROUPS, brokerKeys: ['group.share.record.lock.duration.ms'] }, 'How long a delivered record is locked for its consumer.'),
  boolean('share.renew.acknowledge.enable', true, { ...SHARE_GROUPS }, 'Let members prolong the lock of a record.'),
  int('share.session.timeout.ms', 45_000, { min: 1, unit: 'ms', ...SHARE_GROUPS, brokerKeys: ['group.share.session.timeout.ms'] }, 'A member that was silent for this long is removed.'),
  int('streams.assignment.interval.ms', 1000, { min: 0, unit: 'ms', ...STREAMS_GROUPS, brokerKeys: ['group.streams.assignment.interval.ms'] }, 'Shortest time between two assignments of the group.'),
  int('streams.heartbeat.interval.ms', 5000, { min: 1, unit: 'ms', ...STREAMS_GROUPS, brokerKeys: ['group.streams.heartbeat.interval.ms'] }, 'How often members send a heartbeat.'),
  int('streams.initial.rebalance.delay.ms', 3000, { min: 0, unit: 'ms', ...STREAMS_GROUPS, brokerKeys: ['group.streams.initial.rebalance.delay.ms'] }, 'How long an empty group waits for more members at first.'),
  int('streams.num.standby.replicas', 0, { min: 0, ...STREAMS_GROUPS, brokerKeys: ['group.streams.num.standby.replicas'] }, 'Standby replicas of each task.'),
  int('streams.session.timeout.ms', 45_000, { min: 1, unit: 'ms', ...STREAMS_GROUPS, brokerKeys: ['group.streams.session.timeout.ms'] }, 'A member that was silent for this long is removed.'),
] as const
