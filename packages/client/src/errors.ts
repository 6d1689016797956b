// What can go wrong between a client and a cluster, besides the error codes that a broker answers
// (those are KafkaError of the protocol package).

import { errorCodes, errorName, KafkaError } from '@weir/protocol'

export type ClientErrorKind =
  /** No TCP connection: refused, unknown host, timeout. `cause` is the NetError. */
  | 'connect'
  /** The peer closed the connection, or sent what is not Kafka's protocol. */
  | 'closed'
  /** No answer in time. */
  | 'timeout'
  /** The broker does not have the API, or no version of it that we have too. */
  | 'unsupported'
  /** The name of a topic, partition or broker that the cluster does not know. */
  | 'unknown'
  /** This object was closed by its owner. */
  | 'ended'

export class ClientError extends Error {
  readonly kind: ClientErrorKind
  /** HOST:PORT of the peer; empty if there is none. */
  readonly address: string
  /** An answer that takes an active controller, whichever broker was asked. */
  readonly isOfController: boolean

  constructor(
    kind: ClientErrorKind,
    message: string,
    details: { address?: string; isOfController?: boolean; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.name = 'ClientError'
    this.kind = kind
    this.address = details.address ?? ''
    this.isOfController = details.isOfController ?? false
  }
}

/** Errors after which the same request may succeed. */
export function isPassing(error: unknown): boolean {
  if (error instanceof KafkaError) return errorCodes[error.errorName].retriable
  if (!(error instanceof ClientError)) return false
  return error.kind === 'connect' || error.kind === 'closed' || error.kind === 'timeout'
}

/** The error of a code in an answer, null for code 0; `what` says what was refused. */
export function errorOf(code: number, what: string, message?: string | null): KafkaError | null {
  if (code === 0) return null
  const name = errorName(code)
  const text = message === undefined || message === null || message === '' ? name : message
  return new KafkaError(name, `${what}: ${text}`)
}

/** Throws what `errorOf` makes of a code other than 0. */
export function checkCode(code: number, what: string, message?: string | null): void {
  const error = errorOf(code, what, message)
  if (error !== null) throw error
}
