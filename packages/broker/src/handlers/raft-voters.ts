// AddRaftVoter, versions 0-1, and RemoveRaftVoter, version 0: who votes in the metadata quorum.
// v1 of AddRaftVoter may be answered before the change is committed.
// Difference from Kafka: a voter is added once it follows the log already, as an observer.

import { ZERO_UUID } from '@weir/core'
import {
  type AddRaftVoterRequest,
  type AddRaftVoterResponseInit,
  type ErrorName,
  errorCode,
  errorText,
  type RemoveRaftVoterRequest,
  type RemoveRaftVoterResponseInit,
} from '@weir/protocol'
import type { VoterChangeOutcome } from '@weir/quorum'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

/** RemoveRaftVoter has no time of its own. */
const REMOVE_TIMEOUT_MS = 10_000
const MAX_TIMEOUT_MS = 60_000

export async function handleAddRaftVoter(
  services: ControlServices,
  _context: RequestContext,
  request: AddRaftVoterRequest,
): Promise<AddRaftVoterResponseInit> {
  const problem = clusterProblem(services, request.clusterId)
  if (problem !== null) return answer(problem, null)
  const [listener] = request.listeners
  if (listener === undefined) {
    return answer('INVALID_REQUEST', 'The endpoint of the voter is missing.')
  }
  const { voterId, voterDirectoryId } = request
  const current = services.quorum().status().membership
  const known = current.members.find(member => member.id === voterId)
  if (known !== undefined && current.voters.includes(voterId)) {
    return answer('DUPLICATE_VOTER', `Node ${voterId} is a voter already.`)
  }
  const member = {
    id: voterId,
    directoryId: voterDirectoryId === ZERO_UUID ? '' : voterDirectoryId,
    address: `${listener.host}:${listener.port}`,
  }
  const timeoutMs = Math.min(Math.max(request.timeoutMs, 0), MAX_TIMEOUT_MS)
  const { voters } = services.quorum()
  return answerOf(await voters.addVoter(member, timeoutMs, request.ackWhenCommitted))
}

export async function handleRemoveRaftVoter(
  services: ControlServices,
  _context: RequestContext,
  { clusterId, voterId, voterDirectoryId }: RemoveRaftVoterRequest,
): Promise<RemoveRaftVoterResponseInit> {
  const problem = clusterProblem(services, clusterId)
  if (problem !== null) return answer(problem, null)
  const { voters } = services.quorum().status().membership
  if (!voters.includes(voterId)) {
    return answer('VOTER_NOT_FOUND', `Node ${voterId} is not a voter.`)
  }
  const directoryId = voterDirectoryId === ZERO_UUID ? '' : voterDirectoryId
  return answerOf(
    await services.quorum().voters.removeVoter(voterId, directoryId, REMOVE_TIMEOUT_MS),
  )
}

export function failRaftVoter(_request: unknown, failure: KafkaFailure): AddRaftVoterResponseInit {
  return { errorCode: failure.errorCode, errorMessage: failure.message }
}

function clusterProblem(services: ControlServices, clusterId: string | null): ErrorName | null {
  if (!services.controller.isActive) return 'NOT_CONTROLLER'
  if (clusterId !== null && clusterId !== services.clusterId) return 'INCONSISTENT_CLUSTER_ID'
  return null
}

function answerOf(outcome: VoterChangeOutcome): AddRaftVoterResponseInit {
  if (outcome.kind === 'done') return answer('NONE', null)
  switch (outcome.reason) {
    case 'not-leader':
      return answer('NOT_CONTROLLER', outcome.message)
    case 'timeout':
      return answer('REQUEST_TIMED_OUT', outcome.message)
    case 'invalid':
      return answer('INVALID_REQUEST', outcome.message)
  }
}

function answer(error: ErrorName, message: string | null): AddRaftVoterResponseInit {
  const errorMessage = error === 'NONE' ? null : (message ?? errorText(error))
  return { errorCode: errorCode(error), errorMessage }
}
