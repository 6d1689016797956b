// ListPartitionReassignments, version 0, and AlterPartitionReassignments, versions 0-1.
// v1 of AlterPartitionReassignments may refuse to change the replication factor.
// Difference from Kafka: none known.

import {
  type AlterPartitionReassignmentsRequest,
  type AlterPartitionReassignmentsResponseInit,
  errorCode,
  errorText,
  KafkaError,
  type ListPartitionReassignmentsRequest,
  type ListPartitionReassignmentsResponseInit,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

type ListedTopic = ListPartitionReassignmentsResponseInit['topics'][number]

export function handleListPartitionReassignments(
  { controller }: ControlServices,
  _context: RequestContext,
  request: ListPartitionReassignmentsRequest,
): ListPartitionReassignmentsResponseInit {
  const { active } = controller
  if (active === null) throw new KafkaError('NOT_CONTROLLER', 'another node decides')
  const wanted =
    request.topics?.flatMap(({ name, partitionIndexes }) =>
      partitionIndexes.map(partitionIndex => ({ topic: name, partitionIndex })),
    ) ?? null
  const byTopic = new Map<string, ListedTopic['partitions'][number][]>()
  for (const { topic, ...partition } of active.reassignments.listReassignments(wanted)) {
    const partitions = byTopic.get(topic) ?? []
    byTopic.set(topic, partitions)
    partitions.push(partition)
  }
  const topics = [...byTopic].map(([name, partitions]) => ({ name, partitions }))
  return { errorCode: 0, errorMessage: null, topics }
}

export async function handleAlterPartitionReassignments(
  services: ControlServices,
  _context: RequestContext,
  request: AlterPartitionReassignmentsRequest,
): Promise<AlterPartitionReassignmentsResponseInit> {
  const wanted = request.topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partitionIndex, replicas }) => ({ topic: name, partitionIndex, replicas })),
  )
  const results = await services.controller.submit(active =>
    active.reassignments.alterReassignments(wanted, request.allowReplicationFactorChange),
  )
  const byTopic = new Map<
    string,
    { partitionIndex: number; errorCode: number; errorMessage: string | null }[]
  >()
  for (const { topic, partitionIndex, error, message } of results) {
    const partitions = byTopic.get(topic) ?? []
    byTopic.set(topic, partitions)
    partitions.push({
      partitionIndex,
      errorCode: errorCode(error),
      errorMessage: error === 'NONE' ? null : (message ?? errorText(error)),
    })
  }
  return {
    allowReplicationFactorChange: request.allowReplicationFactorChange,
    errorCode: 0,
    errorMessage: null,
    responses: [...byTopic].map(([name, partitions]) => ({ name, partitions })),
  }
}

export function failAlterPartitionReassignments(
  _request: AlterPartitionReassignmentsRequest,
  error: KafkaFailure,
): AlterPartitionReassignmentsResponseInit {
  return { errorCode: error.errorCode, errorMessage: error.message, responses: [] }
}

export function failListPartitionReassignments(
  _request: ListPartitionReassignmentsRequest,
  error: KafkaFailure,
): ListPartitionReassignmentsResponseInit {
  return { errorCode: error.errorCode, errorMessage: error.message, topics: [] }
}
