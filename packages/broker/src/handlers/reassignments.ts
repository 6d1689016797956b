// ListPartitionReassignments, version 0, and AlterPartitionReassignments, versions 0-1.
// Difference from Kafka: on one node a reassignment can only reorder replicas, so none is ever running.

import {
  type AlterPartitionReassignmentsRequest,
  type AlterPartitionReassignmentsResponseInit,
  errorCode,
  errorText,
  type ListPartitionReassignmentsRequest,
  type ListPartitionReassignmentsResponseInit,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

type ListedTopic = ListPartitionReassignmentsResponseInit['topics'][number]

export function handleListPartitionReassignments(
  { metadata }: ControlServices,
  _context: RequestContext,
  request: ListPartitionReassignmentsRequest,
): ListPartitionReassignmentsResponseInit {
  const wanted =
    request.topics === null
      ? null
      : new Map(
          request.topics.map(({ name, partitionIndexes }) => [name, new Set(partitionIndexes)]),
        )
  const topics: ListedTopic[] = []
  for (const topic of metadata.topics) {
    const partitions = topic.partitions.filter(
      ({ partitionIndex, addingReplicas, removingReplicas }) =>
        addingReplicas.length + removingReplicas.length > 0 &&
        (wanted === null || wanted.get(topic.name)?.has(partitionIndex) === true),
    )
    if (partitions.length > 0) topics.push({ name: topic.name, partitions })
  }
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
  const results = await services.controller.alterReassignments(wanted)
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
