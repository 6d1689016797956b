// ListGroups, versions 0-5.
// v4 filter by state; v5 by type. The groups of this broker only.
// Difference from Kafka: none known.

import { errorCode, type ListGroupsRequest, type ListGroupsResponseInit } from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { orFailure } from './group-requests.ts'

export async function handleListGroups(
  services: Services,
  _context: RequestContext,
  request: ListGroupsRequest,
): Promise<ListGroupsResponseInit> {
  const answers = services.groupCoordinator.submitToAll<ListGroupsResponseInit>(
    (requestId, shard) => shard.listGroups(requestId, request),
  )
  const all = answers.then(each => ({ errorCode: 0, groups: each.flatMap(one => one.groups) }))
  return orFailure<ListGroupsResponseInit>(all, error => ({
    errorCode: errorCode(error),
    groups: [],
  }))
}
