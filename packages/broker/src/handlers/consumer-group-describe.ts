// ConsumerGroupDescribe (KIP-848), versions 0-1.
// v1 tells which protocol a member speaks.
// Difference from Kafka: none known.

import {
  type ConsumerGroupDescribeRequest,
  type ConsumerGroupDescribeResponseInit,
  type ErrorName,
  errorCode,
  errorCodes,
} from '@weir/protocol'
import type { RequestContext } from '../server/request-context.ts'
import type { Services } from '../services.ts'
import { GROUP_OPERATIONS } from './authorized-operations.ts'
import { orFailure } from './group-requests.ts'

type Described = ConsumerGroupDescribeResponseInit['groups'][number]

export async function handleConsumerGroupDescribe(
  services: Services,
  _context: RequestContext,
  request: ConsumerGroupDescribeRequest,
): Promise<ConsumerGroupDescribeResponseInit> {
  const submitted = services.groupCoordinator.submitByShard<readonly Described[]>(
    request.groupIds.filter(groupId => groupId !== ''),
    groupIds => (requestId, shard) => shard.describeConsumerGroups(requestId, groupIds),
  )
  const byId = new Map<string, Described>()
  for (const { groupIds, reply } of submitted) {
    const described = await orFailure(reply, error =>
      groupIds.map(groupId => failed(groupId, error)),
    )
    for (const each of described) byId.set(each.groupId, each)
  }
  byId.set('', { ...failed('', 'INVALID_GROUP_ID'), errorMessage: null })
  const groups = request.groupIds.flatMap(groupId => byId.get(groupId) ?? [])
  if (!request.includeAuthorizedOperations) return { groups }
  return { groups: groups.map(each => ({ ...each, authorizedOperations: GROUP_OPERATIONS })) }
}

function failed(groupId: string, error: ErrorName): Described {
  return {
    errorCode: errorCode(error),
    errorMessage: errorCodes[error].message,
    groupId,
    groupState: '',
    groupEpoch: 0,
    assignmentEpoch: 0,
    assignorName: '',
    members: [],
  }
}
