// ElectLeaders, versions 0-2.
// v1 election types (0 preferred, 1 unclean) and a top-level error.
// Difference from Kafka: none known.

import {
  type ElectLeadersRequest,
  type ElectLeadersResponseInit,
  errorCode,
  errorText,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

type Topic = ElectLeadersResponseInit['replicaElectionResults'][number]

const UNCLEAN = 1

export async function handleElectLeaders(
  services: ControlServices,
  _context: RequestContext,
  request: ElectLeadersRequest,
): Promise<ElectLeadersResponseInit> {
  const { electionType } = request
  if (electionType < 0 || electionType > UNCLEAN) {
    return { errorCode: errorCode('INVALID_REQUEST'), replicaElectionResults: [] }
  }
  const wanted =
    request.topicPartitions?.flatMap(({ topic, partitions }) =>
      partitions.map(partitionIndex => ({ topic, partitionIndex })),
    ) ?? null
  const results = await services.controller.submit(active =>
    active.elections.electLeaders(wanted, electionType),
  )
  const topics = new Map<string, Topic['partitionResult'][number][]>()
  for (const { topic, partitionIndex, error, message } of results) {
    const partitionResult = topics.get(topic) ?? []
    topics.set(topic, partitionResult)
    partitionResult.push({
      partitionId: partitionIndex,
      errorCode: errorCode(error),
      errorMessage: error === 'NONE' ? null : (message ?? errorText(error)),
    })
  }
  const replicaElectionResults = [...topics].map(([topic, partitionResult]) => ({
    topic,
    partitionResult,
  }))
  return { errorCode: 0, replicaElectionResults }
}

export function failElectLeaders(
  _request: ElectLeadersRequest,
  error: KafkaFailure,
): ElectLeadersResponseInit {
  return { errorCode: error.errorCode, replicaElectionResults: [] }
}
