// DescribeLogDirs, versions 1-5.
// v3 a top-level error; v4 sizes of the file system; v5 cordoned directories, which do not exist here.
// Difference from Kafka: the total size of the file system is -1, only what is free is known.

import { errorMessage } from '@weir/core'
import {
  type DescribeLogDirsRequest,
  type DescribeLogDirsResponseInit,
  errorCode,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'

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
      totalBytes: -1,
      usableBytes: await freeBytes(services, path),
    })
  }
  return { errorCode: 0, results }
}

async function freeBytes({ env }: Services, path: string): Promise<number> {
  try {
    return await env.disk.freeBytes(path)
  } catch (error) {
    env.log.warn('free space is unknown', { path, error: errorMessage(error) })
    return -1
  }
}

function topicsIn(services: Services, path: string, request: DescribeLogDirsRequest): Topics {
  const wanted = wantedPartitions(request)
  const topics = new Map<string, Topics[number]['partitions'][number][]>()
  for (const log of services.logManager.logs()) {
    if (log.dataDirectory !== path) continue
    if (wanted !== null && !wanted.get(log.topic)?.has(log.partitionIndex)) continue
    const partitions = topics.get(log.topic) ?? []
    topics.set(log.topic, partitions)
    partitions.push({
      partitionIndex: log.partitionIndex,
      partitionSize: log.sizeInBytes,
      offsetLag: 0,
      isFutureKey: false,
    })
  }
  return [...topics].map(([name, partitions]) => ({ name, partitions }))
}

/** Null: all. */
function wantedPartitions(request: DescribeLogDirsRequest): Map<string, Set<number>> | null {
  if (request.topics === null) return null
  const wanted = new Map<string, Set<number>>()
  for (const { topic, partitions } of request.topics) wanted.set(topic, new Set(partitions))
  return wanted
}
