// The type of a row of the API table: which definition, which versions and listeners, which handler.

import { assert } from '@weir/core'
import type { ApiDefinition, Decoded, Fields, Init, Message } from '@weir/protocol'
import type { ControlServices, Services } from '../services.ts'
import type { FrameStream } from './frame-stream.ts'
import type { HandlerResult, ListenerKind, RequestContext } from './request-context.ts'

export type Handler<Request, Response> = (
  services: Services,
  context: RequestContext,
  request: Request,
) => HandlerResult<Response>

/** A handler of the controller listener, where there may be no broker around it. */
export type ControlHandler<Request, Response> = (
  services: ControlServices,
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
  /** Not in the answer to ApiVersions: between nodes of Weir only. */
  readonly isPrivate: boolean
  /** Pipelined requests of one connection overlap; otherwise they run one at a time. */
  readonly overlaps: boolean
  /** Its services are those of the listener: `Services` on one for brokers, else `ControlServices`. */
  readonly handle: (
    services: never,
    context: RequestContext,
    request: unknown,
  ) => HandlerResult<unknown>
  /** Reads a large request while it arrives; null: the whole frame is waited for. */
  readonly stream: StreamRequest<never> | null
  /** The response for a KafkaError thrown by the handler; without it the connection is closed. */
  readonly errorResponse: ((request: unknown, error: KafkaFailure) => unknown) | null
}

/** What reads a request of `frameBytes` in this version, which is one of the row's. */
export type StreamRequest<S> = (services: S, version: number, frameBytes: number) => FrameStream

/** What a response says of a request that failed as a whole. */
export interface KafkaFailure {
  readonly errorCode: number
  readonly message: string
}

export interface RowOptions<Request, Response> {
  /** Default: the definition's range. */
  readonly versions?: readonly [number, number]
  readonly advertisedMinVersion?: number
  readonly overlaps?: boolean
  readonly stream?: StreamRequest<Services>
  readonly errorResponse?: (request: Request, error: KafkaFailure) => Response
}

export interface ControlRowOptions<Request, Response> extends RowOptions<Request, Response> {
  /** Default: the controller listener. */
  readonly listeners?: readonly ListenerKind[]
  readonly isPrivate?: boolean
}

/** Makes a row of the broker listener; the handler's types have to fit the definition's. */
export function row<Q extends Fields, S extends Fields>(
  definition: ApiDefinition<Q, S>,
  handle: Handler<Decoded<Message<Q>>, Init<Message<S>>>,
  options: RowOptions<Decoded<Message<Q>>, Init<Message<S>>> = {},
): ApiRow {
  return anyRow(definition as unknown as ApiDefinition, handle as ApiRow['handle'], {
    ...(options as RowOptions<unknown, unknown>),
    listeners: ['broker'],
  })
}

/** Makes a row of the controller listener. */
export function controlRow<Q extends Fields, S extends Fields>(
  definition: ApiDefinition<Q, S>,
  handle: ControlHandler<Decoded<Message<Q>>, Init<Message<S>>>,
  options: ControlRowOptions<Decoded<Message<Q>>, Init<Message<S>>> = {},
): ApiRow {
  return anyRow(
    definition as unknown as ApiDefinition,
    handle as ApiRow['handle'],
    options as ControlRowOptions<unknown, unknown>,
  )
}

/** Makes a row that the active controller answers, whichever node is asked: as the API's definition says. */
export function forwardedRow<Q extends Fields, S extends Fields>(
  definition: ApiDefinition<Q, S>,
  handle: ControlHandler<Decoded<Message<Q>>, Init<Message<S>>>,
  errorResponse: (request: Decoded<Message<Q>>, error: KafkaFailure) => Init<Message<S>>,
): ApiRow {
  assert(definition.isOfController, `${definition.name} is not of the active controller`)
  return controlRow(definition, handle, { listeners: ['broker', 'controller'], errorResponse })
}

/**
 * The one place that forgets the types: the table is looked up by number, and the codec of
 * `definition` makes the request that `handle` takes.
 */
function anyRow(
  definition: ApiDefinition,
  handle: ApiRow['handle'],
  options: ControlRowOptions<unknown, unknown>,
): ApiRow {
  const [minVersion, maxVersion] = options.versions ?? [
    definition.minVersion,
    definition.maxVersion,
  ]
  return {
    definition,
    minVersion,
    maxVersion,
    advertisedMinVersion: options.advertisedMinVersion ?? minVersion,
    listeners: options.listeners ?? ['controller'],
    isPrivate: options.isPrivate ?? false,
    overlaps: options.overlaps ?? false,
    stream: options.stream ?? null,
    handle,
    errorResponse: options.errorResponse ?? null,
  }
}
