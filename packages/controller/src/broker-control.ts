// Registration of brokers. A broker registers at each start with a new incarnation; its epoch is the
// offset of that record, so a later incarnation always has a higher one.

import type { MetadataImage, PartitionImage } from './image.ts'
import type { BrokerEndpoint, MetadataRecord } from './records.ts'
import type { Decision } from './requests.ts'

export interface BrokerRegistration {
  readonly brokerId: number
  readonly incarnationId: string
  readonly endpoints: readonly BrokerEndpoint[]
  readonly rack: string | null
  readonly directoryIds: readonly string[]
  /** False if the last stop was a crash: what it wrote but did not sync may be gone. */
  readonly wasCleanShutdown: boolean
}

export interface RegisteredBroker {
  readonly brokerEpoch: number
}

export class BrokerControl {
  readonly #image: MetadataImage

  constructor(image: MetadataImage) {
    this.#image = image
  }

  /**
   * `recordOffset` is the offset that the registration record will get. After a crash every partition
   * that the broker leads begins a new leader epoch: clients can then tell that a tail may be lost
   * (KIP-320).
   */
  register(registration: BrokerRegistration, recordOffset: number): Decision<RegisteredBroker> {
    const { wasCleanShutdown, ...broker } = registration
    const records: MetadataRecord[] = [
      {
        kind: 'registerBroker',
        ...broker,
        brokerEpoch: recordOffset,
        fenced: false,
        inControlledShutdown: false,
      },
    ]
    if (!wasCleanShutdown) {
      for (const partition of this.#partitionsLedBy(registration.brokerId)) {
        records.push({
          kind: 'partition',
          ...partition,
          leaderEpoch: partition.leaderEpoch + 1,
          partitionEpoch: partition.partitionEpoch + 1,
        })
      }
    }
    return { records, response: { brokerEpoch: recordOffset } }
  }

  *#partitionsLedBy(brokerId: number): Generator<PartitionImage> {
    for (const topic of this.#image.topics) {
      for (const partition of topic.partitions) {
        if (partition.leader === brokerId) yield partition
      }
    }
  }
}
