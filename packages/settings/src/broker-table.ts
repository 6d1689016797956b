// The table of broker settings: all of Kafka 4.3.1's and a few of ours.

import type { RowOf, SettingRow, ValueOf } from '@weir/core'
import { clusterRows } from './tables/broker-cluster.ts'
import { groupsRows } from './tables/broker-groups.ts'
import { networkRows } from './tables/broker-network.ts'
import { securityRows } from './tables/broker-security.ts'
import { storageRows } from './tables/broker-storage.ts'
import { tiersRows } from './tables/broker-tiers.ts'
import { transactionsRows } from './tables/broker-transactions.ts'
import { weirRows } from './tables/broker-weir.ts'

/** The areas of the table, in the order of the documentation. */
export const BROKER_AREAS = {
  'Listeners and requests': networkRows,
  'Logs on disk': storageRows,
  'Node, cluster and replication': clusterRows,
  Groups: groupsRows,
  'Weir only': weirRows,
  Transactions: transactionsRows,
  Security: securityRows,
  'Tiered storage': tiersRows,
} as const

type BrokerRow = (typeof BROKER_AREAS)[keyof typeof BROKER_AREAS][number]

/** A name of a broker setting. */
export type BrokerKey = BrokerRow['key']

/** What `settings.get(key)` answers. */
export type BrokerValue<Key extends BrokerKey> = ValueOf<RowOf<BrokerRow, Key>>

const rows: ReadonlyMap<string, SettingRow> = new Map(
  Object.values(BROKER_AREAS).flatMap(area =>
    area.map((row): [string, SettingRow] => [row.key, row]),
  ),
)

/** Every row, in the order of the tables. */
export function brokerRows(): IterableIterator<SettingRow> {
  return rows.values()
}

export function brokerRow(key: string): SettingRow | undefined {
  return rows.get(key)
}

export function isBrokerKey(key: string): key is BrokerKey {
  return rows.has(key)
}

/** Settings that stand for the same thing in other units, nearest first (Kafka's precedence). */
const FALLBACKS: ReadonlyMap<string, readonly BrokerKey[]> = new Map<string, readonly BrokerKey[]>([
  ['log.roll.ms', ['log.roll.hours']],
  ['log.roll.jitter.ms', ['log.roll.jitter.hours']],
  ['log.flush.interval.ms', ['log.flush.scheduler.interval.ms']],
  ['log.retention.ms', ['log.retention.minutes', 'log.retention.hours']],
  ['log.retention.minutes', ['log.retention.hours']],
])

/** The key itself and those that it falls back to. */
export function brokerSynonyms(key: string): readonly string[] {
  return [key, ...(FALLBACKS.get(key) ?? [])]
}
