// OffsetDelete, version 0.
// Difference from Kafka: none known.

import { errorCode, type OffsetDeleteRequest, type OffsetDeleteResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { orFailure } from './group-requests.ts'

export async function handleOffsetDelete(
  services: Services,
  _context: RequestContext,
  request: OffsetDeleteRequest,
): Promise<OffsetDeleteResponseInit> {
  const isThere = (topic: string, index: number) =>
    services.metadata.partition(topic, index) !== undefined
  const topics = request.topics.map(({ name, partitions }) => ({
    name,
    partitions: partitions.filter(each => isThere(name, each.partitionIndex)),
  }))
  const answer = services.groupCoordinator.submit<OffsetDeleteResponseInit>(
    request.groupId,
    (requestId, shard) =>
      shard.offsetDelete(requestId, {
        ...request,
        topics: topics.filter(each => each.partitions.length > 0),
      }),
  )
  const response = await orFailure(answer, error => ({ errorCode: errorCode(error), topics: [] }))
  if (response.errorCode !== 0) return response
  const code = errorCode('UNKNOWN_TOPIC_OR_PARTITION')
  const answered = request.topics.map(({ name, partitions }) => {
    const known = response.topics.find(each => each.name === name)?.partitions ?? []
    const missing = partitions.filter(each => !isThere(name, each.partitionIndex))
    return {
      name,
      partitions: [
        ...known,
        ...missing.map(({ partitionIndex }) => ({ partitionIndex, errorCode: code })),
      ],
    }
  })
  return { errorCode: 0, topics: answered }
}
