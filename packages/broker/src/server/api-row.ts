// The type of a row of the API table: which definition, which versions and listeners, which handler.

import type { ApiDefinition, Decoded, Fields, Init, Message } from '@weir/protocol'
import type { Services } from '../services.ts'
import type { HandlerResult, ListenerKind, RequestContext } from './request-context.ts'

export type Handler<Request, Response> = (
  services: Services,
  context: RequestContext,
  request: Request,
) => HandlerResult<Response>

export interface ApiRow {
  readonly definition: ApiDefinition
  /** Versions that are answered, inclusive. */
  readonly minVersion: number
  readonly maxVersion: number
  /** What ApiVersions says, where it differs from minVersion (Produce). */
  readonly advertisedMinVersion: number
  readonly listeners: readonly ListenerKind[]
  /** Pipelined requests of one connection overlap; otherwise they run one at a time. */
  readonly overlaps: boolean
  readonly handle: Handler<unknown, unknown>
  /** The response for a KafkaError thrown by the handler; without it the connection is closed. */
  readonly errorResponse: ((request: unknown, error: KafkaFailure) => unknown) | null
}

/** What a response says of a request that failed as a whole. */
export interface KafkaFailure {
  readonly errorCode: number
  readonly message: string
}

export interface RowOptions<Request, Response> {
  /** Default: the definition's range. */
  readonly versions?: readonly [number, number]
  readonly advertisedMinVersion?: number
  /** Default: the broker listener. */
  readonly listeners?: readonly ListenerKind[]
  readonly overlaps?: boolean
  readonly errorResponse?: (request: Request, error: KafkaFailure) => Response
}

/** Makes a row; the handler's types have to fit the definition's. */
export function row<Q extends Fields, S extends Fields>(
  definition: ApiDefinition<Q, S>,
  handle: Handler<Decoded<Message<Q>>, Init<Message<S>>>,
  options: RowOptions<Decoded<Message<Q>>, Init<Message<S>>> = {},
): ApiRow {
  const [minVersion, maxVersion] = options.versions ?? [
    definition.minVersion,
    definition.maxVersion,
  ]
  // The one place that forgets the types: the table is looked up by number, and the codec of
  // `definition` makes the request that `handle` takes.
  return {
    definition: definition as unknown as ApiDefinition,
    minVersion,
    maxVersion,
    advertisedMinVersion: options.advertisedMinVersion ?? minVersion,
    listeners: options.listeners ?? ['broker'],
    overlaps: options.overlaps ?? false,
    handle: handle as Handler<unknown, unknown>,
    errorResponse: (options.errorResponse ?? null) as ApiRow['errorResponse'],
  }
}
