// DescribeGroups, versions 0-6.
// v3 authorized operations; v4 static members; v6 an error for groups that do not exist.
// Difference from Kafka: none known.

import {
  type DescribeGroupsRequest,
  type DescribeGroupsResponseInit,
  errorCode,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { GROUP_OPERATIONS } from './authorized-operations.ts'
import { groupContext } from './group-requests.ts'

type Described = DescribeGroupsResponseInit['groups'][number]

export async function handleDescribeGroups(
  services: Services,
  context: RequestContext,
  request: DescribeGroupsRequest,
): Promise<DescribeGroupsResponseInit> {
  // Each once: a description may be large.
  const groupIds = [...new Set(request.groups)]
  const described = await services.groupCoordinator.submitByShard<readonly Described[]>(
    groupIds,
    ids => (requestId, shard, nowMs) =>
      shard.describeGroups(requestId, ids, groupContext(context, nowMs)),
    (error, ids) => ids.map(groupId => failed(groupId, errorCode(error))),
  )
  const byId = new Map(described.flat().map(each => [each.groupId, each]))
  const groups = groupIds.flatMap(groupId => byId.get(groupId) ?? [])
  if (!request.includeAuthorizedOperations) return { groups }
  return { groups: groups.map(each => ({ ...each, authorizedOperations: GROUP_OPERATIONS })) }
}

function failed(groupId: string, code: number): Described {
  return {
    errorCode: code,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
  }
}
