// DescribeLogDirs, versions 1-5.
// v3 a top-level error; v4 sizes of the file system; v5 cordoned directories, which do not exist here.
// Difference from Kafka: none known.

import { errorMessage } from '@weir/core'
import {
  type DescribeLogDirsRequest,
  type DescribeLogDirsResponseInit,
  errorCode,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { askedOnce } from './asked-partitions.ts'

type Result = DescribeLogDirsResponseInit['results'][number]
type Topics = Result['topics'][number][]

export async function handleDescribeLogDirs(
  services: Services,
  _context: RequestContext,
  request: DescribeLogDirsRequest,
): Promise<DescribeLogDirsResponseInit> {
  const results: Result[] = []
  for (const { path, isOnline } of services.logManager.directories) {
    if (!isOnline) {
      results.push({ errorCode: errorCode('KAFKA_STORAGE_ERROR'), logDir: path, topics: [] })
      continue
    }
    results.push({
      errorCode: 0,
      logDir: path,
      topics: topicsIn(services, path, request),
      totalBytes: await bytesOf(services, path, 'totalBytes'),
      usableBytes: await bytesOf(services, path, 'freeBytes'),
    })
  }
  return { errorCode: 0, results }
}

/** Of the file system; -1 if it does not say. */
async function bytesOf(
  { env }: Services,
  path: string,
  which: 'totalBytes' | 'freeBytes',
): Promise<number> {
  try {
    return await env.disk[which](path)
  } catch (error) {
    env.log.warn('the size of a file system is unknown', { path, error: errorMessage(error) })
    return -1
  }
}

function topicsIn(services: Services, path: string, request: DescribeLogDirsRequest): Topics {
  const wanted = wantedPartitions(request)
  const topics = new Map<string, Topics[number]['partitions'][number][]>()
  const add = (topic: string, partition: Topics[number]['partitions'][number]) => {
    if (wanted !== null && !wanted.get(topic)?.has(partition.partitionIndex)) return
    const partitions = topics.get(topic) ?? []
    topics.set(topic, partitions)
    partitions.push(partition)
  }
  for (const log of services.logManager.logs()) {
    if (log.dataDirectory !== path) continue
    const { topic, partitionIndex, sizeInBytes: partitionSize } = log
    const offsetLag = Math.max(0, log.highWatermark - log.logEndOffset)
    add(topic, { partitionIndex, partitionSize, offsetLag, isFutureKey: false })
  }
  for (const move of services.logManager.moves) {
    if (move.path !== path) continue
    const { topic, partitionIndex, copiedBytes: partitionSize, offsetLag } = move
    add(topic, { partitionIndex, partitionSize, offsetLag, isFutureKey: true })
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }))
}

/** Null: all. */
function wantedPartitions(request: DescribeLogDirsRequest): Map<string, Set<number>> | null {
  if (request.topics === null) return null
  return askedOnce(request.topics.map(({ topic, partitions }) => [topic, partitions]))
}
