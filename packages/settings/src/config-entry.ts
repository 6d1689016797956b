// What DescribeConfigs tells about one setting.

import { SETTING_TYPES, type SettingRow, type SettingType } from '@weir/core'

/** Where a value comes from, with Kafka's codes. */
export const CONFIG_SOURCE_CODES = {
  'dynamic-topic': 1,
  'dynamic-broker': 2,
  'dynamic-default-broker': 3,
  'static-broker': 4,
  default: 5,
  group: 8,
} as const

export type ConfigSource = keyof typeof CONFIG_SOURCE_CODES

export interface ConfigSynonym {
  readonly name: string
  /** Null for a sensitive one, too. */
  readonly value: string | null
  readonly source: ConfigSource
}

export interface ConfigEntry {
  readonly name: string
  /** Null: not set, or sensitive. */
  readonly value: string | null
  readonly source: ConfigSource
  readonly type: SettingType
  readonly isReadOnly: boolean
  readonly isSensitive: boolean
  readonly documentation: string
  /** All values that could hold, the one in force first. */
  readonly synonyms: readonly ConfigSynonym[]
}

/** Kafka's code of a setting's type: 1 boolean ... 9 password. */
export function settingTypeCode(type: SettingType): number {
  return SETTING_TYPES.indexOf(type) + 1
}

/** An entry of a row; hides what is sensitive. */
export function configEntry(
  row: SettingRow,
  value: string | null,
  synonyms: readonly ConfigSynonym[],
  isReadOnly: boolean,
): ConfigEntry {
  const isSensitive = row.type === 'password'
  const shown = isSensitive ? synonyms.map(synonym => ({ ...synonym, value: null })) : synonyms
  return {
    name: row.key,
    value: isSensitive ? null : value,
    source: synonyms[0]?.source ?? 'default',
    type: row.type,
    isReadOnly,
    isSensitive,
    documentation: documentationOf(row),
    synonyms: shown,
  }
}

/** The line of documentation, with what Weir does otherwise than Kafka. */
export function documentationOf(row: SettingRow): string {
  if (row.support === 'accepted') return `${row.doc} No effect: ${row.reason}.`
  if (row.support === 'refused') return `${row.doc} Not supported: ${row.reason}.`
  return row.doc
}
