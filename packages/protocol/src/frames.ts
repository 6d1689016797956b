// Frames: int32 size, header, body. The header version follows from the API and its version; the
// answer to ApiVersions has the plain header in every version, as the client cannot know more yet.

import { apiByKey } from './apis.ts'
import { decodeFrom, encodeMessage } from './codec.ts'
import { type RequestHeader, requestHeader, responseHeader } from './headers.ts'
import { Reader } from './reader.ts'
import type { ApiDefinition, Fields, InitFields } from './schema.ts'
import { Writer } from './writer.ts'

export const FRAME_SIZE_BYTES = 4
const API_VERSIONS_KEY = 18

export interface DecodedRequestHeader extends RequestHeader {
  /** Where the body begins in the buffer. */
  readonly bodyStart: number
}

export interface DecodedResponseHeader {
  readonly correlationId: number
  readonly bodyStart: number
}

/** 2 for flexible versions, 1 for the others and for keys that are not in Kafka's table. */
function requestHeaderVersion(apiKey: number, apiVersion: number): number {
  const api = apiByKey(apiKey)
  return api !== undefined && apiVersion >= api.firstFlexible ? 2 : 1
}

export function responseHeaderVersion(apiKey: number, apiVersion: number): number {
  if (apiKey === API_VERSIONS_KEY) return 0
  return requestHeaderVersion(apiKey, apiVersion) - 1
}

/**
 * Reads the header of a request from a frame without its size. The key and version need not be
 * known: the caller checks them before it touches the body. Throws DecodeError.
 */
export function decodeRequestHeader(
  frame: Buffer,
  start = 0,
  end = frame.length,
): DecodedRequestHeader {
  const reader = new Reader(frame, start, end)
  const requestApiKey = reader.int16()
  const requestApiVersion = reader.int16()
  const correlationId = reader.int32()
  const clientId = reader.nullableString()
  if (requestHeaderVersion(requestApiKey, requestApiVersion) === 2) reader.skipTags()
  return { requestApiKey, requestApiVersion, correlationId, clientId, bodyStart: reader.offset }
}

/** Reads the header of a response to a request that the caller has sent. Throws DecodeError. */
export function decodeResponseHeader(
  apiKey: number,
  apiVersion: number,
  frame: Buffer,
  start = 0,
): DecodedResponseHeader {
  const reader = new Reader(frame, start)
  const version = responseHeaderVersion(apiKey, apiVersion)
  const { correlationId } = decodeFrom(responseHeader, version, reader)
  return { correlationId, bodyStart: reader.offset }
}

export interface RequestFrameOptions {
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** A whole request, with its size in front. */
export function encodeRequestFrame<Q extends Fields, S extends Fields>(
  api: ApiDefinition<Q, S>,
  { version, correlationId, clientId }: RequestFrameOptions,
  body: InitFields<Q>,
): Buffer[] {
  return frame(writer => {
    const header = {
      requestApiKey: api.key,
      requestApiVersion: version,
      correlationId,
      clientId,
    }
    encodeMessage(requestHeader, requestHeaderVersion(api.key, version), header, writer)
    encodeMessage(api.request, version, body, writer)
  })
}

/** A whole response, with its size in front. Large record chunks are referenced, not copied. */
export function encodeResponseFrame<Q extends Fields, S extends Fields>(
  api: ApiDefinition<Q, S>,
  version: number,
  correlationId: number,
  body: InitFields<S>,
): Buffer[] {
  return frame(writer => {
    writer.int32(correlationId)
    if (responseHeaderVersion(api.key, version) === 1) writer.unsignedVarint(0)
    encodeMessage(api.response, version, body, writer)
  })
}

// Frames are encoded one at a time and handed out at once, so that all of them can share the slabs
// of one writer. An encoder that throws has its bytes dropped.
let shared: Writer | null = null

function frame(write: (writer: Writer) => void): Buffer[] {
  shared ??= new Writer()
  const writer = shared
  try {
    const size = writer.beginFrame()
    write(writer)
    writer.endFrame(size)
    return writer.finish()
  } catch (error) {
    writer.reset()
    throw error
  }
}
