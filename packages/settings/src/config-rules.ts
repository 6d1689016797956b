// The tables as the controller asks for them when settings of a resource are changed.

import { type BrokerSettings, brokerChangeProblem } from './broker-settings.ts'
import { brokerRow } from './broker-table.ts'
import { groupConfigProblem, groupRow, groupText } from './group-settings.ts'
import { isTopicList, topicConfigProblem, topicText } from './topic-settings.ts'

/** Kafka's codes of the resources that have settings. */
export const CONFIG_RESOURCES = { topic: 2, broker: 4, group: 32 } as const

export interface SettingRules {
  /**
   * Null if the overrides of a resource are legal together, else the reason in Kafka's words. The
   * name counts for brokers: the empty one stands for all of them.
   */
  problem(
    resourceType: number,
    overrides: ReadonlyMap<string, string>,
    resourceName?: string,
  ): string | null
  /** The value in force without an override of this resource; null for an unknown key. */
  inherited(resourceType: number, key: string): string | null
  isList(resourceType: number, key: string): boolean
}

const NONE: ReadonlyMap<string, string> = new Map()

/** `current` answers the settings in force on the node that decides. */
export function settingRules(current: () => BrokerSettings): SettingRules {
  return {
    problem(resourceType, overrides, resourceName) {
      if (resourceType === CONFIG_RESOURCES.topic) return topicConfigProblem(overrides, current())
      if (resourceType === CONFIG_RESOURCES.group) return groupConfigProblem(overrides, current())
      if (resourceType !== CONFIG_RESOURCES.broker) return null
      for (const [key, text] of overrides) {
        const scope = resourceName === '' ? 'cluster-wide' : 'per-broker'
        const problem = brokerChangeProblem(key, text, scope)
        if (problem !== null) return problem
      }
      return null
    },
    inherited(resourceType, key) {
      if (resourceType === CONFIG_RESOURCES.topic) return topicText(key, NONE, current())
      if (resourceType === CONFIG_RESOURCES.group) return groupText(key, NONE, current())
      return resourceType === CONFIG_RESOURCES.broker ? current().text(key) : null
    },
    isList(resourceType, key) {
      if (resourceType === CONFIG_RESOURCES.topic) return isTopicList(key)
      const row = resourceType === CONFIG_RESOURCES.group ? groupRow(key) : brokerRow(key)
      return row?.type === 'list'
    },
  }
}
