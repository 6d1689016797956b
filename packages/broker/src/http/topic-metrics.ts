import type { Sample, Samples } from '@weir/core/metrics'
import type { Partition } from '../partition/partition.ts'
import type { Services } from '../services.ts'

/** Topics with a series of their own; the logs of the others are summed up. */
const MAX_TOPICS = 500
/** Not a legal name of a topic. */
const OTHERS = '(others)'
/** Partitions with series of their own, where they are asked for. */
const MAX_PARTITIONS = 20_000
const LOGS_A_TURN = 2_000

export function topicMetrics(services: Services, logs: ReadonlyMap<string, TopicLogs>): Samples {
  const { replicaManager, logManager, responseMemory } = services
  const traffic = [...replicaManager.traffic.all()]
  const directories = logManager.directories
  const online = directories.filter(directory => directory.isOnline).length
  return {
    weir_topic_received_bytes_total: traffic.map(([topic, counts]) =>
      sample(topic, counts.receivedBytes),
    ),
    weir_topic_received_batches_total: traffic.map(([topic, counts]) =>
      sample(topic, counts.receivedBatches),
    ),
    weir_topic_sent_bytes_total: traffic.map(([topic, counts]) => sample(topic, counts.sentBytes)),
    weir_replication_sent_bytes_total: [{ value: replicaManager.traffic.replicatedBytes }],
    weir_topic_log_bytes: [...logs].map(([topic, { bytes }]) => sample(topic, bytes)),
    weir_topic_records: [...logs].map(([topic, { records }]) => sample(topic, records)),
    weir_log_directories: [
      { labels: ['online'], value: online },
      { labels: ['offline'], value: directories.length - online },
    ],
    weir_open_files: [{ value: logManager.openFileCount }],
    weir_tail_memory_bytes: [{ value: logManager.tailBytes }],
    weir_response_memory_bytes: [{ value: responseMemory.heldBytes }],
  }
}

/** One series a partition: for whoever asks for them. */
export function partitionMetrics({ replicaManager }: Services): Samples {
  const partitions: Partition[] = []
  for (const partition of replicaManager.partitions()) {
    if (partitions.length === MAX_PARTITIONS) break
    partitions.push(partition)
  }
  const each = (value: (partition: Partition) => number) => valuesOf(partitions, value)
  return {
    weir_partition_log_start_offset: each(({ log }) => log.logStartOffset),
    weir_partition_log_end_offset: each(({ log }) => log.logEndOffset),
    weir_partition_high_watermark: each(({ log }) => log.highWatermark),
    weir_partition_log_bytes: each(({ log }) => log.sizeInBytes),
    weir_partition_is_leader: each(({ isLeader }) => Number(isLeader)),
  }
}

/** Made while they are rendered: there may be many. */
function* valuesOf(
  partitions: readonly Partition[],
  value: (partition: Partition) => number,
): Generator<Sample> {
  for (const partition of partitions) {
    yield {
      labels: [partition.topic, String(partition.partitionIndex)],
      value: value(partition),
    }
  }
}

export interface TopicLogs {
  bytes: number
  records: number
}

/** The logs on this broker, some thousands a turn. */
export async function logsByTopic(
  { replicaManager }: Services,
  nextTurn: () => Promise<void>,
): Promise<ReadonlyMap<string, TopicLogs>> {
  const byTopic = new Map<string, TopicLogs>()
  let seen = 0
  for (const { topic, log, isLeader } of replicaManager.partitions()) {
    const name = byTopic.has(topic) || byTopic.size < MAX_TOPICS ? topic : OTHERS
    const logs = byTopic.get(name) ?? { bytes: 0, records: 0 }
    logs.bytes += log.sizeInBytes
    if (isLeader) logs.records += log.logEndOffset - log.logStartOffset
    byTopic.set(name, logs)
    if (++seen % LOGS_A_TURN === 0) await nextTurn()
  }
  return byTopic
}

function sample(topic: string, value: number): Sample {
  return { labels: [topic], value }
}
