// Carries a committed change of the metadata to the parts of this broker, in the turn in which the
// image has changed: settings first, since partitions are made with them.

import { CONFIG_RESOURCE, type MetadataDelta, type MetadataImage } from '@weir/controller'
import type { ReplicaManager } from '../partition/replica-manager.ts'
import type { NodeSettings } from './node-settings.ts'

export interface MetadataSubscriber {
  onMetadata(image: MetadataImage, delta: MetadataDelta): void
}

const BROKER_PREFIX = `${CONFIG_RESOURCE.broker}:`

export class MetadataPublisher {
  readonly #image: MetadataImage
  readonly #settings: NodeSettings
  readonly #replicaManager: ReplicaManager
  readonly #subscribers: MetadataSubscriber[] = []

  constructor(image: MetadataImage, settings: NodeSettings, replicaManager: ReplicaManager) {
    this.#image = image
    this.#settings = settings
    this.#replicaManager = replicaManager
  }

  /** Told after settings and partitions have followed. */
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
    this.#replicaManager.applyImage(this.#image, delta)
    for (const subscriber of this.#subscribers) subscriber.onMetadata(this.#image, delta)
  }
}
