// ISR changes of this broker's partitions as AlterPartition requests to the active controller.

import { alterPartitionApi, errorName, KafkaError } from '@weir/protocol'
import type { IsrChange, IsrChangeOutcome, IsrChannel } from '../replication/isr-channel.ts'
import type { ControllerChannel } from './controller-channel.ts'

/** Then the leader of the partition decides anew what it wants. */
const TIMEOUT_MS = 5_000

export class ControllerIsrChannel implements IsrChannel {
  readonly #channel: ControllerChannel
  readonly #nodeId: number
  readonly #brokerEpoch: () => number

  constructor(channel: ControllerChannel, nodeId: number, brokerEpoch: () => number) {
    this.#channel = channel
    this.#nodeId = nodeId
    this.#brokerEpoch = brokerEpoch
  }

  async alterPartition(changes: readonly IsrChange[]): Promise<readonly IsrChangeOutcome[]> {
    const byTopic = new Map<string, IsrChange[]>()
    for (const change of changes) {
      const ofTopic = byTopic.get(change.topicId)
      if (ofTopic === undefined) byTopic.set(change.topicId, [change])
      else ofTopic.push(change)
    }
    const answer = await this.#channel.request(
      alterPartitionApi,
      {
        brokerId: this.#nodeId,
        brokerEpoch: this.#brokerEpoch(),
        topics: [...byTopic].map(([topicId, ofTopic]) => ({
          topicId,
          partitions: ofTopic.map(change => ({
            partitionIndex: change.partitionIndex,
            leaderEpoch: change.leaderEpoch,
            newIsrWithEpochs: [...change.newIsr],
            leaderRecoveryState: change.leaderRecoveryState,
            partitionEpoch: change.partitionEpoch,
          })),
        })),
      },
      TIMEOUT_MS,
    )
    if (answer.errorCode !== 0) {
      throw new KafkaError(errorName(answer.errorCode), 'the controller refuses ISR changes')
    }
    const outcomes = new Map<string, IsrChangeOutcome>()
    for (const { topicId, partitions } of answer.topics) {
      for (const partition of partitions) {
        const error = errorName(partition.errorCode)
        const outcome = error === 'NONE' ? { error, partition } : { error }
        outcomes.set(`${topicId} ${partition.partitionIndex}`, outcome)
      }
    }
    return changes.map(
      ({ topicId, partitionIndex }) =>
        outcomes.get(`${topicId} ${partitionIndex}`) ?? { error: 'UNKNOWN_SERVER_ERROR' },
    )
  }
}
