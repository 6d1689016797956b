// The private API between nodes: one request kind of Kafka's framing, with a body in protobuf, so
// that nodes share the controller listener with everything else.

import { api, bytes } from '@weir/protocol'

export const quorumApi = api({
  key: 10_000,
  name: 'WeirQuorum',
  versions: [0, 0],
  flexible: 'never',
  request: { body: bytes() },
  response: { body: bytes() },
})

/** Frames above this close the connection. */
export const MAX_FRAME_BYTES = 64 * 1024 * 1024
/** Of the hello; another version is refused with a sentence. */
export const TRANSPORT_VERSION = 1
