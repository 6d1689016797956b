// Carries a committed change of the metadata to the parts of this node, in the turn in which the image
// has changed: settings first, since partitions are made with them, then the others in their order.

import { CONFIG_RESOURCE, type MetadataDelta, type MetadataImage } from '@weir/controller'
import type { NodeSettings } from './node-settings.ts'

export interface MetadataSubscriber {
  onMetadata(image: MetadataImage, delta: MetadataDelta): void
}

const BROKER_PREFIX = `${CONFIG_RESOURCE.broker}:`

export class MetadataPublisher {
  readonly #image: MetadataImage
  readonly #settings: NodeSettings
  readonly #subscribers: MetadataSubscriber[] = []

  constructor(image: MetadataImage, settings: NodeSettings) {
    this.#image = image
    this.#settings = settings
  }

  /** Told of every change from now on, after the settings and those who came before. */
  subscribe(subscriber: MetadataSubscriber): void {
    this.#subscribers.push(subscriber)
  }

  publish(delta: MetadataDelta): void {
    for (const key of delta.changedConfigs) {
      if (key.startsWith(BROKER_PREFIX)) {
        this.#settings.onBrokerConfigsChanged()
        break
      }
    }
    for (const subscriber of this.#subscribers) subscriber.onMetadata(this.#image, delta)
  }
}
