// DeleteGroups, versions 0-2.
// Difference from Kafka: none known.

import { type DeleteGroupsRequest, type DeleteGroupsResponseInit, errorCode } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'

type Result = DeleteGroupsResponseInit['results'][number]

export async function handleDeleteGroups(
  services: Services,
  _context: RequestContext,
  request: DeleteGroupsRequest,
): Promise<DeleteGroupsResponseInit> {
  const results = await services.groupCoordinator.submitByShard<readonly Result[]>(
    [...new Set(request.groupsNames)],
    groupIds => (requestId, shard) => shard.deleteGroups(requestId, groupIds),
    (error, groupIds) => groupIds.map(groupId => ({ groupId, errorCode: errorCode(error) })),
  )
  return { results: results.flat() }
}
