// DeleteTopics, versions 1-6.
// v5 messages; v6 topics by id.
// Difference from Kafka: none known.

import { ZERO_UUID } from '@weir/core'
import {
  type DeleteTopicsRequest,
  type DeleteTopicsResponseInit,
  type ErrorName,
  errorCode,
  errorText,
  KafkaError,
} from '@weir/protocol'
import type { KafkaFailure } from '../server/api-row.ts'
import type { RequestContext } from '../server/request-context.ts'
import type { ControlServices } from '../services.ts'

type Entry = DeleteTopicsResponseInit['responses'][number]

/** First version that knows the error TOPIC_DELETION_DISABLED. */
const DISABLED_ERROR_VERSION = 3

export async function handleDeleteTopics(
  services: ControlServices,
  context: RequestContext,
  request: DeleteTopicsRequest,
): Promise<DeleteTopicsResponseInit> {
  if (!services.settings.get('delete.topic.enable')) {
    const error =
      context.apiVersion < DISABLED_ERROR_VERSION ? 'INVALID_REQUEST' : 'TOPIC_DELETION_DISABLED'
    throw new KafkaError(error, 'Topic deletion is disabled.')
  }
  const responses: Entry[] = []
  const wanted = wantedTopics(services, request, responses)
  const results = await services.controller.submit(active =>
    active.topics.deleteTopics([...wanted.keys()]),
  )
  for (const { name, topicId, error, message } of results) {
    responses.push(entry(wanted.get(topicId) ?? name, topicId, error, message))
  }
  return { responses }
}

export function failDeleteTopics(
  request: DeleteTopicsRequest,
  error: KafkaFailure,
): DeleteTopicsResponseInit {
  const named = request.topicNames.map(name => ({ name, topicId: ZERO_UUID }))
  return {
    responses: [...named, ...request.topics].map(({ name, topicId }) => ({
      name,
      topicId,
      errorCode: error.errorCode,
      errorMessage: error.message,
    })),
  }
}

/** Topic ids with the names that were asked for; what cannot be asked for goes to `responses`. */
function wantedTopics(
  services: ControlServices,
  request: DeleteTopicsRequest,
  responses: Entry[],
): Map<string, string | null> {
  const names = new Counter()
  const ids = new Counter()
  for (const name of request.topicNames) names.add(name)
  for (const { name, topicId } of request.topics) {
    if (name === null && topicId === ZERO_UUID) {
      const message = 'Neither topic name nor id were specified.'
      responses.push(entry(null, topicId, 'INVALID_REQUEST', message))
    } else if (name === null) ids.add(topicId)
    else if (topicId === ZERO_UUID) names.add(name)
    else {
      const message = 'You may not specify both topic name and topic id.'
      responses.push(entry(name, topicId, 'INVALID_REQUEST', message))
    }
  }
  for (const name of names.repeated()) {
    responses.push(entry(name, ZERO_UUID, 'INVALID_REQUEST', 'Duplicate topic name.'))
  }
  for (const topicId of ids.repeated()) {
    responses.push(entry(null, topicId, 'INVALID_REQUEST', 'Duplicate topic id.'))
  }
  const wanted = new Map<string, string | null>()
  for (const topicId of ids.single()) wanted.set(topicId, null)
  for (const name of names.single()) {
    const topicId = services.metadata.topic(name)?.topicId
    if (topicId === undefined) {
      responses.push(entry(name, ZERO_UUID, 'UNKNOWN_TOPIC_OR_PARTITION', null))
    } else if (wanted.has(topicId)) {
      wanted.delete(topicId)
      const message = 'The provided topic name maps to an ID that was already supplied.'
      responses.push(entry(name, topicId, 'INVALID_REQUEST', message))
    } else {
      wanted.set(topicId, name)
    }
  }
  return wanted
}

class Counter {
  readonly #counts = new Map<string, number>()

  add(text: string): void {
    this.#counts.set(text, (this.#counts.get(text) ?? 0) + 1)
  }

  single(): string[] {
    return [...this.#counts].filter(([, count]) => count === 1).map(([text]) => text)
  }

  repeated(): string[] {
    return [...this.#counts].filter(([, count]) => count > 1).map(([text]) => text)
  }
}

function entry(
  name: string | null,
  topicId: string,
  error: ErrorName,
  message: string | null,
): Entry {
  const errorMessage = error === 'NONE' ? null : (message ?? errorText(error))
  return { name, topicId, errorCode: errorCode(error), errorMessage }
}
