// UpdateRaftVoter, version 0: a voter of the metadata quorum is reached at another address from now on.
// Difference from Kafka: the first listener counts, whatever its name.

import { ZERO_UUID } from '@weir/core'
import {
  type ErrorName,
  errorCode,
  type UpdateRaftVoterRequest,
  type UpdateRaftVoterResponseInit,
} from '@weir/protocol'
import type { VoterChangeOutcome } from '@weir/quorum'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

/** The request has no time of its own. */
const TIMEOUT_MS = 5_000
/** Members with directories and addresses: what Kafka calls kraft.version 1. */
const KRAFT_VERSION = 1

export async function handleUpdateRaftVoter(
  services: ControlServices,
  _context: RequestContext,
  request: UpdateRaftVoterRequest,
): Promise<UpdateRaftVoterResponseInit> {
  const problem = problemOf(services, request)
  if (problem !== null) return answer(services, problem)
  const [listener] = request.listeners
  if (listener === undefined) return answer(services, 'INVALID_REQUEST')
  const address = `${listener.host}:${listener.port}`
  const outcome = await services.quorum().voters.moveVoter(request.voterId, address, TIMEOUT_MS)
  return answer(services, errorOf(outcome))
}

export function failUpdateRaftVoter(
  _request: UpdateRaftVoterRequest,
  { errorCode }: KafkaFailure,
): UpdateRaftVoterResponseInit {
  return { errorCode }
}

/** The checks and their order are Kafka's. */
function problemOf(services: ControlServices, request: UpdateRaftVoterRequest): ErrorName | null {
  const { clusterId, currentLeaderEpoch, voterId, voterDirectoryId } = request
  const { leadership } = services.quorum()
  if (clusterId !== null && clusterId !== services.clusterId) return 'INCONSISTENT_CLUSTER_ID'
  if (!leadership.isActive) return 'NOT_LEADER_OR_FOLLOWER'
  if (currentLeaderEpoch < leadership.term) return 'FENCED_LEADER_EPOCH'
  if (currentLeaderEpoch > leadership.term) return 'UNKNOWN_LEADER_EPOCH'
  const { minSupportedVersion, maxSupportedVersion } = request.kRaftVersionFeature
  if (minSupportedVersion > KRAFT_VERSION || maxSupportedVersion < KRAFT_VERSION) {
    return 'INVALID_REQUEST'
  }
  const { membership } = services.quorum().status()
  const directoryId = services.quorum().voters.directoryOf(voterId)
  const isSameDirectory =
    voterDirectoryId === ZERO_UUID || directoryId === '' || voterDirectoryId === directoryId
  return membership.voters.includes(voterId) && isSameDirectory ? null : 'VOTER_NOT_FOUND'
}

function errorOf(outcome: VoterChangeOutcome): ErrorName {
  if (outcome.kind === 'done') return 'NONE'
  switch (outcome.reason) {
    case 'not-leader':
      return 'NOT_LEADER_OR_FOLLOWER'
    case 'timeout':
      return 'REQUEST_TIMED_OUT'
    case 'invalid':
      return 'INVALID_REQUEST'
  }
}

function answer({ quorum }: ControlServices, error: ErrorName): UpdateRaftVoterResponseInit {
  const { leaderId, term: leaderEpoch } = quorum().leadership
  const address = leaderId === null ? null : quorum().addressOf(leaderId)
  if (leaderId === null || address === null) return { errorCode: errorCode(error) }
  return { errorCode: errorCode(error), currentLeader: { leaderId, leaderEpoch, ...address } }
}
