// What nodes send each other around the messages of the consensus: the first exchange, batches of
// messages, and polls by nodes that cannot be reached themselves.

import { decodeMessage, encodeMessage } from './message-codec.ts'
import { decode, encode, typeOf } from './protobuf-messages.ts'
import { bytes, integer, integers, list, raw } from './protobuf-values.ts'
import type { Message } from './types.ts'

const requestType = typeOf('TransportRequest')
const responseType = typeOf('TransportResponse')

export interface Hello {
  readonly version: number
  /** Empty while the cluster has none. */
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
  /** Whom the sender believes to reach. */
  readonly toNodeId: number
  /** `host:port` where the sender listens for the same; empty if nowhere. */
  readonly address: string
  /** In force for the sender; empty if it knows none and follows whoever leads. */
  readonly voters: readonly number[]
  /** Made anew at each start; empty from a version that does not tell. */
  readonly processId: string
}

/**
 * 'misfit': for good, or until an operator mends it; 'other-cluster': the same; 'rival': as long as another has
 * the id; 'busy': not now.
 */
export type RefusalKind = 'misfit' | 'other-cluster' | 'rival' | 'busy'

const REFUSAL_KINDS: readonly RefusalKind[] = ['other-cluster', 'rival', 'busy']

export interface HelloReply {
  /** Why not, in words for an operator; empty: welcome. */
  readonly refusal: string
  /** Means nothing without a refusal. */
  readonly refusalKind: RefusalKind
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
  readonly voters: readonly number[]
  /** Of the node that answers. */
  readonly processId: string
}

export interface TransportRequest {
  readonly hello: Hello | null
  readonly messages: readonly Message[]
  /** The answer may wait until there are messages for the sender. */
  readonly isPoll: boolean
}

export interface TransportResponse {
  readonly hello: HelloReply | null
  readonly messages: readonly Message[]
}

export function encodeTransportRequest(request: TransportRequest): Buffer {
  const { hello, messages, isPoll } = request
  return encode(requestType, {
    ...(hello === null ? {} : { hello }),
    messages: messages.map(encodeMessage),
    isPoll,
  })
}

/** Throws RaftCodecError. */
export function decodeTransportRequest(buffer: Buffer): TransportRequest {
  const value = decode(requestType, buffer)
  return {
    hello: value['hello'] == null ? null : helloOf(value['hello']),
    messages: list(value['messages']).map(one => decodeMessage(bytes(one))),
    isPoll: value['isPoll'] === true,
  }
}

function helloOf(value: unknown): Hello {
  const hello = raw(value)
  return {
    version: integer(hello['version']),
    clusterId: String(hello['clusterId']),
    nodeId: integer(hello['nodeId']),
    directoryId: String(hello['directoryId']),
    toNodeId: integer(hello['toNodeId']),
    address: String(hello['address']),
    voters: integers(hello['voters']),
    processId: String(hello['processId']),
  }
}

export function encodeTransportResponse(response: TransportResponse): Buffer {
  const { hello, messages } = response
  return encode(responseType, {
    ...(hello === null ? {} : { hello }),
    messages: messages.map(encodeMessage),
  })
}

/** Throws RaftCodecError. */
export function decodeTransportResponse(buffer: Buffer): TransportResponse {
  const value = decode(responseType, buffer)
  return {
    hello: value['hello'] == null ? null : helloReplyOf(value['hello']),
    messages: list(value['messages']).map(one => decodeMessage(bytes(one))),
  }
}

function helloReplyOf(value: unknown): HelloReply {
  const reply = raw(value)
  const kind = REFUSAL_KINDS.find(one => one === reply['refusalKind'])
  return {
    refusal: String(reply['refusal']),
    refusalKind: kind ?? 'misfit',
    clusterId: String(reply['clusterId']),
    nodeId: integer(reply['nodeId']),
    directoryId: String(reply['directoryId']),
    voters: integers(reply['voters']),
    processId: String(reply['processId']),
  }
}
