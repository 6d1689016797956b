// The settings in force on this node: those of the start, with what the metadata image overrides.
// A change takes effect at once, in the turn in which it is committed.

import { CONFIG_RESOURCE, type MetadataImage } from '@weir/controller'
import {
  type BrokerKey,
  type BrokerSettings,
  type BrokerValue,
  type TopicConfig,
  topicConfig,
} from '@weir/settings'

export class NodeSettings {
  readonly #nodeId: string
  readonly #image: MetadataImage
  #current: BrokerSettings

  constructor(nodeId: number, fixed: BrokerSettings, image: MetadataImage) {
    this.#nodeId = String(nodeId)
    this.#image = image
    this.#current = fixed
  }

  /** As of now; do not keep it. */
  get current(): BrokerSettings {
    return this.#current
  }

  get<Key extends BrokerKey>(key: Key): BrokerValue<Key> {
    return this.#current.get(key)
  }

  topicConfig(topic: string): TopicConfig {
    return topicConfig(this.#image.topicConfigs(topic), this.#current)
  }

  /** Must be called when overrides of brokers have changed. */
  onBrokerConfigsChanged(): void {
    const { broker } = CONFIG_RESOURCE
    this.#current = this.#current.withDynamic(
      this.#image.configs(broker, ''),
      this.#image.configs(broker, this.#nodeId),
    )
  }
}
