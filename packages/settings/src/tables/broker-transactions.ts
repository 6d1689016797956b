// Broker settings: transactions and idempotent producers.

import { TRANSACTIONS } from '../reasons.ts'
import { boolean, int, short } from '../row.ts'

// biome-ignore format: one row a line.
export const transactionsRows = [
  int('transaction.max.timeout.ms', 900_000, { min: 1, unit: 'ms', ...TRANSACTIONS }, 'Longest transaction timeout that a producer may ask for.'),
  int('transaction.state.log.num.partitions', 50, { min: 1, ...TRANSACTIONS }, 'Partitions of the internal topic of transactions, when it is created.'),
  short('transaction.state.log.replication.factor', 3, { min: 1, ...TRANSACTIONS }, 'Replicas of the internal topic of transactions; fewer while there are fewer brokers.'),
  int('transaction.state.log.min.isr', 2, { min: 1, ...TRANSACTIONS }, 'In-sync replicas that the internal topic of transactions needs.'),
  int('transaction.state.log.segment.bytes', 104_857_600, { min: 1, unit: 'bytes', ...TRANSACTIONS }, 'Segment size of the internal topic of transactions.'),
  int('transaction.state.log.load.buffer.size', 5_242_880, { min: 1, unit: 'bytes', ...TRANSACTIONS }, 'Bytes read at once while a transaction coordinator loads.'),
  int('transaction.abort.timed.out.transaction.cleanup.interval.ms', 10_000, { min: 1, unit: 'ms', ...TRANSACTIONS }, 'How often transactions that timed out are aborted.'),
  int('transaction.remove.expired.transaction.cleanup.interval.ms', 3_600_000, { min: 1, unit: 'ms', ...TRANSACTIONS }, 'How often expired transactional ids are removed.'),
  boolean('transaction.partition.verification.enable', true, { update: 'cluster-wide', ...TRANSACTIONS }, 'Check that a partition belongs to the transaction before records are appended.'),
  boolean('transaction.two.phase.commit.enable', false, { ...TRANSACTIONS }, 'Let producers keep a prepared transaction open without a timeout.'),
  int('transactional.id.expiration.ms', 604_800_000, { min: 1, unit: 'ms', ...TRANSACTIONS }, 'How long an unused transactional id is remembered.'),
  int('add.partitions.to.txn.retry.backoff.ms', 20, { min: 1, unit: 'ms', ...TRANSACTIONS }, 'First pause before a partition is added to a transaction again.'),
  int('add.partitions.to.txn.retry.backoff.max.ms', 100, { min: 0, unit: 'ms', ...TRANSACTIONS }, 'Longest pause before a partition is added to a transaction again.'),
] as const
