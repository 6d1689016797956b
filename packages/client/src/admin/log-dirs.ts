// Data directories of brokers, with the size of each replica.
import { alterReplicaLogDirsApi, describeLogDirsApi, type KafkaError } from '@weir/protocol'
import type { Cluster } from '../cluster.ts'
import { checkCode, errorOf } from '../errors.ts'
import { groupByTopic, type TopicPartition } from '../topic-partition.ts'

export interface DescribedReplica extends TopicPartition {
  readonly sizeBytes: number
  /** Records behind the high watermark, or behind the current replica if `isFuture`. */
  readonly offsetLag: number
  /** Being copied from another directory of the same broker. */
  readonly isFuture: boolean
}

export interface DescribedLogDir {
  readonly path: string
  readonly error: KafkaError | null
  readonly replicas: readonly DescribedReplica[]
  /** -1 if not known. */
  readonly totalBytes: number
  readonly usableBytes: number
}

/** `partitions` null: all. */
export async function describeLogDirs(
  cluster: Cluster,
  brokerId: number,
  partitions: readonly TopicPartition[] | null = null,
): Promise<DescribedLogDir[]> {
  const answer = await cluster.retry(() =>
    cluster.request(brokerId, describeLogDirsApi, {
      topics:
        partitions === null
          ? null
          : [...groupByTopic(partitions)].map(([topic, items]) => ({
              topic,
              partitions: items.map(item => item.partition),
            })),
    }),
  )
  checkCode(answer.errorCode, `the directories of broker ${brokerId}`)
  return answer.results.map(({ errorCode, logDir, topics, totalBytes, usableBytes }) => ({
    path: logDir,
    error: errorOf(errorCode, logDir),
    totalBytes,
    usableBytes,
    replicas: topics.flatMap(topic =>
      topic.partitions.map(({ partitionIndex, partitionSize, offsetLag, isFutureKey }) => ({
        topic: topic.name,
        partition: partitionIndex,
        sizeBytes: partitionSize,
        offsetLag,
        isFuture: isFutureKey,
      })),
    ),
  }))
}

export interface LogDirMove extends TopicPartition {
  readonly path: string
}

/** Moves replicas between directories of one broker; goes on in the background. */
export async function alterReplicaLogDirs(
  cluster: Cluster,
  brokerId: number,
  moves: readonly LogDirMove[],
): Promise<(TopicPartition & { readonly error: KafkaError | null })[]> {
  const paths = [...new Set(moves.map(move => move.path))]
  const answer = await cluster.retry(() =>
    cluster.request(brokerId, alterReplicaLogDirsApi, {
      dirs: paths.map(path => ({
        path,
        topics: [...groupByTopic(moves.filter(move => move.path === path))].map(
          ([topic, items]) => ({
            name: topic,
            partitions: items.map(item => item.partition),
          }),
        ),
      })),
    }),
  )
  return answer.results.flatMap(({ topicName, partitions }) =>
    partitions.map(({ partitionIndex, errorCode }) => ({
      topic: topicName,
      partition: partitionIndex,
      error: errorOf(errorCode, `${topicName}-${partitionIndex}`),
    })),
  )
}
