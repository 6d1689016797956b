// Requests that name the time which the broker may take: for a decision of the controller, for replicas.
import type { ApiDefinition, Decoded, Fields, Init, Message } from '@weir/protocol'
import type { Cluster, Target } from '../cluster.ts'

/** How much later than the broker's own time is up its answer may come. */
const ANSWER_GRACE_MS = 2_000

/**
 * One attempt. `body` is told how long the broker may take: not as long as the client waits, or the
 * client would leave just before it hears that the time is up. Throws ClientError.
 */
export async function requestTimed<Q extends Fields, S extends Fields>(
  cluster: Cluster,
  target: Target,
  api: ApiDefinition<Q, S>,
  body: (timeoutMs: number, version: number) => Init<Message<Q>>,
): Promise<Decoded<Message<S>>> {
  const timeoutMs = cluster.requestTimeoutMs
  return await cluster.request(target, api, version => body(timeoutMs, version), {
    timeoutMs: timeoutMs + ANSWER_GRACE_MS,
  })
}
