// The settings of topics that the controller itself decides by, as they are in its own image: what was
// decided a moment ago counts, committed or not.

import type { ConfigRules } from './config-control.ts'
import type { MetadataImage } from './image.ts'
import type { PartitionRules } from './partition-change.ts'
import { CONFIG_RESOURCE } from './records.ts'

export const MIN_INSYNC_REPLICAS = 'min.insync.replicas'
export const UNCLEAN_ELECTION = 'unclean.leader.election.enable'

const MAX_INTERNAL_FACTOR = 3

export class EffectiveSettings {
  readonly #image: MetadataImage
  readonly #rules: ConfigRules
  readonly #isAlive = (id: number) => this.#image.isActive(id)
  readonly #isSuspect = (id: number) => this.#image.brokers.get(id)?.isSuspect ?? true

  constructor(image: MetadataImage, rules: ConfigRules) {
    this.#image = image
    this.#rules = rules
  }

  minInsyncReplicas(topicName: string): number {
    return atLeastOne(this.#topicSetting(topicName, MIN_INSYNC_REPLICAS))
  }

  /** Of topics without a value of their own. */
  defaultMinInsyncReplicas(): number {
    const text = this.#image.configs(CONFIG_RESOURCE.broker, '').get(MIN_INSYNC_REPLICAS)
    return atLeastOne(text ?? this.#rules.inherited(CONFIG_RESOURCE.topic, MIN_INSYNC_REPLICAS))
  }

  uncleanElection(topicName: string): boolean {
    return this.#topicSetting(topicName, UNCLEAN_ELECTION)?.trim().toLowerCase() === 'true'
  }

  /** Replicas that internal topics should have, if there are so many brokers. */
  internalReplicationFactor(): number {
    const text = this.#rules.inherited(CONFIG_RESOURCE.broker, 'offsets.topic.replication.factor')
    return Math.min(MAX_INTERNAL_FACTOR, Number(text ?? MAX_INTERNAL_FACTOR))
  }

  /** What a change of a partition of this topic has to keep to. */
  rulesOf(topicName: string): PartitionRules {
    return {
      isAlive: this.#isAlive,
      isSuspect: this.#isSuspect,
      minInsyncReplicas: this.minInsyncReplicas(topicName),
      uncleanElection: this.uncleanElection(topicName),
    }
  }

  #topicSetting(topicName: string, key: string): string | null {
    return (
      this.#image.topicConfigs(topicName).get(key) ??
      this.#image.configs(CONFIG_RESOURCE.broker, '').get(key) ??
      this.#rules.inherited(CONFIG_RESOURCE.topic, key)
    )
  }
}

function atLeastOne(text: string | null): number {
  return Math.max(1, Number(text ?? 1))
}
