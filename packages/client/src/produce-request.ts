// One batch to the leader of its partition, and what came of it.
import { ZERO_UUID } from '@weir/core'
import { type Decoded, KafkaError, produceApi } from '@weir/protocol'
import type { Cluster, TopicInfo } from './cluster.ts'
import { errorOf } from './errors.ts'
import type { PartitionQueue, ProducerBatch } from './partition-queue.ts'

export interface ProduceSettings {
  readonly acks: -1 | 0 | 1
  readonly ackTimeoutMs: number
}

export interface ProduceAnswer {
  readonly baseOffset: number
  readonly logAppendTimeMs: number
}

const FIRST_VERSION_WITH_IDS = 13
/** zstd is refused before this version. */
const FIRST_VERSION_WITH_ZSTD = 7

/** One try. Throws KafkaError and ClientError, also those that may pass. */
export async function sendProduce(
  cluster: Cluster,
  queue: PartitionQueue,
  batch: ProducerBatch,
  settings: ProduceSettings,
): Promise<ProduceAnswer> {
  const { topic: name, partition } = queue
  const topic = await cluster.topic(name)
  const leaderId = topic.partitions[partition]?.leaderId ?? -1
  if (leaderId < 0) {
    throw new KafkaError('LEADER_NOT_AVAILABLE', `${name}-${partition} has no leader`)
  }
  const connection = await cluster.connectionToLeader(leaderId)
  const version = connection.versionOf(produceApi, {
    minVersion: FIRST_VERSION_WITH_ZSTD,
    maxVersion: topic.topicId === ZERO_UUID ? FIRST_VERSION_WITH_IDS - 1 : produceApi.maxVersion,
  })
  const body = {
    acks: settings.acks,
    timeoutMs: settings.ackTimeoutMs,
    topicData: [
      {
        ...topicKey(topic, version),
        partitionData: [{ index: partition, records: queue.encode(batch) }],
      },
    ],
  }
  if (settings.acks === 0) {
    await connection.sendOneWay(produceApi, version, body)
    return { baseOffset: -1, logAppendTimeMs: -1 }
  }
  const timeoutMs = settings.ackTimeoutMs + cluster.requestTimeoutMs
  const answer = await connection.requestAt(produceApi, version, body, timeoutMs)
  return readAnswer(answer, `partition ${partition} of topic '${name}'`)
}

function topicKey(topic: TopicInfo, version: number): { name: string } | { topicId: string } {
  return version >= FIRST_VERSION_WITH_IDS ? { topicId: topic.topicId } : { name: topic.name }
}

function readAnswer(answer: Decoded<typeof produceApi.response>, what: string): ProduceAnswer {
  const partition = answer.responses[0]?.partitionResponses[0]
  if (partition === undefined) throw new KafkaError('UNKNOWN_SERVER_ERROR', `${what}: no answer`)
  const error = errorOf(partition.errorCode, what, partition.errorMessage)
  if (error !== null) throw error
  return { baseOffset: partition.baseOffset, logAppendTimeMs: partition.logAppendTimeMs }
}
