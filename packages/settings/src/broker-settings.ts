// The settings of one broker in force: what was set for it while running, for all brokers while
// running, when it was started, and the defaults, in this precedence.
//
// Every text in a layer has been validated before it got there (load.ts, brokerChangeProblem).

import { parseSetting, type SettingRow, type SettingValue } from '@weir/core'
import {
  type BrokerKey,
  type BrokerValue,
  brokerRow,
  brokerRows,
  brokerSynonyms,
} from './broker-table.ts'
import {
  type ConfigEntry,
  type ConfigSource,
  type ConfigSynonym,
  configEntry,
} from './config-entry.ts'

type Layer = ReadonlyMap<string, string>

export interface SettingLayers {
  /** Given at the start: file, environment, command line. */
  readonly fixed: Layer
  /** Set for this broker while running. */
  readonly perBroker: Layer
  /** Set for all brokers while running. */
  readonly clusterWide: Layer
}

const NOTHING: Layer = new Map()

export class BrokerSettings {
  readonly #layers: SettingLayers
  readonly #parsed = new Map<string, SettingValue>()

  constructor(layers: Partial<SettingLayers> = {}) {
    this.#layers = { fixed: NOTHING, perBroker: NOTHING, clusterWide: NOTHING, ...layers }
  }

  /** The typed value in force. */
  get<Key extends BrokerKey>(key: Key): BrokerValue<Key> {
    let value = this.#parsed.get(key)
    if (value === undefined) {
      value = this.#parse(key)
      this.#parsed.set(key, value)
    }
    return value as BrokerValue<Key>
  }

  /** The value in force as text; null when it is not set and has no default, or is unknown. */
  text(key: string): string | null {
    const { perBroker, clusterWide, fixed } = this.#layers
    const set = perBroker.get(key) ?? clusterWide.get(key) ?? fixed.get(key)
    return set ?? brokerRow(key)?.defaultText ?? null
  }

  /** Whether somebody set it, even to the default. */
  isSet(key: BrokerKey): boolean {
    const { perBroker, clusterWide, fixed } = this.#layers
    return perBroker.has(key) || clusterWide.has(key) || fixed.has(key)
  }

  /** The same start settings with other changes made while running. */
  withDynamic(clusterWide: Layer, perBroker: Layer): BrokerSettings {
    return new BrokerSettings({ fixed: this.#layers.fixed, clusterWide, perBroker })
  }

  /** Every value that a key and those it falls back to have, the one in force first. */
  synonyms(key: string): ConfigSynonym[] {
    const found: ConfigSynonym[] = []
    for (const name of brokerSynonyms(key)) {
      const sources: [ConfigSource, string | null | undefined][] = [
        ['dynamic-broker', this.#layers.perBroker.get(name)],
        ['dynamic-default-broker', this.#layers.clusterWide.get(name)],
        ['static-broker', this.#layers.fixed.get(name)],
        ['default', brokerRow(name)?.defaultText],
      ]
      for (const [source, value] of sources) {
        if (value !== undefined && value !== null) found.push({ name, value, source })
      }
    }
    return found
  }

  /** One entry for each broker setting. */
  describe(): ConfigEntry[] {
    const entries: ConfigEntry[] = []
    for (const row of brokerRows()) {
      const value = this.text(row.key)
      const isReadOnly = row.update === 'read-only'
      entries.push(configEntry(row, value, this.synonyms(row.key), isReadOnly))
    }
    return entries
  }

  #parse(key: BrokerKey): SettingValue {
    const row = brokerRow(key)
    const text = this.text(key)
    if (row === undefined || text === null) return null
    const parsed = parseSetting(row, text)
    // Text of a layer was validated; text of the table is covered by a test.
    if (parsed.kind === 'invalid') throw new Error(parsed.message)
    return parsed.value
  }
}

/**
 * Whether a setting of running brokers may become this text: null, or why not, in Kafka's words.
 * `scope` is 'cluster-wide' for the change of all brokers at once.
 */
export function brokerChangeProblem(
  key: string,
  text: string,
  scope: 'per-broker' | 'cluster-wide',
): string | null {
  const row = brokerRow(key)
  if (row === undefined) return `Unknown broker config name: ${key}`
  if (row.update === 'read-only') return `Cannot update these configs dynamically: Set(${key})`
  if (scope === 'cluster-wide' && row.update === 'per-broker') {
    return `Cannot update these configs at default cluster level, broker id must be specified: Set(${key})`
  }
  return settingProblem(row, text)
}

/** Null, or why a setting cannot have this value, whether illegal or refused. */
export function settingProblem(row: SettingRow, text: string): string | null {
  const parsed = parseSetting(row, text)
  if (parsed.kind === 'invalid') return parsed.message
  if (row.support !== 'refused' || isDefault(row, text)) return null
  return `Invalid value ${shownText(row, text)} for configuration ${row.key}: not supported, ${row.reason}`
}

/** Whether the text means the same as the default. */
export function isDefault(row: SettingRow, text: string): boolean {
  if (row.defaultText === null) return text.trim() === ''
  const given = parseSetting(row, text)
  const usual = parseSetting(row, row.defaultText)
  return JSON.stringify(given) === JSON.stringify(usual)
}

function shownText(row: SettingRow, text: string): string {
  return row.type === 'password' ? '[hidden]' : text
}
