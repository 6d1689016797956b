// CreatePartitions, versions 0-3.
// v2 flexible; v3 knows throttling errors.
// Difference from Kafka: none known.

import {
  type CreatePartitionsRequest,
  type CreatePartitionsResponseInit,
  errorCode,
  errorText,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

export async function handleCreatePartitions(
  services: ControlServices,
  _context: RequestContext,
  request: CreatePartitionsRequest,
): Promise<CreatePartitionsResponseInit> {
  const topics = request.topics.map(({ name, count, assignments }) => ({
    name,
    count,
    assignments: assignments?.map(assignment => assignment.brokerIds) ?? null,
  }))
  const results = await services.controller.submit(active =>
    active.topics.createPartitions(topics, request.validateOnly),
  )
  return {
    results: results.map(({ name, error, message }) => ({
      name,
      errorCode: errorCode(error),
      errorMessage: error === 'NONE' ? null : (message ?? errorText(error)),
    })),
  }
}

export function failCreatePartitions(
  request: CreatePartitionsRequest,
  error: KafkaFailure,
): CreatePartitionsResponseInit {
  return {
    results: request.topics.map(({ name }) => ({
      name,
      errorCode: error.errorCode,
      errorMessage: error.message,
    })),
  }
}
