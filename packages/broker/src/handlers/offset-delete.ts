// OffsetDelete, version 0.
// Difference from Kafka: none known.

import { errorCode, type OffsetDeleteRequest, type OffsetDeleteResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { askedOnce } from './asked-partitions.ts'
import { orFailure } from './group-requests.ts'

export async function handleOffsetDelete(
  services: Services,
  _context: RequestContext,
  request: OffsetDeleteRequest,
): Promise<OffsetDeleteResponseInit> {
  const isThere = (topic: string, index: number) =>
    services.metadata.partition(topic, index) !== undefined
  const asked = askedOnce(
    request.topics.map(({ name, partitions }) => [
      name,
      partitions.map(each => each.partitionIndex),
    ]),
  )
  const topics = [...asked].map(([name, indexes]) => ({
    name,
    partitions: [...indexes]
      .filter(index => isThere(name, index))
      .map(partitionIndex => ({ partitionIndex })),
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
  const known = new Map(response.topics.map(({ name, partitions }) => [name, partitions]))
  const answered = [...asked].map(([name, indexes]) => {
    const missing = [...indexes].filter(index => !isThere(name, index))
    const refused = missing.map(partitionIndex => ({ partitionIndex, errorCode: code }))
    return { name, partitions: [...(known.get(name) ?? []), ...refused] }
  })
  return { errorCode: 0, topics: answered }
}
