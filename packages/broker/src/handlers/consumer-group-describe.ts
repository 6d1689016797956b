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

type Described = ConsumerGroupDescribeResponseInit['groups'][number]

export async function handleConsumerGroupDescribe(
  services: Services,
  _context: RequestContext,
  request: ConsumerGroupDescribeRequest,
): Promise<ConsumerGroupDescribeResponseInit> {
  // Each once: a description may be large.
  const groupIds = [...new Set(request.groupIds)]
  const described = await services.groupCoordinator.submitByShard<readonly Described[]>(
    groupIds.filter(groupId => groupId !== ''),
    ids => (requestId, shard) => shard.describeConsumerGroups(requestId, ids),
    (error, ids) => ids.map(groupId => failed(groupId, error)),
  )
  const byId = new Map(described.flat().map(each => [each.groupId, each]))
  byId.set('', { ...failed('', 'INVALID_GROUP_ID'), errorMessage: null })
  const groups = groupIds.flatMap(groupId => byId.get(groupId) ?? [])
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
