// The settings of a resource as DescribeConfigs and CreateTopics tell them.

import { CONFIG_RESOURCE } from '@weir/controller'
import {
  CONFIG_SOURCE_CODES,
  type ConfigEntry,
  describeGroupConfig,
  describeTopicConfig,
} from '@weir/settings'
import type { ControlServices } from '../services.ts'

/** Of a topic; `overrides` instead of its own for a topic that is only being validated. */
export function topicEntries(
  services: ControlServices,
  topic: string,
  overrides: ReadonlyMap<string, string> = services.metadata.topicConfigs(topic),
): ConfigEntry[] {
  return describeTopicConfig(overrides, services.settings.current)
}

export function groupEntries(services: ControlServices, group: string): ConfigEntry[] {
  const overrides = services.metadata.configs(CONFIG_RESOURCE.group, group)
  return describeGroupConfig(overrides, services.settings.current)
}

/** Of this broker. */
export function brokerEntries(services: ControlServices): ConfigEntry[] {
  return services.settings.current.describe()
}

/** Of all brokers together: only what was set for them while running. */
export function clusterDefaultEntries(services: ControlServices): ConfigEntry[] {
  const overrides = services.metadata.configs(CONFIG_RESOURCE.broker, '')
  const entries: ConfigEntry[] = []
  for (const entry of brokerEntries(services)) {
    const value = overrides.get(entry.name)
    if (value === undefined) continue
    const shown = entry.isSensitive ? null : value
    const source = 'dynamic-default-broker'
    const synonyms = [{ name: entry.name, value: shown, source } as const]
    entries.push({ ...entry, value: shown, source, synonyms })
  }
  return entries
}

export function sourceCode(source: ConfigEntry['source']): number {
  return CONFIG_SOURCE_CODES[source]
}
