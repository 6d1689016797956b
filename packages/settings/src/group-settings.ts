// Group settings: what holds for a group that overrides some of its broker's defaults.

import { parseSetting, type RowOf, type SettingRow, type ValueOf } from '@weir/core'
import { type BrokerSettings, settingProblem } from './broker-settings.ts'
import { type ConfigEntry, type ConfigSynonym, configEntry } from './config-entry.ts'
import { groupRows } from './tables/group.ts'

type GroupRow = (typeof groupRows)[number]
export type GroupKey = GroupRow['key']
type Overrides = ReadonlyMap<string, string>

const rows: ReadonlyMap<string, SettingRow> = new Map(
  groupRows.map((row): [string, SettingRow] => [row.key, row]),
)

/** Every row of the table of group settings. */
export function allGroupRows(): IterableIterator<SettingRow> {
  return rows.values()
}

export function groupRow(key: string): SettingRow | undefined {
  return rows.get(key)
}

/** The value in force as text; null for an unknown key. */
export function groupText(
  key: string,
  overrides: Overrides,
  broker: BrokerSettings,
): string | null {
  const row = rows.get(key)
  if (row === undefined) return null
  const [brokerKey] = row.brokerKeys ?? []
  const inherited = brokerKey === undefined ? null : broker.text(brokerKey)
  return overrides.get(key) ?? inherited ?? row.defaultText
}

/** The typed value in force; the overrides have been validated. */
export function groupValue<Key extends GroupKey>(
  key: Key,
  overrides: Overrides,
  broker: BrokerSettings,
): ValueOf<RowOf<GroupRow, Key>> {
  const parsed = parseSetting(rows.get(key) as SettingRow, groupText(key, overrides, broker) ?? '')
  if (parsed.kind === 'invalid') throw new Error(parsed.message)
  return parsed.value as ValueOf<RowOf<GroupRow, Key>>
}

/** One entry for each group setting. */
export function describeGroupConfig(overrides: Overrides, broker: BrokerSettings): ConfigEntry[] {
  return groupRows.map(row => {
    const synonyms: ConfigSynonym[] = []
    const override = overrides.get(row.key)
    if (override !== undefined) synonyms.push({ name: row.key, value: override, source: 'group' })
    const [brokerKey] = (row as SettingRow).brokerKeys ?? []
    if (brokerKey !== undefined) synonyms.push(...broker.synonyms(brokerKey))
    else if (row.defaultText !== null) {
      synonyms.push({ name: row.key, value: row.defaultText, source: 'default' })
    }
    return configEntry(row, groupText(row.key, overrides, broker), synonyms, false)
  })
}

/** Settings whose range the broker narrows, by group.KIND.min.NAME and group.KIND.max.NAME. */
const BOUNDED = [
  'consumer.session.timeout.ms',
  'consumer.heartbeat.interval.ms',
  'consumer.assignment.interval.ms',
  'share.session.timeout.ms',
  'share.heartbeat.interval.ms',
  'share.assignment.interval.ms',
  'share.record.lock.duration.ms',
  'share.delivery.count.limit',
  'share.partition.max.record.locks',
  'streams.session.timeout.ms',
  'streams.heartbeat.interval.ms',
  'streams.assignment.interval.ms',
  'streams.num.standby.replicas',
] as const

/** Null if a group may have these overrides, else why not, in Kafka's words. */
export function groupConfigProblem(overrides: Overrides, broker: BrokerSettings): string | null {
  for (const [key, text] of overrides) {
    const row = rows.get(key)
    if (row === undefined) return `Unknown group config name: ${key}`
    const problem = settingProblem(row, text)
    if (problem !== null) return problem
  }
  for (const key of BOUNDED) {
    const problem = boundsProblem(key, overrides, broker)
    if (problem !== null) return problem
  }
  for (const kind of ['consumer', 'share', 'streams'] as const) {
    const session = `${kind}.session.timeout.ms` as const
    const heartbeat = `${kind}.heartbeat.interval.ms` as const
    const isSet = overrides.has(session) || overrides.has(heartbeat)
    const sessionMs = groupValue(session, overrides, broker)
    if (isSet && sessionMs <= groupValue(heartbeat, overrides, broker)) {
      return `${session} must be greater than ${heartbeat}`
    }
  }
  return null
}

function boundsProblem(
  key: (typeof BOUNDED)[number],
  overrides: Overrides,
  broker: BrokerSettings,
): string | null {
  if (!overrides.has(key)) return null
  const dot = key.indexOf('.')
  const kind = key.slice(0, dot)
  const name = key.slice(dot + 1)
  const value = groupValue(key, overrides, broker)
  const minKey = `group.${kind}.min.${name}`
  const maxKey =
    name === 'num.standby.replicas'
      ? `group.${kind}.max.standby.replicas`
      : `group.${kind}.max.${name}`
  const min = broker.text(minKey)
  const max = broker.text(maxKey)
  if (min !== null && value < Number(min)) {
    return `${key} must be greater than or equal to ${minKey}`
  }
  if (max !== null && value > Number(max)) return `${key} must be less than or equal to ${maxKey}`
  return null
}
