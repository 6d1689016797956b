// Where a client would notice that this node is behind another, which has just acknowledged a change:
// the node catches up before it answers. Kafka answers from what it has, so that a topic which was made
// through one broker may be unknown to the next.
//
// Only what is asked for rarely pays for this, one round trip to the leader of the quorum that all who ask meanwhile
// share. Produce, Fetch and ListOffsets do not: their clients ask again by themselves.

import type { HandlerResult } from '../server/request-context.ts'
import type { Services } from '../services.ts'

/** The answer from metadata that have all that was acknowledged before, unless that takes too long. */
export function fromFreshMetadata<R>(services: Services, answer: () => R): HandlerResult<R> {
  const quorum = services.quorum()
  return quorum.leadership.isActive ? answer() : quorum.catchUp().then(answer)
}
