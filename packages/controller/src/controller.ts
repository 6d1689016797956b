// The active controller: decides about the cluster's metadata. Each method answers the records of its
// decision and what to tell the client once they are committed; nothing changes before `replay`.
//
// The shell runs one decision at a time: decide, append, replay; on a failed append it forgets this
// object and rebuilds one from snapshot and log (architecture.md section 4).

import { BrokerControl } from './broker-control.ts'
import { ConfigControl, type ConfigRules } from './config-control.ts'
import { FeatureControl } from './feature-control.ts'
import { MetadataImage } from './image.ts'
import { PartitionControl } from './partition-control.ts'
import { ProducerIdControl } from './producer-id-control.ts'
import type { MetadataRecord } from './records.ts'
import { TopicControl, type TopicDefaults } from './topic-control.ts'

export interface ControllerOptions {
  /** The node that decides, for messages. Default 1. */
  readonly nodeId?: number
  /** A random uuid that does not begin with '-' (command lines). */
  readonly newUuid: () => string
  readonly randomBelow: (limit: number) => number
  readonly topicDefaults: () => TopicDefaults
  readonly configRules: ConfigRules
}

export class Controller {
  /** What has been decided, committed or about to be: decisions build on each other. */
  readonly image = new MetadataImage()
  readonly topics: TopicControl
  readonly partitions: PartitionControl
  readonly brokers: BrokerControl
  readonly configs: ConfigControl
  readonly features: FeatureControl
  readonly producerIds: ProducerIdControl

  constructor(options: ControllerOptions) {
    this.configs = new ConfigControl(this.image, options.configRules)
    this.topics = new TopicControl(this.image, {
      configs: this.configs,
      defaults: options.topicDefaults,
      newUuid: options.newUuid,
      randomBelow: options.randomBelow,
    })
    this.partitions = new PartitionControl(this.image)
    this.brokers = new BrokerControl(this.image)
    this.features = new FeatureControl(this.image, options.nodeId ?? 1)
    this.producerIds = new ProducerIdControl(this.image)
  }

  /** Applies a record of the log; the only method that changes state. */
  replay(record: MetadataRecord): void {
    this.topics.replay(record)
    this.image.replay(record)
  }
}
